"""Options that several commands of the trainer take, worded once, and how they report."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.console import say
from core.errors import InvalidRequest
from core.recipes.fields import changed
from training.data.files import plain

Data = Annotated[Path, typer.Option(help="Paintings: index.csv, or one folder an artist.")]
AllData = Annotated[
    list[Path],
    typer.Option(
        "--data", help="Paintings: index.csv, or one folder an artist; repeatable, read as one."
    ),
]
Photos = Annotated[list[Path], typer.Option("--photos", help="Directory of photos; repeatable.")]
Run = Annotated[Path, typer.Option(help="Directory to write; resumes if it exists.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=JSON", help="Change a field of the options; repeatable."),
]


def with_changes(options: Any, changes: list[str] | None) -> Any:
    """Options, a dataclass, with the fields that `--set` changes; wrong ones are wrong usage."""
    try:
        return changed(options, changes or [])
    except InvalidRequest as error:
        raise typer.BadParameter(str(error)) from None


def finite(value: float) -> float:
    """A number given as an option, unless it is none, or infinite."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number to reckon with")
    return value


def report(row: dict[str, Any]) -> None:
    """A row of a history, or a trial, as a line of JSON on stdout; null for what is no number."""
    typer.echo(json.dumps(plain(row), allow_nan=False))


def progress(verb: str) -> Callable[[int, int], None]:
    """Says how far something is: at most once a second, and at the end."""
    last = time.monotonic()

    def on_progress(done: int, of: int) -> None:
        nonlocal last
        if done == of or time.monotonic() - last >= 1:
            last = time.monotonic()
            say(f"{verb} {done:,} of {of:,}")

    return on_progress
