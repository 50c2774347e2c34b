"""The command line of operations: `python -m operations release | rollback | report | …`."""

from __future__ import annotations

import logging

import typer

from core.cli import console
from operations.cli import accepted, cycle, monitoring, releases, retraining, transfer

app = typer.Typer(
    help="Which version of a model serves, since when and why; how it does at work.",
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
app.command()(monitoring.report)
app.command()(monitoring.watch)
app.command()(monitoring.export)
app.command()(monitoring.forget)
app.command()(accepted.accepted)
app.command()(cycle.cycle)
app.command()(retraining.retrain)


@app.callback()
def main(verbose: console.Verbose = False) -> None:
    """Results go to stdout, complaints to stderr; the database is that of ATELIER_JOURNAL_URL."""
    console.set_up(verbose, level=logging.WARNING)


if __name__ == "__main__":
    app()
