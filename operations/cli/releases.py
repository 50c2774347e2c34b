"""`python -m operations release | canary | promote | rollback | history | versions`."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import console
from core.cli.console import AsJson
from core.errors import UnknownName

if TYPE_CHECKING:  # what takes long to import waits until it is needed: a rollback is urgent
    from core.models import Version as Found
    from core.releases.rows import Release
    from core.releases.state import State

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Id, see `python -m core models`.")]
Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="12 hexadecimal digits, see `versions`.")
]
Who = Annotated[str, typer.Option(help="Who answers for it. [default: who is logged in]")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence.")]
Evidence = Annotated[
    Path | None, typer.Option(metavar="FILE", help="On what it rests: a JSON object.")
]


def release(
    model: Model,
    version: Version,
    who: Who = "",
    reason: Reason = "",
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Has a version serve everybody; all processes follow within 3 s.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core.releases import rows

        _say(rows.release(model, version, **_noted(who, reason, evidence)), as_json)


def canary(
    model: Model,
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="By default the one that is tried out already."),
    ] = None,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of visitors; 0: a shadow, which nobody sees.")
    ] = 0.1,
    who: Who = "",
    reason: Reason = "",
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Tries a version out on a share of visitors, or changes the share.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core.releases import rows

        _say(rows.canary(model, version, share, **_noted(who, reason, evidence)), as_json)


def promote(
    model: Model,
    who: Who = "",
    reason: Reason = "",
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Has the version that is tried out serve everybody.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core.releases import rows

        _say(rows.promote(model, **_noted(who, reason, evidence)), as_json)


def rollback(
    model: Model,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Id; by default what came last.")
    ] = None,
    who: Who = "",
    reason: Reason = "",
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Withdraws the version that is tried out, or else the one that serves.

    In place of the latter the one before serves again. With VERSION it withdraws that one, also
    if it would only serve again after others. Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core.releases import rows

        _say(rows.rollback(model, version, **_noted(who, reason, evidence)), as_json)


def history(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Id; by default all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lists releases, newest first, and before them who serves now.

    With --json, the releases alone, one a line. Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core import models
        from core.releases import rows

        if model is not None:
            models.get(model)
        found = rows.history(model)
        if as_json:
            for row in found:
                console.result(row.as_dict())
            return
        for each in dict.fromkeys(row.model for row in found):
            typer.echo(_standing(each))
        for row in found:
            when = datetime.fromtimestamp(row.time).isoformat(" ", "seconds")
            share = f" {row.share:.0%}" if row.role == "canary" else ""
            reason = f": {row.reason}" if row.reason else ""
            typer.echo(f"{when}  {row.model} {row.version} {row.role}{share}, {row.who}{reason}")


def list_versions(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Id; by default all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lists the versions on this machine, and what each is of those that serve.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core import models
        from core.models import versions
        from core.releases import rows

        if model is not None:
            models.get(model)
        for found in versions.listed(model):
            row = _described(found, rows.current(found.entry.id))
            if as_json:
                console.result(row)
                continue
            ships = ", ships" if row["ships"] else ""
            role = f", {row['role']}" if row["role"] else ""
            test = found.entry.figures.get("test", {}).get("macro_accuracy")
            figure = f", macro accuracy {test:.3f}" if test is not None else ""
            typer.echo(
                f"{row['model']} {row['version']}  {row['date'] or 'no date'}{figure}{ships}{role}"
            )


def _described(found: Found, now: State) -> dict[str, Any]:
    entry = found.entry
    role: str | None = None
    if now.challenger and now.challenger.version == found.id:
        role = now.challenger.role
    elif found.id == now.champion or (now.champion is None and found.directory is None):
        role = "champion"
    return {
        "model": entry.id,
        "version": found.id,
        "ships": found.directory is None,
        "role": role,
        "title": entry.title,
        "date": entry.date,
        "sha256": entry.file.sha256,
        "bytes": sum(file.bytes for file in found.files),
        "figures": entry.figures,
    }


def _standing(model: str) -> str:
    from core.releases import rows

    now = rows.current(model)
    before = f", before it {now.previous}" if now.previous else ""
    tried = now.challenger
    beside = f", {tried.role} {tried.version} at {tried.share:.0%}" if tried else ""
    return f"{model}: {now.champion or 'what ships'} serves{before}{beside}"


def _say(row: Release, as_json: bool) -> None:
    if as_json:
        console.result(row.as_dict())
    else:
        typer.echo(_standing(row.model))


def _noted(who: str, reason: str, evidence: Path | None) -> dict[str, Any]:
    noted: dict[str, Any] = {"who": who or getpass.getuser(), "reason": reason}
    if evidence is not None:
        try:
            noted["evidence"] = json.loads(evidence.read_text(encoding="utf-8"))
        except ValueError:
            console.refuse(f"{evidence} is no JSON.")
        if not isinstance(noted["evidence"], dict):
            console.refuse(f"{evidence} holds no JSON object.")
    return noted


@contextmanager
def told() -> Iterator[None]:
    """Around a command: names that nothing has are wrong usage, other errors a failure."""
    with console.whole():
        try:
            yield
        except UnknownName as error:
            console.refuse(str(error))
