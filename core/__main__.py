"""The command line: `python -m core identify | stylize | monet | film | models | …`."""

from __future__ import annotations

import signal

# Until `console.set_up`, through the imports below, Ctrl-C ends the process without a traceback.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import logging

import typer

from core.cli import console, film, identify, journey, models, monet, scan, similar, stylize, work

app = typer.Typer(
    help="Atelier on the command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def main(verbose: console.Verbose = False) -> None:
    """Atelier on the command line: results on stdout, progress and complaints on stderr."""
    console.set_up(verbose, level=logging.WARNING)


app.command()(stylize.stylize)
app.command("styles")(stylize.list_styles)
app.command()(identify.identify)
app.command()(monet.monet)
app.command()(film.film)
app.command()(journey.journey)
app.command("models")(models.list_models)
app.command()(scan.scan)
app.command()(similar.similar)
app.command()(work.work)


if __name__ == "__main__":
    app()
