"""The trainer's command line: `python -m training dataset | classifier | publish | …`."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from training import (
    classifier_commands,
    dataset_commands,
    monet_commands,
    styles_commands,
    stylizer_commands,
)

app = typer.Typer(help="Train, measure and publish.", no_args_is_help=True, add_completion=False)
app.add_typer(dataset_commands.app, name="dataset")
app.add_typer(monet_commands.evaluate, name="evaluate")
app.add_typer(stylizer_commands.app, name="stylizer")
app.command()(classifier_commands.classifier)
app.command()(classifier_commands.tune)
app.command()(monet_commands.cyclegan)
app.command()(monet_commands.publish_monet)
app.command()(stylizer_commands.publish_stylizer)
app.command()(styles_commands.styles)

Data = Annotated[Path, typer.Option(help="Paintings: index.csv, or one folder an artist.")]
Weights = Annotated[Path, typer.Option(help="Directory of ImageNet weights to start from.")]


@app.callback()
def main() -> None:
    """Progress goes to stderr, rows of the history to stdout."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")


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


if __name__ == "__main__":
    app()
