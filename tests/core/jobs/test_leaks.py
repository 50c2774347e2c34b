"""A thousand paintings that were cancelled or abandoned leave no thread and no memory behind."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.jobs import Control, Progress, State
from core.stylize import refine
from core.stylize.request import StylizeRequest

Steps = Generator[Progress, None, Any]
LIMIT = 60  # seconds; a test that needs it has failed

TINY = StylizeRequest(
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


@jobs.task("leak-paint", queue="leak")
def paint(payload: tuple[np.ndarray, np.ndarray], control: Control) -> Steps:
    """Paints until it is stopped, and keeps what is there."""
    photo, style = payload
    pixels = None
    for step in refine.refine(photo, [style], TINY):
        pixels = step.pixels()
        yield Progress(step=step.step, of=step.of)
        if control.stopping:
            break
    return pixels


@jobs.task("leak-wait", queue="leak")
def wait(payload: None, control: Control) -> Steps:
    """Does nothing until it is stopped."""
    stopped = threading.Event()
    control.when_cancelled(stopped.set)
    while not control.stopping:
        stopped.wait(0.002)
    return
    yield


def run(number: int, make_picture) -> None:
    """One job, cancelled or, every second time, abandoned; every tenth paints."""
    patience = None if number % 20 < 10 else 0.05
    if number % 10:
        patience = patience and 0.001
        job = jobs.submit("leak-wait", None, patience=patience)
    else:
        given = make_picture(48, 64, seed=number), make_picture(40, 40, seed=number + 1)
        job = jobs.submit("leak-paint", given, patience=patience)
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


@pytest.mark.tensorflow
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


class Picture:
    """What a job is given, counted."""

    alive = 0

    def __init__(self) -> None:
        Picture.alive += 1

    def __del__(self) -> None:
        Picture.alive -= 1


@jobs.task("leak-look", queue="leak")
def look(picture: Picture, control: Control) -> Steps:
    """Looks at a picture, and returns something else."""
    yield Progress()


@jobs.task("leak-spill", queue="leak")
def spill(picture: Picture, control: Control) -> Steps:
    """Fails with a picture in its hands."""
    held = Picture()
    yield Progress()
    raise RuntimeError(f"{held} spilt")


def test_a_finished_job_lets_go_of_what_it_was_given():
    done = jobs.submit("leak-look", Picture(), key="given")
    done.result(LIMIT)
    failed = jobs.submit("leak-spill", Picture(), key="failing")
    with pytest.raises(RuntimeError, match="spilt"):
        failed.result(LIMIT)
    gc.collect()
    assert jobs.find("given") is done
    assert jobs.find("failing") is failed
    assert Picture.alive == 0
