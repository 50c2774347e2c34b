"""The trainer's command line: `python -m training dataset | classifier | publish | …`."""

from __future__ import annotations

import logging
from typing import Any

import typer
from typer.core import TyperGroup

from core.cli import console
from core.cli.console import say
from core.errors import AtelierError, incident
from training.cli import classifier, dataset, evaluate, monet, styles, stylizer


class _Plain(TyperGroup):
    """Ends every command that fails with a sentence and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        from core.collection.scan import ScanError
        from core.images import UnreadablePicture
        from core.models import WeightsError

        try:
            return super().invoke(ctx)
        except (AtelierError, UnreadablePicture, WeightsError, ScanError) as error:
            say(str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            say(f"{where}{error.strerror or error}.")
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise  # wrong usage, or the command's own end
            say(incident(error))
        raise typer.Exit(1)


app = typer.Typer(
    cls=_Plain, help="Train, measure and publish.", no_args_is_help=True, add_completion=False
)
app.add_typer(dataset.app, name="dataset")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(stylizer.app, name="stylizer")
app.command()(classifier.classifier)
app.command()(classifier.tune)
app.command()(classifier.publish)
app.command()(classifier.publish_base)
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
