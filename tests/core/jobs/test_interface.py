"""Tasks have names, and no name means two things."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from core import jobs
from core.jobs import Control, Progress, Uncontrolled


@jobs.task("test-count")
def count(payload: int, control: Control) -> Generator[Progress, None, int]:
    """Counts."""
    for step in range(1, payload + 1):
        yield Progress(step=step, of=payload, fraction=step / payload)
    return payload


def test_a_task_can_be_drawn_without_an_engine():
    steps = jobs.registered("test-count").run(3, Uncontrolled())
    assert [progress.step for progress in steps] == [1, 2, 3]


def test_a_task_belongs_to_a_queue():
    assert jobs.registered("test-count").queue == "heavy"


def test_an_unknown_task_is_refused_before_it_waits():
    with pytest.raises(KeyError, match="No task 'test-nobody'; there are: "):
        jobs.submit("test-nobody", None, key="nobody")
    assert jobs.find("nobody") is None


def test_a_name_is_given_once():
    def other(payload: int, control: Control) -> Generator[Progress, None, int]:
        yield Progress()
        return payload

    with pytest.raises(ValueError, match="There is a task 'test-count' already"):
        jobs.task("test-count")(other)
    assert jobs.task("test-count")(count) is count  # a module that is imported again
