"""`python -m training styles`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.stylize.artist_styles import ASSETS
from training.cli.options import AllData


def styles(
    data: AllData,
    out: Annotated[Path, typer.Option(help="Directory to write.")] = ASSETS,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the sample of paintings.")] = 1,
    missing: Annotated[
        bool,
        typer.Option("--missing", help="Keep what is there, learn the others."),
    ] = False,
    places: Annotated[
        bool, typer.Option("--places", help="Keep all styles, learn places of their paintings.")
    ] = False,
) -> None:
    """Learns styles of artists in the public domain, and places, from the train split."""
    from training.stylizer import artist_styles as training

    learn = training.publish_places if places else training.publish
    for entry in learn(data, out, training.Options(seed=seed), missing=missing):
        typer.echo(entry.model_dump_json())
