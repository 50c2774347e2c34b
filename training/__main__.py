"""The trainer's command line: `python -m training dataset | classifier | publish | …`."""

from __future__ import annotations

import logging
from typing import Any

import typer
from typer.core import TyperGroup

from core import console
from core.console import say
from core.errors import AtelierError, incident
from training import (
    classifier_commands,
    dataset_commands,
    evaluate_commands,
    monet_commands,
    styles_commands,
    stylizer_commands,
)


class _Plain(TyperGroup):
    """Ends every command that fails with a sentence and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        from core.images import UnreadablePicture
        from core.models import WeightsError
        from core.scan import ScanError

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
