"""The worker: a process for tasks that are to run apart, since what they import is slow and large.

It is started when it is first needed and then kept, one for all such tasks. If it dies, the jobs
in it fail, and the next one starts another. A step is drawn there when the engine here asks for
the next, so that a task sees and does the same as in a thread of this process.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import pickle
import queue
import threading
from collections.abc import Generator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from typing import Any

from core import processes
from core.errors import AtelierError
from core.jobs.interface import Control, Task
from core.jobs.progress import Progress
from core.processes import Child

log = logging.getLogger(__name__)

_PATIENCE = 0.2  # seconds between looks at whether anybody still looks


class WorkerDied(AtelierError, RuntimeError):
    """The process ended in the middle of a job. Its message is a sentence for who asked."""

    code = "worker-died"


class Worker:
    """A process at first need, and the next one when it has died."""

    def __init__(self) -> None:
        """Starts nothing yet."""
        self._lock = threading.Lock()
        self._life: _Life | None = None
        atexit.register(self.close)

    @property
    def pid(self) -> int | None:
        """The number of the process; None if there is none."""
        life = self._life
        return life.pid if life is not None and life.is_running else None

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks that are being drawn now."""
        life = self._life
        return [] if life is None else life.tasks

    def draw(self, task: Task, payload: Any, control: Control) -> Generator[Progress, None, Any]:
        """Draws a task in the process, as `task.run` would here.

        Raises:
            WorkerDied: If the process ends before the task does.
            BaseException: What the task raised, with the traceback from there as a note.
        """
        try:
            job = self._begun(task, payload)
        except OSError as error:  # a host that allows no second process
            log.warning("No worker process can be started, so this one does its work: %s", error)
            return (yield from task.run(payload, control))
        with closing(job):
            control.when_cancelled(job.stop)
            while True:
                while (event := job.event()) is None:
                    if control.stopping:
                        job.stop()
                kind, value = event
                if kind == "returned":
                    return value
                if kind == "raised":
                    raise value
                yield value
                if control.stopping:  # said first, lest another step is drawn
                    job.stop()
                job.go_on()

    def close(self) -> None:
        """Ends the process, if there is one."""
        with self._lock:
            life, self._life = self._life, None
        if life is not None:
            life.close()

    def _begun(self, task: Task, payload: Any) -> _Remote:
        """A job that the process has taken, in the second one if the first just died."""
        packed = pickle.dumps(payload)
        job = self._running().job(task)
        if not job.begin(task, packed):
            job = self._running().job(task)
            job.begin(task, packed)
        return job

    def _running(self) -> _Life:
        with self._lock:
            if self._life is None or not self._life.is_running:
                self._life = _Life(processes.start("core.jobs.worker_process:serve"))
            return self._life


class _Life:
    """One process from its start to its death."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._connection = Connection(child.socket.detach())
        self._sending, self._numbers = threading.Lock(), itertools.count(1)
        self._jobs: dict[int, _Remote] = {}
        self._dead = False
        threading.Thread(target=self._read, name="worker-events", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.process.pid

    @property
    def is_running(self) -> bool:
        return not self._dead and self._child.process.poll() is None

    @property
    def tasks(self) -> list[str]:
        return [] if self._dead else [job.name for job in list(self._jobs.values())]

    def job(self, task: Task) -> _Remote:
        number = next(self._numbers)
        job = self._jobs[number] = _Remote(self, number, task.name)
        if self._dead:
            job.tell("died", b"")
        return job

    def leave(self, number: int) -> None:
        self._jobs.pop(number, None)

    def send(self, number: int, kind: str, value: Any = None) -> None:
        with self._sending, suppress(OSError):  # it has died, as the end of its events tells
            self._connection.send((number, kind, value))

    def close(self) -> None:
        self._child.process.kill()
        self._child.process.wait()

    def died(self) -> WorkerDied:
        log.warning("The worker process has ended with status %s", self._child.process.wait())
        return WorkerDied(
            "The process that did this work has ended before its time, perhaps because memory "
            "was short: try again, with a smaller picture or fewer rows."
        )

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                number, kind, value = self._connection.recv()
                if kind == "log":
                    _handle(value)
                elif (job := self._jobs.get(number)) is not None:
                    job.tell(kind, value)
        self._dead = True
        self.close()  # it is of no use without its connection
        with self._sending:
            self._connection.close()
        for job in list(self._jobs.values()):
            job.tell("died", b"")


class _Remote:
    """One job in the process: what is said to it, and what it tells."""

    def __init__(self, life: _Life, number: int, name: str) -> None:
        self.name = name
        self._life, self._number = life, number
        self._events: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def close(self) -> None:
        self._life.leave(self._number)

    def begin(self, task: Task, payload: bytes) -> bool:
        """Whether the process has begun; else it had died before."""
        self._life.send(self._number, "begin", (task.run.__module__, task.name, payload))
        kind, value = self._events.get()
        if kind != "begun":  # for `event`, if nobody tries again
            self._events.put((kind, value))
        return kind == "begun"

    def stop(self) -> None:
        self._life.send(self._number, "stop")

    def go_on(self) -> None:
        self._life.send(self._number, "go on")

    def tell(self, kind: str, value: bytes) -> None:
        self._events.put((kind, value))

    def event(self) -> tuple[str, Any] | None:
        """What it tells next, None if that takes a while."""
        try:
            kind, value = self._events.get(timeout=_PATIENCE)
        except queue.Empty:
            return None
        if kind == "died":
            raise self._life.died()
        return kind, pickle.loads(value)  # noqa: S301 - from our own process


shared = Worker()
"""The worker of this process's engine."""


def _handle(record: logging.LogRecord) -> None:
    """Logs what the process says as if it had been said here."""
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
