"""`python -m core work`: a process that works off durable jobs."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from core.cli import console
from core.cli.console import say


def work(
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The database; by default that of ATELIER_JOURNAL_URL."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the worker is called; no other may be called so."),
    ] = None,
) -> None:
    """Works off jobs of the database, one at a time, until it is ended.

    SIGTERM or Ctrl-C: the work so far is kept, and another worker goes on with it. After a kill
    it does so when this one has been silent for a while (ATELIER_JOB_LEASE).

    Exit status: 0 ended as it should, 1 failed.
    """
    from core import extensions
    from core.film import durable as film  # noqa: F401 - registers its task
    from core.jobs.durable import DatabaseEngine
    from core.jobs.durable.worker import Worker
    from core.monet import durable as monet  # noqa: F401 - likewise
    from core.stylize.session import durable  # noqa: F401 - likewise

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with console.whole():
        extensions.load()
        worker = Worker(DatabaseEngine(url), name)
        say(f"Worker {worker.name}")
        worker.run(stop)
