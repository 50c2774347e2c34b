"""`python -m operations report | watch | export | forget`: models at work, and their journal."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from core.cli import console
from core.cli.console import AsJson
from core.errors import AtelierError
from operations.cli.releases import told


def report(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Id; by default that of Identify.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="An HTML page to write.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Reports on a model at work: accuracy, drift, strangers, who is served worse, releases.

    Beside it, what style transfer and Monet have painted.

    Prints the figures, or writes what the Monitor shows. Exit status: 0 done, 1 failed, 2 wrong
    usage.
    """
    with told():
        from core import models
        from core.files import check_output, write
        from core.models import versions
        from core.monitoring import paintings, traffic
        from core.monitoring.report import report as made
        from core.releases import rows
        from operations import pages

        model = model or models.DEFAULT
        if out is not None:
            check_output(out)
        version = versions.find(model, rows.serving(model))
        found = made(version, traffic.read(model, like=version))
        painted = paintings.figures()
        if out is not None:
            write(out, pages.html(models.get(model), found, rows.history(model), painted))
            console.say(str(out))
        if as_json:
            console.result({"model": model, "version": version.id, **pages.plain(found, painted)})
        elif out is None:
            for line in pages.lines(found, painted):
                typer.echo(line)


def watch(
    model: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="Ids; by default all.")
    ] = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Looks once, and ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Takes back what is broken or worse, promotes what is better, forgets what is too old.

    Looks at what was tried out or released last, until Ctrl-C or SIGTERM. Exit status: 0 ended as
    it was told, 1 failed, 2 wrong usage.
    """
    stop = threading.Event()
    if not once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    with told():
        from core import journal, models
        from core.journal import pictures
        from core.monitoring import watching
        from core.settings import settings

        chosen = [models.get(each).id for each in model or []]
        while True:
            for each in chosen or [entry.id for entry in models.classifiers()]:
                try:
                    row = watching.act(each)
                except AtelierError as error:  # a database that rests comes back
                    if once:
                        raise
                    console.say(str(error))
                    continue
                if row is not None and as_json:
                    console.result(row.as_dict())
                elif row is not None:
                    typer.echo(f"{row.model} {row.version} {row.role}: {row.reason}")
            try:
                if settings().journal_days:
                    journal.forget(datetime.now(UTC) - timedelta(days=settings().journal_days))
                pictures.expire()
            except AtelierError as error:
                if once:
                    raise
                console.say(str(error))
            if once or stop.wait(every):
                return


def export(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="A Parquet file.")],
    model: Annotated[str | None, typer.Option(help="Of one model only.")] = None,
) -> None:
    """Writes the record of all predictions: versions, logits, features' projections, answers.

    No pictures. Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    with told():
        from core import models
        from core.files import check_output
        from operations import record

        if model is not None:
            models.get(model)
        check_output(out)
        console.say(f"{record.export(out, model):,} predictions")


def forget(
    days: Annotated[
        float | None,
        typer.Option(min=0, help="Older ones go. [default: ATELIER_JOURNAL_DAYS]"),
    ] = None,
) -> None:
    """Deletes predictions that are too old, with what visitors said of them and let be kept.

    Kept pictures that are older than ATELIER_KEPT_DAYS go, too. Exit status: 0 done, 1 failed, 2
    wrong usage.
    """
    with told():
        from core import journal
        from core.journal import pictures
        from core.settings import settings

        kept = days if days is not None else settings().journal_days
        if days is None and not kept:
            console.refuse("Say how many days are kept, or set ATELIER_JOURNAL_DAYS.")
        gone = journal.forget(datetime.now(UTC) - timedelta(days=kept))
        pictures.expire()
        console.say(f"{gone:,} predictions forgotten")
