"""Durable tasks for tests, for any process: `ATELIER_EXTENSIONS=tests.durable_tasks`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator

import numpy as np

from core.errors import InvalidRequest
from core.jobs import Progress, durable
from core.jobs.durable import Checkpoint, DurableControl, File


class Count(durable.Payload):
    """How to count."""

    to: int
    seconds: float = 0.0  # between two numbers
    dies_at: int | None = None
    refuses_at: int | None = None
    breaks_at: int | None = None
    data: bytes = b""


class Counted(durable.Payload):
    """What was counted, and by whose hand."""

    numbers: list[int]
    data: bytes


Steps = Generator[Progress, None, Counted | None]


@durable.task("test-count", payload=Count, result=Counted)
def count(order: Count, control: DurableControl) -> Steps:
    """Counts from 1, and remembers all numbers, each as a piece of its own."""
    numbers: list[int] = []
    if (found := control.checkpoint) is not None:
        numbers = [int(found.pieces[f"n{n}"]["n"]) for n in range(1, found.state["reached"] + 1)]
        assert found.arrays["last"].tolist() == numbers[-1:]
    while len(numbers) < order.to and not control.stopping:
        number = len(numbers) + 1
        if number == order.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == order.refuses_at:
            raise InvalidRequest("That number is too large.")
        if number == order.breaks_at:
            raise ZeroDivisionError("a bug")
        numbers.append(number)
        control.offer(lambda: _checkpoint(numbers))
        yield Progress(step=number, of=order.to, preview=b"preview %d" % number)
        time.sleep(order.seconds)
    return Counted(numbers=numbers, data=order.data) if numbers else None


def _checkpoint(numbers: list[int]) -> Checkpoint:
    return Checkpoint(
        {"reached": len(numbers)},
        {"last": np.array(numbers[-1:])},
        {f"n{n}": {"n": np.array(n)} for n in numbers},
    )


@durable.task("test-file", payload=Count)
def file(order: Count, control: DurableControl) -> Generator[Progress, None, File]:
    """Gives back what it is given, as a file."""
    yield Progress()
    return File(order.data, "application/x-test")
