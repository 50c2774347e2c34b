"""Who paints at once: this process first, the worker where it is quicker and free."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core import jobs, tensorflow_compat
from core.jobs import State
from core.jobs.worker import WorkerDied, shared
from core.settings import settings
from core.stylize import session
from core.stylize.request import StylizeRequest
from core.stylize.session import quickest
from core.stylize.session.tasks import Order

HERE = np.full((64, 80, 3), 1, np.uint8)
THERE = np.full((64, 80, 3), 2, np.uint8)


class Job:
    """A job of the worker that is finished, or not yet."""

    def __init__(self, result: Any, state: State = State.done) -> None:
        self.answer, self.state = result, state
        self.cancelled = False

    def result(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def cancel(self) -> None:
        self.cancelled = True


class Worker:
    """A worker that has loaded everything, and what was asked of it."""

    def __init__(self) -> None:
        self.pid: int | None = 7
        self.tasks: list[str] = []
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {"at-once": THERE, "warm-up-stylize": 7}

    def submit(self, task: str, payload: Any, **_: Any) -> Job:
        self.asked.append((task, payload))
        return Job(self.answers[task])


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    found = Worker()
    monkeypatch.setenv("ATELIER_WORKER", "auto")
    settings.cache_clear()
    monkeypatch.setattr(quickest, "shared", found)
    monkeypatch.setattr(jobs, "submit", found.submit)
    monkeypatch.setattr(quickest, "_warming", None)
    monkeypatch.setattr(quickest, "painter_here", lambda: "litert")
    monkeypatch.setattr(quickest, "compute_dtype", lambda: "mixed_bfloat16")
    monkeypatch.setattr(tensorflow_compat, "is_installed", lambda: True)
    monkeypatch.setattr(session, "at_once", lambda *_, **__: HERE)
    return found


def order() -> Order:
    return Order(request=StylizeRequest(rows=64), photo=HERE, styles=[HERE])


def painter() -> str:
    sketch = quickest.sketch(order())
    assert (sketch.pixels == (THERE if sketch.by == "tensorflow" else HERE)).all()
    return sketch.by


def test_the_first_is_painted_here_and_starts_nothing(worker: Worker):
    assert painter() == "litert"
    assert worker.asked == []


def test_further_ones_are_painted_by_the_worker_once_it_is_warm(worker: Worker):
    quickest.warm_up()
    assert worker.asked == [("warm-up-stylize", True)]
    assert painter() == "tensorflow"
    worker.tasks = ["at-once"]  # for somebody else: it is quick
    assert painter() == "tensorflow"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pid", None),
        ("pid", 8),
        ("tasks", ["stylize"]),
        ("tasks", ["at-once", "warm-up-stylize"]),
    ],
)
def test_a_worker_that_is_gone_or_new_or_busy_is_not_waited_for(worker, name, value):
    quickest.warm_up()
    setattr(worker, name, value)
    assert painter() == "litert"


@pytest.mark.parametrize("state", [State.waiting, State.running, State.failed, State.cancelled])
def test_a_worker_that_is_not_warm_is_not_waited_for(worker, monkeypatch, state):
    monkeypatch.setattr(quickest, "_warming", Job(7, state))
    assert painter() == "litert"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ATELIER_WORKER", "off"),
        ("ATELIER_RUNTIME", "litert"),
        ("ATELIER_RUNTIME", "tensorflow"),
    ],
)
def test_settings_keep_it_here(worker, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    settings.cache_clear()
    quickest.warm_up()
    assert worker.asked == [("warm-up-stylize", False)]
    assert painter() == "litert"


def test_a_slow_processor_keeps_it_here(worker, monkeypatch):
    monkeypatch.setattr(quickest, "compute_dtype", lambda: "float32")
    quickest.warm_up()
    assert worker.asked == [("warm-up-stylize", False)]
    assert painter() == "litert"


def test_a_worker_that_dies_of_it_is_no_failure(worker: Worker):
    quickest.warm_up()
    worker.answers["at-once"] = WorkerDied("It has ended.")
    assert painter() == "litert"


def test_it_is_warmed_once_and_again_for_a_new_worker(worker: Worker):
    for _ in range(3):
        quickest.warm_up()
    assert len(worker.asked) == 1
    worker.pid = None  # dead: nobody needs another yet
    quickest.warm_up()
    assert len(worker.asked) == 1
    worker.pid, worker.tasks = 8, ["stylize"]
    quickest.warm_up()
    assert len(worker.asked) == 1
    worker.tasks = []
    worker.answers["warm-up-stylize"] = 8
    for _ in range(3):
        quickest.warm_up()
    assert len(worker.asked) == 2
    assert painter() == "tensorflow"


def test_what_failed_to_load_is_not_tried_for_ever(worker, monkeypatch):
    monkeypatch.setattr(quickest, "_warming", Job(RuntimeError("no memory"), State.failed))
    quickest.warm_up()
    assert worker.asked == []


def test_who_refines_goes_first(worker, monkeypatch):
    loading = Job(None, State.running)
    monkeypatch.setattr(quickest, "_warming", loading)
    quickest.give_way()
    assert loading.cancelled
    loading.state = State.cancelled
    quickest.warm_up()
    assert len(worker.asked) == 1


def test_without_tensorflow_nothing_is_loaded(worker, monkeypatch):
    monkeypatch.setattr(tensorflow_compat, "is_installed", lambda: False)
    quickest.warm_up()
    assert worker.asked == []
    assert painter() == "litert"


@pytest.fixture
def real_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ATELIER_WORKER", "auto")
    settings.cache_clear()
    monkeypatch.setattr(quickest, "_warming", None)
    monkeypatch.setattr(quickest, "painter_here", lambda: "litert")
    monkeypatch.setattr(quickest, "compute_dtype", lambda: "mixed_bfloat16")
    yield
    shared.close()


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_worker_paints_the_same_picture(real_worker, make_picture):
    quickest.warm_up()
    assert jobs.find(quickest.WARMING).result(300) == shared.pid != os.getpid()
    asked = Order(
        request=StylizeRequest(rows=96),
        photo=make_picture(120, 160),
        styles=[make_picture(seed=1)],
    )
    there = quickest.sketch(asked)
    here = session.at_once(asked.request, asked.photo, asked.styles)
    assert there.by == "tensorflow"
    assert np.abs(there.pixels.astype(int) - here).mean() < 3


@pytest.mark.parametrize(
    ("count", "dtype", "runtime", "expected"),
    [
        (quickest.MANY, "mixed_bfloat16", "auto", "tensorflow's"),
        (quickest.MANY - 1, "mixed_bfloat16", "auto", None),
        (quickest.MANY, "float32", "auto", None),
        (quickest.MANY, "mixed_bfloat16", "litert", None),
    ],
)
def test_many_pictures_are_worth_the_start_of_tensorflow(
    count, dtype, runtime, expected, monkeypatch
):
    monkeypatch.setenv("ATELIER_RUNTIME", runtime)
    settings.cache_clear()
    monkeypatch.setattr(quickest, "compute_dtype", lambda: dtype)
    monkeypatch.setattr(quickest.tensorflow_compat, "is_installed", lambda: True)
    monkeypatch.setattr(quickest.instant, "tensorflow_engine", lambda: "tensorflow's")
    assert quickest.engine_for(count) == expected
