"""The trainer's command line: `python -m training dataset | classifier | publish | …`."""

from __future__ import annotations

import logging

import typer

from core.cli import console
from training.cli import (
    classifier,
    dataset,
    evaluate,
    kinds,
    monet,
    styles,
    stylizer,
    teaching,
    together,
)
from training.cli.guard import Guarded

app = typer.Typer(
    cls=Guarded, help="Train, evaluate and publish.", no_args_is_help=True, add_completion=False
)
app.add_typer(dataset.app, name="dataset")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(stylizer.app, name="stylizer")
app.command()(classifier.classifier)
app.command()(classifier.tune)
app.command()(classifier.publish)
app.command()(classifier.publish_graphs)
app.command()(classifier.publish_base)
app.command()(kinds.publish_photographs)
app.command()(together.pack)
app.command()(together.together)
app.command()(teaching.teach)
app.command()(teaching.forget)
app.command()(monet.cyclegan)
app.command()(monet.publish_monet)
app.command()(stylizer.publish_stylizer)
app.command()(styles.styles)


@app.callback()
def main(verbose: console.Verbose = False) -> None:
    """Progress goes to stderr, rows of the history to stdout."""
    console.set_up(verbose, level=logging.INFO)


if __name__ == "__main__":
    app()
