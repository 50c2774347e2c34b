"""Kills workers in mid-film, again and again, and looks at what becomes of the films.

    python -m tests.load.kill_films --kills 10
    python -m tests.load.kill_films --kills 10 --postgresql

A worker (`python -m core work`) paints small clips with sound, in a style. At a random moment after
it has painted a frame it is killed (`kill -9`), and another is started in its place. At the end,
each job must be done, with the very bytes of a film that nobody disturbed, and whoever followed it
must have seen events without a gap; no folder of a dead worker may be left but young ones. Exit
status 1 if not. As it goes, the largest size of what the database keeps of one film is noted.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from core import database
from core.film import painting
from core.film.durable import FILM, ClipOrder
from core.film.request import FilmRequest
from core.jobs import State
from core.jobs.durable import DatabaseEngine, File, Handle
from core.jobs.durable.rows import BlobRow
from core.settings import ROOT
from core.stylize.session.durable import Style
from tests import postgresql
from tests.core.film import scenes

_ALIVE = (0.0, 4.0)  # seconds from a worker's first frame to its death
_FRAMES = 60  # of a clip: a segment and a part of one
_STYLE = "claude-monet"
_SIZE = 64, 96  # rows and columns


@dataclass(frozen=True)
class Killing:
    """What one kill has cost.

    Attributes:
        wait: Seconds until the next worker had the job.
        again: Frames that were painted a second time.
    """

    wait: float
    again: int


def order(clip: Path) -> ClipOrder:
    """A film that moves, has a cut and sound, and whose strength changes."""
    frames = [scenes.scene(number % 60, *_SIZE) for number in range(_FRAMES // 2)]
    frames += [scenes.scene(number % 60, *_SIZE, seed=5) for number in range(_FRAMES // 2)]
    scenes.write(clip, frames=frames, sound="aac")
    return ClipOrder(
        request=FilmRequest(strength=0.5, strength_end=1.0),
        clip=clip.read_bytes(),
        styles=(Style(artist=_STYLE),),
    )


def undisturbed(wanted: ClipOrder, clip: Path) -> bytes:
    """The film by nobody but this process, as a file."""
    out = clip.with_name("undisturbed.mp4")
    for _ in painting.paint(wanted.request, clip, [_STYLE], out):
        pass
    return out.read_bytes()


class OneWorker:
    """A worker, and those that take its place."""

    def __init__(self, url: str, lease: float, temporary: Path) -> None:
        self._command = [sys.executable, "-m", "core", "work", "--url", url]
        self._surroundings = os.environ | {
            "ATELIER_JOB_LEASE": str(lease),
            "TMPDIR": str(temporary),
        }
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._surroundings, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.start()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def kept(url: str, job: Handle) -> int:
    """Bytes that the database has of a job."""
    query = select(func.sum(func.length(BlobRow.data))).where(BlobRow.job_id == job.id)
    with database.reading(url) as session:
        return int(session.scalar(query) or 0)


def painted_since(job: Handle) -> bool:
    """Whether a frame was painted since the job was taken up last."""
    events = job.events_after(max(0, job.outline().events - 3))
    return bool(events) and events[-1].kind == "progress" and events[-1].data["phase"] == "painting"


def killings(job: Handle) -> Iterator[Killing]:
    """Of a finished job."""
    events = list(job.events())
    for number, (before, event) in enumerate(itertools.pairwise(events), 1):
        if event.kind == "running" and before.kind == "progress":
            later = (e.data["step"] for e in events[number:] if e.data.get("phase") == "painting")
            yield Killing(event.time - before.time, before.data["step"] + 1 - next(later, 0))


def run(url: str, kills: int, lease: float, folder: Path) -> bool:
    """Prints what came of it; whether all is as it must be."""
    random.seed(0)
    wanted = order(folder / "clip.mp4")
    print("Painting undisturbed ...", flush=True)
    expected = undisturbed(wanted, folder / "clip.mp4")
    temporary = folder / "tmp"
    temporary.mkdir()
    engine, jobs, killed, largest = DatabaseEngine(url), list[Handle](), 0, 0
    worker, started = OneWorker(url, lease, temporary), time.monotonic()
    dead: set[tuple[str, int]] = set()  # takings of jobs whose worker was killed
    doomed: tuple[tuple[str, int], float] | None = None  # the present one, and when it ends
    try:
        while killed < kills or engine.count():
            if not engine.count():
                jobs.append(engine.submit(FILM, wanted))
            job, outline = jobs[-1], jobs[-1].outline()
            taking = job.id, outline.attempts
            if outline.state is State.running and taking not in dead and painted_since(job):
                largest = max(largest, kept(url, job))
                if doomed is None or doomed[0] != taking:
                    doomed = taking, time.monotonic() + random.uniform(*_ALIVE)
                elif time.monotonic() > doomed[1] and killed < kills:
                    worker.kill()
                    dead.add(taking)
                    killed += 1
                    print(f"{killed} kills, {time.monotonic() - started:.0f} s", flush=True)
            time.sleep(0.05)
    finally:
        worker.end()
    return told(jobs, expected, killed, largest, len(wanted.clip), len(list(temporary.iterdir())))


def told(
    jobs: list[Handle], expected: bytes, killed: int, largest: int, clip: int, left: int
) -> bool:
    """Prints the figures; whether nothing is lost, wrong or missing."""
    results = [job.result(0) if job.state is State.done else None for job in jobs]
    identical = sum(isinstance(each, File) and each.data == expected for each in results)
    numbers = [[event.number for event in job.events()] for job in jobs]
    whole = sum(each == list(range(1, len(each) + 1)) for each in numbers)
    found = [each for job in jobs for each in killings(job)]
    waits, again = [each.wait for each in found], [each.again for each in found]
    figures = {
        "kills": killed,
        "films": len(jobs),
        "done": sum(job.state is State.done for job in jobs),
        "identical_files": identical,
        "events_without_gap": whole,
        "resumptions": len(found),
        "seconds_until_taken_up": {"median": statistics.median(waits or [0]), "max": max(waits)},
        "frames_painted_twice": {"median": statistics.median(again or [0]), "max": max(again)},
        "bytes": {"clip": clip, "film": len(expected), "kept_at_most": largest},
        "young_folders_left": left,
    }
    print(json.dumps(figures, indent=2))
    return len(jobs) == identical == whole and left <= killed


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Kills workers in mid-film.")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--postgresql", action="store_true", help="a new server of PostgreSQL")
    parser.add_argument("--lease", type=float, default=2.0, help="seconds")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and no worker is left behind
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/journal.db"
        if chosen.postgresql:
            url = stack.enter_context(postgresql.server())
        sys.exit(not run(url, chosen.kills, chosen.lease, folder))


if __name__ == "__main__":
    main()
