"""`python -m training pack | together`: classifiers that teach each other, on a GPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from training.cli.classifier import Weights
from training.cli.options import AllData, Changes, report, with_changes


def pack(
    data: AllData,
    to: Annotated[Path, typer.Option(help="Directory to write.")],
    megabytes: Annotated[int, typer.Option(min=1, help="How large a part may be.")] = 50,
) -> None:
    """Packs the paintings of train and val into a few files, for a machine with a GPU."""
    from training.accelerator import packing

    for path in packing.pack(data, to, part_bytes=megabytes * 2**20):
        typer.echo(path)


def together(
    packed: Annotated[Path, typer.Option(help="Directory that `pack` wrote.")],
    run: Annotated[Path, typer.Option(help="Directory to write; in it, a run for each model.")],
    weights: Weights = None,
    before: Annotated[
        Path | None,
        typer.Option(help="Directory of earlier runs to go on from, in place of ImageNet weights."),
    ] = None,
    option: Changes = None,
) -> None:
    """Trains classifiers that teach each other; takes PyTorch. Publish each run afterwards."""
    from training.accelerator.options import Options

    options = with_changes(Options(), option)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    from training.accelerator import packing
    from training.accelerator.loop import train_together

    train_together(packing.unpack(packed), weights, run, options, before=before, on_epoch=report)
