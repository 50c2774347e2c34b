"""The command line of operations: `python -m operations release | canary | rollback | …`."""

from __future__ import annotations

import logging

import typer

from core.cli import console
from operations.cli import releases, transfer

app = typer.Typer(
    help="Which version of a model serves, since when and why; versions moved between machines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(releases.release)
app.command()(releases.canary)
app.command()(releases.promote)
app.command()(releases.rollback)
app.command()(releases.history)
app.command("versions")(releases.list_versions)
app.command()(transfer.push)
app.command()(transfer.pull)


@app.callback()
def main(verbose: console.Verbose = False) -> None:
    """Results go to stdout, complaints to stderr; the database is that of ATELIER_JOURNAL_URL."""
    console.set_up(verbose, level=logging.WARNING)


if __name__ == "__main__":
    app()
