"""Kills workers in mid-painting, again and again, and looks at what becomes of the paintings.

    python -m tests.load.kill_workers --kills 100
    python -m tests.load.kill_workers --kills 100 --postgresql
    python -m tests.load.kill_workers --kills 100 --url postgresql://me@host/database
    python -m tests.load.kill_workers --kills 100 --plain

Two workers (`python -m core work`) paint small pictures. One that has drawn a step since it took
a job up is killed (`kill -9`) a moment later, and another is started in its place. At the end,
each job must be done, with the picture that it has undisturbed, and whoever followed it must have
seen events without a gap. Exit status 1 if not. With `--plain`, no network is evaluated (see
`plain_objective`): then a kill takes seconds, where TensorFlow has to start anew otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from sqlalchemy import select

from core import database, images
from core.images.types import Pixels
from core.jobs import State
from core.jobs.durable import DatabaseEngine, Event, File, Handle
from core.jobs.durable.rows import JobRow
from core.settings import ROOT
from core.stylize import session
from core.stylize.request import StylizeRequest
from core.stylize.session.durable import STYLIZE, Style, StylizeOrder
from tests import postgresql

_PLAIN = "tests.load.plain_objective"
_KINDS = 3  # of pictures
_ALIVE = (0.0, 4.0)  # seconds from a worker's first step to its death


def order(kind: int, steps: int) -> StylizeOrder:
    """One of a few paintings."""

    def picture(seed: int) -> bytes:
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        return images.encode(np.kron(coarse, np.ones((16, 16, 1), np.uint8)))

    request = StylizeRequest(
        rows=96,
        steps=steps,
        scales=(0.5, 1.0),
        optimizer=("lbfgs", "adam")[kind == 1],
        precision="float32",
    )
    return StylizeOrder(
        request=request, photo=picture(kind), styles=(Style(picture=picture(kind + 100)),)
    )


def undisturbed(wanted: StylizeOrder) -> Pixels:
    """The painting by nobody but this process."""
    steps = session.paint(
        wanted.request,
        images.load(wanted.photo).pixels,
        [images.load(style.picture or b"").pixels for style in wanted.styles],
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value.pixels


@dataclass
class Followed:
    """A job, and the events that somebody has seen of it as they came."""

    kind: int
    handle: Handle
    events: list[Event] = field(default_factory=list)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def _follow(self) -> None:
        """By streams that break off now and then, as those over a network do."""
        while not (self.events and self.events[-1].is_last):
            after = self.events[-1].number if self.events else 0
            for event in self.handle.events(after):
                self.events.append(event)
                if random.random() < 0.02:
                    break

    def resumptions(self) -> Iterator[tuple[float, float]]:
        """For each death: seconds until the job was taken up, and seconds of work done twice."""
        for before, event in zip(self.events, self.events[1:], strict=False):
            if event.kind != "running" or before.kind == "waiting":
                continue
            taken = max(e.number for e in self.events[: event.number - 1] if e.kind == "running")
            told = [e for e in self.events[taken : event.number - 1] if e.kind == "progress"]
            again = [e for e in self.events[event.number :] if e.data.get("phase") == "painting"]
            step = again[0].data["step"] if again else 0
            redone = [e.time for e in told if e.data["step"] > step]
            yield event.time - before.time, redone[-1] - redone[0] if redone else 0.0


class Workers:
    """Two workers, and those that take their places."""

    def __init__(self, url: str, lease: float, plain: bool) -> None:
        self._url = url
        self._environment = os.environ | {"ATELIER_JOB_LEASE": str(lease)}
        if plain:
            self._environment["ATELIER_EXTENSIONS"] = _PLAIN
        self._names = count(1)
        self.alive: dict[str, subprocess.Popen[bytes]] = {}
        for _ in range(2):
            self.start()

    def start(self) -> None:
        name = f"worker-{next(self._names)}"
        command = [sys.executable, "-m", "core", "work", "--url", self._url, "--name", name]
        self.alive[name] = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL
        )

    def kill(self, name: str) -> None:
        process = self.alive.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.start()

    def end(self) -> None:
        for process in self.alive.values():
            process.terminate()
        for process in self.alive.values():
            process.wait(60)


def at_work(url: str) -> dict[str, tuple[int, str]]:
    """Workers that have drawn a step of what they have taken up, with the number of the taking."""
    query = select(JobRow).where(JobRow.state == State.running.value)
    with database.reading(url) as rows:
        running = list(rows.scalars(query))
    found = {}
    for row in running:
        events = Handle(url, row.id).events_after(max(0, row.events - 20))
        since = [event.kind for event in events][::-1]
        painted = [
            event.data["phase"] == "painting" for event in events if event.kind == "progress"
        ]
        if since[:1] == ["progress"] and painted[-1] and row.lease_owner:
            found[row.lease_owner] = row.attempt, row.id
    return found


def run(url: str, kills: int, lease: float, steps: int, plain: bool) -> bool:
    """Prints what came of it; whether all is as it must be."""
    random.seed(0)
    if plain:
        importlib.import_module(_PLAIN)
    print("Painting undisturbed ...", flush=True)
    orders = [order(kind, steps) for kind in range(_KINDS)]
    expected = [undisturbed(each) for each in orders]
    engine, jobs, killed = DatabaseEngine(url), list[Followed](), 0
    workers, doomed = Workers(url, lease, plain), dict[str, tuple[tuple[int, str], float]]()
    started = time.monotonic()
    try:
        while killed < kills or engine.count():
            if killed < kills and engine.count() < 3:
                kind = len(jobs) % _KINDS
                jobs.append(Followed(kind, engine.submit(STYLIZE, orders[kind])))
            for name, taking in at_work(url).items():
                if name not in workers.alive:  # dead, though its lease holds
                    continue
                if doomed.get(name, (None, 0))[0] != taking:
                    doomed[name] = taking, time.monotonic() + random.uniform(*_ALIVE)
                elif time.monotonic() > doomed[name][1] and killed < kills:
                    workers.kill(name)
                    killed += 1
                    if not killed % 5:
                        print(f"{killed} kills, {time.monotonic() - started:.0f} s", flush=True)
            time.sleep(0.05)
    finally:
        workers.end()
    for job in jobs:
        job.thread.join(30)
    return told(jobs, expected, killed, time.monotonic() - started)


def told(jobs: list[Followed], expected: list[Pixels], killed: int, seconds: float) -> bool:
    """Prints the figures; whether nothing is lost, wrong or missing."""
    differences = []
    for job in jobs:
        result = job.handle.result(0) if job.handle.state is State.done else None
        if isinstance(result, File):
            found = images.load(result.data).pixels.astype(int)
            differences.append(int(np.abs(found - expected[job.kind]).max()))
    numbers = [[event.number for event in job.events] for job in jobs]
    whole = sum(each == list(range(1, len(each) + 1)) for each in numbers)
    ended = sum(job.events[-1].kind == "done" for job in jobs)
    found = [each for job in jobs for each in job.resumptions()]
    waits, again = [wait for wait, _ in found], [redone for _, redone in found]
    figures = {
        "kills": killed,
        "jobs": len(jobs),
        "done": ended,
        "identical_pictures": differences.count(0),
        "largest_difference": max(differences, default=None),
        "events_without_gap": whole,
        "events": sum(map(len, numbers)),
        "resumptions": len(found),
        "seconds_until_resumed": {"median": _median(waits), "max": max(waits, default=0.0)},
        "seconds_done_twice": {"median": _median(again), "max": max(again, default=0.0)},
        "seconds": round(seconds),
    }
    print(json.dumps(figures, indent=2))
    return len(jobs) == ended == differences.count(0) == whole


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Kills workers in mid-painting.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--url", help="the database; by default a new one of SQLite")
    parser.add_argument("--postgresql", action="store_true", help="a new server of PostgreSQL")
    parser.add_argument("--lease", type=float, default=2.0, help="seconds")
    parser.add_argument("--steps", type=int, default=150, help="of a painting")
    parser.add_argument("--plain", action="store_true", help="without a network")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and no worker is left behind
    with contextlib.ExitStack() as stack:
        url = chosen.url
        if chosen.postgresql:
            url = stack.enter_context(postgresql.server())
        elif url is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory())
            url = f"sqlite:///{directory}/journal.db"
        sys.exit(not run(url, chosen.kills, chosen.lease, chosen.steps, chosen.plain))


if __name__ == "__main__":
    main()
