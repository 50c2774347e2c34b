"""`python -m operations push | pull`: versions moved between machines."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import console
from core.cli.console import AsJson
from operations.cli.releases import Model, told
from operations.cli.releases import Version as VersionArgument

_WHERE = "A directory, or hub:OWNER/NAME for a repository of the Hub."


def push(
    model: Model,
    version: VersionArgument,
    to: Annotated[str, typer.Argument(metavar="TO", help=_WHERE)],
    as_json: AsJson = False,
) -> None:
    """Brings a version to a directory or a repository, with all that belongs to it.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from operations import transfer

        found = transfer.push(model, version, to)
        _say(found.entry.id, found.id, to, as_json)


def pull(
    model: Model,
    version: VersionArgument,
    source: Annotated[str, typer.Argument(metavar="FROM", help=_WHERE)],
    revision: Annotated[
        str | None,
        typer.Option(help="Tag or commit of the repository. [default: the tag of the version]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Brings a version here; it is kept only if its digests are the recorded ones.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from operations import transfer

        found = transfer.pull(model, version, source, revision)
        _say(found.entry.id, found.id, str(found.directory or "what ships"), as_json)


def _say(model: str, version: str, where: str, as_json: bool) -> None:
    if as_json:
        console.result({"model": model, "version": version, "where": where})
    else:
        typer.echo(f"{model} {version}: {where}")
