"""The trainer's command line: `python -m training dataset | classifier | publish | …`."""

from __future__ import annotations

import json
import logging
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training import dataset_commands

app = typer.Typer(help="Train, measure and publish.", no_args_is_help=True, add_completion=False)
app.add_typer(dataset_commands.app, name="dataset")

Data = Annotated[Path, typer.Option(help="Paintings: index.csv, or one folder an artist.")]
Weights = Annotated[Path, typer.Option(help="Directory of ImageNet weights to start from.")]


class RecipeName(StrEnum):
    """The recipes of `training.recipes.RECIPES`."""

    efficientnet_lite0 = "efficientnet_lite0"
    vgg16 = "vgg16"


@app.callback()
def main() -> None:
    """Progress goes to stderr, rows of the history to stdout."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")


@app.command()
def classifier(
    recipe: RecipeName,
    data: Data,
    weights: Weights,
    run: Annotated[Path, typer.Option(help="Directory to write; resumes if it exists.")],
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=JSON", help="Change a field of the recipe."),
    ] = None,
) -> None:
    """Trains a classifier, or goes on with an interrupted run."""
    from training import classifiers, recipes

    chosen = recipes.with_options(recipes.RECIPES[recipe.value], option or [])
    classifiers.train(chosen, data, weights, run, on_epoch=lambda row: typer.echo(json.dumps(row)))


@app.command()
def publish(
    run: Annotated[Path, typer.Argument(help="Directory of a finished run.")],
    data: Data,
    weights: Weights,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
) -> None:
    """Exports a run to assets/models: float16 weights, calibration, test figures, card."""
    from training.publish import publish_classifier

    entry = publish_classifier(run, data, weights, version=version)
    typer.echo(json.dumps(entry.figures, indent=2))


@app.command()
def publish_base(weights: Weights) -> None:
    """Stores the VGG16 convolutions that classifier and style transfer share."""
    from training.publish import publish_vgg16_base

    typer.echo(publish_vgg16_base(weights).file.model_dump_json())


if __name__ == "__main__":
    app()
