"""`python -m training styles`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.stylize.artist_styles import ASSETS
from training.cli.options import Data


def styles(
    data: Data,
    out: Annotated[Path, typer.Option(help="Directory to write.")] = ASSETS,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the sample of paintings.")] = 1,
) -> None:
    """Extracts the style statistics of artists in the public domain, from the train split."""
    from training.stylizer import artist_styles as training

    for entry in training.publish(data, out, training.Options(seed=seed)):
        typer.echo(entry.model_dump_json())
