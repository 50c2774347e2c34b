"""The end of a benchmark: what was found, printed, and kept if that is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from core import files

Save = Annotated[Path | None, typer.Option(dir_okay=False, help="A file for what is found.")]


def check(save: Path | None) -> None:
    """Refuses, before the work starts, a file that could not be written.

    Raises:
        core.files.OutputError: If it could not.
    """
    if save is not None:
        files.check_output(save)


def tell(found: Mapping[str, object], save: Path | None) -> None:
    """Prints it as one JSON object, and writes that.

    Args:
        save: A file, or None for none.
    """
    text = json.dumps(found, indent=2)
    typer.echo(text)
    if save is not None:
        files.write(save, text + "\n")
