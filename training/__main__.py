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
    side: Annotated[int, typer.Option(help="Enlarge pictures to this side; choose on val.")] = 224,
    soup: Annotated[bool, typer.Option(help="Average the best and the last weights.")] = False,
) -> None:
    """Exports a run to assets/models: float16 weights, calibration, test figures, card."""
    from training.publish import publish_classifier

    entry = publish_classifier(run, data, weights, version=version, side=side, soup=soup)
    typer.echo(json.dumps(entry.figures, indent=2))


@app.command()
def publish_base(weights: Weights) -> None:
    """Stores the VGG16 convolutions that classifier and style transfer share."""
    from training.publish import publish_vgg16_base

    typer.echo(publish_vgg16_base(weights).file.model_dump_json())


Photos = Annotated[list[Path], typer.Option("--photos", help="Directory of photos; repeatable.")]
Paintings = Annotated[
    list[Path], typer.Option("--paintings", help="Directory of paintings; repeatable.")
]


@app.command()
def cyclegan(
    photos: Photos,
    paintings: Paintings,
    run: Annotated[Path, typer.Option(help="Directory to write; resumes if it exists.")],
    weights: Annotated[
        Path | None, typer.Option(help="Directory of VGG16's ImageNet weights.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=JSON", help="Change a field of the options."),
    ] = None,
) -> None:
    """Trains photo to painting and back, or goes on with an interrupted run.

    One photo in ten is never looked at, for `evaluate-cyclegan`.
    """
    import dataclasses

    from training import cyclegan as gan

    changes = {
        name: json.loads(value) for name, _, value in (o.partition("=") for o in option or [])
    }
    options = dataclasses.replace(gan.Options(), **changes)
    train, _ = gan.held_out(_pictures(photos))
    gan.train(
        options,
        train,
        _pictures(paintings),
        weights,
        run,
        on_report=lambda row: typer.echo(json.dumps(row)),
    )


@app.command()
def evaluate_cyclegan(
    run: Annotated[Path, typer.Argument(help="Directory of a run.")],
    photos: Photos,
    paintings: Paintings,
    weights: Weights,
) -> None:
    """Measures a run on the photos that it never saw; writes `evaluation.json` into it."""
    from training import cyclegan as gan
    from training import evaluate_cyclegan as evaluation

    _, test = gan.held_out(_pictures(photos))
    figures = evaluation.measure(run, test, _pictures(paintings), weights)
    text = json.dumps(figures, indent=2)
    (run / "evaluation.json").write_text(text + "\n")
    typer.echo(text)


def _pictures(directories: list[Path]) -> list[Path]:
    from core.images import EXTENSIONS

    return [
        path
        for directory in directories
        for path in sorted(directory.iterdir())
        if path.suffix.casefold().removeprefix(".") in EXTENSIONS
    ]


if __name__ == "__main__":
    app()
