"""Rolls a version back while several services are under load, and measures how long it takes.

    python -m tests.load.rollback --processes 2 --seconds 30 --rounds 5
    python -m tests.load.rollback --http

The services share a database, as replicas do, and are asked over a few connections each, without a
pause between answer and request unless `--pause` is given: that leaves the command no core. In
every round a version is released; once all answer with it, it is rolled back by `python -m
operations rollback`, or by a request with `--http`. What counts is the time from the start of that
command until the last answer of the version that was withdrawn has come, from whichever service, of
which the time after the row was written is told apart; and that no request fails. Exit status 1 if
a rollback takes 3 s or more, or a request fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core import models
from core.models import versions
from core.releases import rows
from core.settings import ROOT, settings
from serving.admission import cores
from tests.load.service import (
    Connection,
    Service,
    identification,
    machine,
    paintings,
    serving,
)
from tests.versions import make

_LIMIT = 3.0  # seconds
_MODEL = models.DEFAULT
_KEY = "a keeper's"


class Load:
    """Services under load, and what they have answered."""

    def __init__(self, services: list[Service], connections: int, pause: float) -> None:
        self._pause = pause
        self._requests = [identification(picture) for picture in paintings()]
        self.answers: list[tuple[float, int, str]] = []  # time, number of the service, version
        self.failed: list[str] = []
        self.latest = [""] * len(services)  # the version of each service's latest answer
        self._stopping = False
        self._tasks = [
            asyncio.create_task(self._ask(number, service, n))
            for number, service in enumerate(services)
            for n in range(connections)
        ]

    async def _ask(self, number: int, service: Service, turn: int) -> None:
        connection = Connection(service.port)
        while not self._stopping:
            turn += 1
            try:
                answer = await connection.ask(self._requests[turn % len(self._requests)])
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failed.append(repr(error))
                connection.close()
                continue
            if answer.status != 200:
                self.failed.append(f"{answer.status} {answer.body[:200]!r}")
                continue
            version = json.loads(answer.body)["version"]
            self.latest[number] = version
            self.answers.append((time.time(), number, version))
            await asyncio.sleep(self._pause)

    async def all_answer(self, version: str) -> None:
        """Waits until the latest answer of each service is of a version."""
        until = time.monotonic() + 60
        while set(self.latest) != {version}:
            if time.monotonic() > until:
                raise SystemExit(f"After a minute {self.latest} answer, not {version}.")
            await asyncio.sleep(0.02)

    async def end(self) -> None:
        """Waits for the last answers."""
        self._stopping = True
        await asyncio.gather(*self._tasks)


async def commanded() -> None:
    """Rolls back by the command."""
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "operations", "rollback", _MODEL, "--who", "load", cwd=ROOT
    )
    status = await command.wait()
    assert status == 0, status


async def asked(service: Service) -> None:
    """Rolls back by a request to one of the services."""
    body = json.dumps({"model": _MODEL, "action": "rollback"})
    head = (
        f"POST /v1/releases HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {_KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = await Connection(service.port).ask((head + body).encode())
    assert answer.status == 201, answer


async def run(
    services: list[Service],
    connections: int,
    pause: float,
    seconds: float,
    rounds: int,
    *,
    http: bool,
) -> bool:
    """Prints what came of it; whether all is as it must be."""
    ships = versions.shipped(_MODEL).id
    made = [make(3.0 + n).id for n in range(rounds)]
    load = Load(services, connections, pause)
    took, followed = list[float](), list[float]()
    began = time.monotonic()
    for number, version in enumerate(made):
        await load.all_answer(ships)
        await asyncio.to_thread(rows.release, _MODEL, version, who="load")
        await load.all_answer(version)
        await asyncio.sleep(max(0.0, (number + 1) * seconds / rounds - (time.monotonic() - began)))
        started = time.time()
        await (asked(services[0]) if http else commanded())
        await load.all_answer(ships)
        await asyncio.sleep(1)  # for answers that were under way
        last = max(when for when, _, each in load.answers if each == version)
        (row,) = await asyncio.to_thread(rows.history, limit=1)
        took.append(last - started)
        followed.append(last - row.time)
        print(f"round {number + 1}: {took[-1]:.2f} s, {followed[-1]:.2f} s of it after the row")
    await load.end()
    by_service = Counter(number for _, number, _ in load.answers)
    print(
        f"{rounds} rollbacks: longest {max(took):.2f} s from its start to the last "
        f"answer of what was withdrawn, longest {max(followed):.2f} s after the row; "
        f"{len(load.answers)} answers {dict(by_service)}, {len(load.failed)} failed; {machine()}"
    )
    for failure in load.failed[:5]:
        print(failure)
    return max(took) < _LIMIT and not load.failed


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Rolls a version back under load.")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--connections", type=int, default=1, help="to each process")
    parser.add_argument("--pause", type=float, default=0, help="seconds after each answer")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--http", action="store_true", help="by a request of a keeper instead of the command"
    )
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shared = {
            "journal_url": f"sqlite:///{directory}/journal.db",
            "versions": directory / "versions",
            "service_keepers": hashlib.sha256(_KEY.encode()).hexdigest(),
            "threads": max(1, cores() // given.processes),  # each has its share of the cores
        }
        os.environ |= {f"ATELIER_{name.upper()}": str(value) for name, value in shared.items()}
        settings.cache_clear()
        services = [
            stack.enter_context(serving("--workers-of-jobs", "0", **shared))
            for _ in range(given.processes)
        ]
        good = asyncio.run(
            run(
                services,
                given.connections,
                given.pause,
                given.seconds,
                given.rounds,
                http=given.http,
            )
        )
    sys.exit(not good)


if __name__ == "__main__":
    main()
