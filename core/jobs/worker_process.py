"""The process of the worker: what it does with what the engine asks, see `core.jobs.worker`."""

from __future__ import annotations

import importlib
import logging
import logging.handlers
import os
import pickle
import socket
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from core.jobs import interface
from core.jobs.cancellation import Cancellation

_NICE = 5  # pages and what is painted at once go first

Send = Callable[[int, str, Any], None]


def serve(asking: socket.socket) -> None:
    """Draws tasks until its input ends, which it does with the process that started it."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    connection, lock = Connection(asking.detach()), threading.Lock()

    def send(number: int, kind: str, value: Any) -> None:
        with lock, suppress(OSError):  # nobody is there to hear of it, as the end of input tells
            connection.send((number, kind, value))

    root = logging.getLogger()
    root.addHandler(_ToTheEngine(partial(send, 0, "log")))
    root.setLevel(logging.INFO)  # the engine's own levels choose from that
    logging.captureWarnings(True)
    jobs: dict[int, _Job] = {}
    try:
        while True:
            number, kind, value = connection.recv()
            if kind == "begin":
                jobs[number] = _Job(partial(send, number), partial(jobs.pop, number))
                threading.Thread(target=jobs[number].run, args=value, daemon=True).start()
            elif (job := jobs.get(number)) is not None:
                job.hear(kind)
    except (EOFError, OSError):
        os._exit(0)  # in the middle of whatever it does


class _Job:
    """A task being drawn; what it asks as its `core.jobs.interface.Control`."""

    def __init__(self, send: Callable[[str, Any], None], leave: Callable[[], object]) -> None:
        self._send, self._leave = send, leave
        self._cancellation, self._go_on = Cancellation(), threading.Semaphore(0)

    @property
    def stopping(self) -> bool:
        return self._cancellation.asked

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        self._cancellation.when_asked(callback)

    def hear(self, kind: str) -> None:
        """What the engine says: to stop, or to draw the next step."""
        if kind == "stop":
            self._cancellation.ask()
        else:
            self._go_on.release()

    def run(self, module: str, name: str, payload: bytes) -> None:
        """Draws the task to its end, and tells how that was."""
        self._send("begun", b"")
        try:
            result = pickle.dumps(self._draw(module, name, payload))
            self._send("returned", result)
        except BaseException as error:
            self._send("raised", _packed(error))
        finally:
            self._leave()

    def _draw(self, module: str, name: str, payload: bytes) -> Any:
        importlib.import_module(module)  # which registers it
        task = interface.registered(name)
        steps = task.run(pickle.loads(payload), self)  # noqa: S301 - from the engine
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                return end.value
            self._send("progress", pickle.dumps(progress))
            self._go_on.acquire()


class _ToTheEngine(logging.handlers.QueueHandler):
    """Sends what is logged here to be logged there."""

    def __init__(self, send: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(queue=None)  # type: ignore[arg-type]
        self._send = send

    def enqueue(self, record: logging.LogRecord) -> None:
        self._send(record)


def _packed(error: BaseException) -> bytes:
    """An error as bytes; one that does not survive the way is told in words."""
    told = "".join(traceback.format_exception(error))
    error.add_note(f"In the worker process:\n\n{told}")
    try:
        packed = pickle.dumps(error)
        pickle.loads(packed)  # noqa: S301 - our own
    except Exception:
        replacement = RuntimeError(f"{type(error).__name__}: {error}")
        replacement.__notes__ = error.__notes__
        packed = pickle.dumps(replacement)
    return packed
