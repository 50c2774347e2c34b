"""A thousand paintings that were cancelled or abandoned leave no thread and no memory behind."""

from __future__ import annotations

import functools
import gc
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from core import jobs
from core.jobs import Job, State
from core.stylize import refine

LIMIT = 60  # seconds; a test that needs it has failed

TINY = refine.Options(
    rows=32,
    steps=50,
    scales=(1.0,),
    precision="float32",
    content_layers={"block2_conv1": 1.0},
    style_layers={"block1_conv1": 1.0, "block2_conv1": 1.0},
)


def resident() -> int:
    """Memory of this process, in bytes."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def paint(photo: np.ndarray, style: np.ndarray, job: Job) -> np.ndarray | None:
    """Paints until it is stopped, and keeps what is there."""
    pixels = None
    for step in refine.refine(photo, [style], TINY):
        pixels = step.pixels()
        job.report(step)
        if job.stopping:
            break
    return pixels


def wait(job: Job) -> None:
    """Does nothing until it is stopped."""
    stopped = threading.Event()
    job.when_cancelled(stopped.set)
    while not job.stopping:
        stopped.wait(0.002)


def run(number: int, make_picture) -> None:
    """One job, cancelled or, every second time, abandoned; every tenth paints."""
    patience = None if number % 20 < 10 else 0.05
    if number % 10:
        patience = patience and 0.001
        job = jobs.submit(f"leak-{number}", wait, lane="leak", patience=patience)
    else:
        given = make_picture(48, 64, seed=number), make_picture(40, 40, seed=number + 1)
        work = functools.partial(paint, *given)
        job = jobs.submit(f"leak-{number}", work, lane="leak", patience=patience)
        while job.progress is None and not job.is_finished:
            job.touch()
            time.sleep(0.001)
    if patience is None:
        job.cancel()
        asked = job.progress
        job.result(LIMIT)
        if asked:  # at most the step that it was at is finished
            assert job.progress.step <= asked.step + 1
    else:
        job.result(LIMIT)
    assert job.state is State.cancelled
    if job.progress:
        assert job.result().shape == (32, 43, 3)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Memory is read from /proc")
def test_a_thousand_cancelled_and_abandoned_jobs_leave_nothing_behind(make_picture):
    for number in range(100):
        run(number, make_picture)
    threads, memory = threading.active_count(), resident()
    for number in range(100, 1000):
        run(number, make_picture)
    end = time.monotonic() + LIMIT
    while threading.active_count() > threads and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= threads
    grown = resident() / memory - 1
    assert grown < 0.05, f"{grown:.1%} more memory than after the first hundred"


def test_a_finished_job_lets_go_of_what_it_was_given():
    class Picture:
        alive = 0

        def __init__(self) -> None:
            Picture.alive += 1

        def __del__(self) -> None:
            Picture.alive -= 1

    def failing(picture: Picture, job: Job) -> None:
        held = Picture()
        raise RuntimeError(f"{held} spilt")

    done = jobs.submit("given", functools.partial(lambda picture, job: None, Picture()))
    done.result(LIMIT)
    failed = jobs.submit("failing", functools.partial(failing, Picture()))
    with pytest.raises(RuntimeError, match="spilt"):
        failed.result(LIMIT)
    gc.collect()
    assert jobs.find("given") is done
    assert jobs.find("failing") is failed
    assert Picture.alive == 0
