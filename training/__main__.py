"""The trainer's command line: `python -m training dataset | classifier | publish | …`."""

from __future__ import annotations

import logging

import typer

from core import console
from training import (
    classifier_commands,
    dataset_commands,
    evaluate_commands,
    monet_commands,
    styles_commands,
    stylizer_commands,
)

app = typer.Typer(help="Train, measure and publish.", no_args_is_help=True, add_completion=False)
app.add_typer(dataset_commands.app, name="dataset")
app.add_typer(evaluate_commands.app, name="evaluate")
app.add_typer(stylizer_commands.app, name="stylizer")
app.command()(classifier_commands.classifier)
app.command()(classifier_commands.tune)
app.command()(classifier_commands.publish)
app.command()(classifier_commands.publish_base)
app.command()(monet_commands.cyclegan)
app.command()(monet_commands.publish_monet)
app.command()(stylizer_commands.publish_stylizer)
app.command()(styles_commands.styles)


@app.callback()
def main(verbose: console.Verbose = False) -> None:
    """Progress goes to stderr, rows of the history to stdout."""
    console.set_up(verbose, level=logging.INFO)


if __name__ == "__main__":
    app()
