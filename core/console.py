"""What the commands share: results go to stdout, progress and complaints to stderr."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from core import images

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]


def say(message: str) -> None:
    """Progress and complaints go to stderr: stdout is for results."""
    typer.echo(message, err=True)


def load(path: Path, as_json: bool, *, enough: int | None = None) -> images.Picture | None:
    """Reads a picture; if it cannot be read, says why and gives None."""
    try:
        return images.load(path, enough=enough)
    except images.UnreadablePicture as error:
        message = str(error)
    except OSError as error:
        message = f"The file cannot be opened: {error.strerror}."
    if as_json:
        typer.echo(json.dumps({"image": str(path), "error": message}, ensure_ascii=False))
    else:
        say(f"{path}: {message}")
    return None
