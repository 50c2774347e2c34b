"""Instant pictures by two checkouts in turns, each in a process of its own that stays warm.

A busy moment meets both alike, so that their ratio holds where the seconds do not. `compare` is
what `python -m benchmarks.instant --against CHECKOUT` calls; run as a script, this file is what
paints, by whatever `core` lies on the path, so that an older checkout need not know of it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from core.settings import ROOT

CASES = "new_style", "known_style"  # one that is looked at first, and one that is described


def compare(
    photo: np.ndarray, style: np.ndarray, against: Path, runtime: str, rounds: int
) -> dict[str, Any]:
    """Times this checkout and another one.

    Args:
        photo: `(height, width, 3)` uint8 RGB, painted in its own size.
        style: `(height, width, 3)` uint8 RGB; it is shifted for each new style.
        against: The other checkout.
        runtime: What `ATELIER_RUNTIME` is to be; a checkout that knows no such setting ignores it.
        rounds: How often each of `CASES` is painted by either.

    Returns:
        By case median seconds of either, of the clock and of the processor (all threads), each
        with the median of its ratio in a round; and the load of the machine, over a minute, at
        the beginning and the end. On a busy machine look at the processor's seconds, with
        `TF_NUM_INTRAOP_THREADS=1`: threads that wait for each other spin.
    """
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as directory, ExitStack() as processes:
        given = Path(directory, "given.npz")
        np.savez(given, photo=photo, style=style)
        workers = [
            processes.enter_context(
                subprocess.Popen(
                    [sys.executable, "-P", __file__, str(given)],
                    cwd=checkout,
                    env=os.environ | {"PYTHONPATH": str(checkout), "ATELIER_RUNTIME": runtime},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for checkout in (ROOT, against.resolve())
        ]
        times: dict[str, list[list[list[float]]]] = {case: [] for case in CASES}
        for number in range(-1, rounds):
            # Whoever is first finds what the other left of the last case: they change places.
            order = workers if number % 2 else workers[::-1]
            for case in CASES:
                found = {id(each): _ask(each, case, number + 1) for each in order}
                if number >= 0:  # compiled before any clock counts
                    times[case].append([found[id(each)] for each in workers])
        for each in workers:
            assert each.stdin is not None
            each.stdin.close()
    loads.append(os.getloadavg()[0])
    return {
        case: {
            name: _medians([(here[n], there[n]) for here, there in rounds_])
            for n, name in enumerate(("seconds", "processor_seconds"))
        }
        for case, rounds_ in times.items()
    } | {"rounds": rounds, "load": [round(load, 1) for load in loads]}


def _medians(pairs: list[tuple[float, float]]) -> dict[str, float]:
    return {
        "here": round(statistics.median(here for here, _ in pairs), 4),
        "against": round(statistics.median(there for _, there in pairs), 4),
        "ratio": round(statistics.median(here / there for here, there in pairs), 3),
    }


def _ask(worker: subprocess.Popen[str], case: str, number: int) -> list[float]:
    """Seconds that a worker took for a picture, of the clock and of the processor."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(json.dumps([case, number]) + "\n")
    worker.stdin.flush()
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"A worker ended with {worker.wait()}.")
    seconds: list[float] = json.loads(line)
    return seconds


def _work(given: str) -> None:
    """Paints what each line of stdin asks for, and answers with seconds, of clock and processor."""
    from core.stylize import instant, refine

    arrays = np.load(given)
    photo, style = arrays["photo"], arrays["style"]
    rows = len(photo)
    known = instant.describe(refine.resize(style, *refine.size(style, rows)).clip(0, 255))
    for line in sys.stdin:
        case, number = json.loads(line)
        # Shifted, so that nothing kept of another round fits; its size stays.
        styles = [np.roll(style, number, axis=1) if case == "new_style" else known]
        clocks = time.perf_counter, time.process_time
        started = [clock() for clock in clocks]
        instant.paint(photo, styles, rows=rows)
        took = [clock() - before for clock, before in zip(clocks, started, strict=True)]
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    _work(sys.argv[1])
