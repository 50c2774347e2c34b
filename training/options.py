"""Options that several commands of the trainer take, worded once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[Path, typer.Option(help="Paintings: index.csv, or one folder an artist.")]
Photos = Annotated[list[Path], typer.Option("--photos", help="Directory of photos; repeatable.")]
Run = Annotated[Path, typer.Option(help="Directory to write; goes on if it exists.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=JSON", help="Change a field of the options."),
]


def report(row: dict[str, Any]) -> None:
    """A row of a history, or a trial, as a line of JSON on stdout."""
    typer.echo(json.dumps(row))
