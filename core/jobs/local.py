"""The local engine: jobs in threads of this process, so many of a queue at a time.

A task that is to run apart is drawn in the worker (`core.jobs.worker`), and such a thread follows
it there. A job belongs to the process, not to a page: it outlives reruns, and who comes back finds
it by its key. Threads end when there is nothing left to do.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core import errors
from core.jobs import interface, worker
from core.jobs.cancellation import Cancellation
from core.jobs.interface import State, Task
from core.jobs.progress import Progress
from core.settings import settings

log = logging.getLogger(__name__)

_REMEMBERED = 64  # finished jobs that can still be found


class Job:
    """A job of the local engine; see `core.jobs.interface.Handle` and `Control`."""

    def __init__(
        self, engine: LocalEngine, key: str, task: Task, payload: Any, patience: float | None
    ) -> None:
        """Waits in no queue yet."""
        self.key = key
        self.state = State.waiting
        self.progress: Progress | None = None
        self.error: BaseException | None = None
        self.sentence = ""
        self._engine, self._task, self._payload = engine, task, payload
        self._result: Any = None
        self._patience = patience
        self._cancellation, self._finished = Cancellation(), threading.Event()
        self._touched = time.monotonic()

    @property
    def is_finished(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self._finished.is_set()

    @property
    def stopping(self) -> bool:
        """What the task asks at every step: it was cancelled, or nobody looks any more."""
        if self._patience is not None and time.monotonic() - self._touched > self._patience:
            self.cancel()
        return self._cancellation.asked

    @property
    def position(self) -> int:
        """How many jobs are to finish before this one runs; 0 if it runs or is finished."""
        return self._engine.position(self)

    def touch(self) -> None:
        """Says that somebody still looks."""
        self._touched = time.monotonic()

    def cancel(self) -> None:
        """Asks the work to stop. What it has done so far stays its result."""
        self._cancellation.ask()

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        """Has something called that ends a wait which cannot ask `stopping`."""
        self._cancellation.when_asked(callback)

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the end, and returns what the task returned; None if it never began.

        Raises:
            TimeoutError: If it takes longer than `timeout` seconds.
            BaseException: What the task raised.
        """
        if not self._finished.wait(timeout):
            raise TimeoutError(f"Job {self.key!r} is not finished")
        if self.error is not None:
            raise self.error
        return self._result

    def run(self) -> None:
        """Draws the steps of the task to their end. Called once, by the engine."""
        try:
            if not self.stopping:
                self.state = State.running
                self._result = self._draw()
            self.state = State.cancelled if self._cancellation.asked else State.done
        # Whatever it is, `SystemExit` as well, it belongs to who follows the job: nothing but the
        # end of this work may come of it, since others wait behind it.
        except BaseException as error:
            self.error, self.state = error, State.failed
            self.sentence = errors.sentence(error)
            log.info("Job %s failed: %r", self.key, error)
            # What its frames hold would be remembered with it.
            traceback.clear_frames(error.__traceback__)
        finally:
            self._cancellation.forget()
            self._payload = None  # and with it the pictures that it was given
            self._finished.set()

    def _draw(self) -> Any:
        if self._task.apart and settings().worker == "auto":
            steps = worker.shared.draw(self._task, self._payload, self)
        else:
            steps = self._task.run(self._payload, self)
        while True:
            try:
                self.progress = next(steps)
            except StopIteration as end:
                return end.value


class LocalEngine:
    """Runs jobs in threads of this process; see `core.jobs.interface.Engine`."""

    def __init__(self) -> None:
        """Has nothing to do yet."""
        self.lock = threading.RLock()
        self._queues: dict[str, _Queue] = {}
        self._jobs: dict[str, Job] = {}

    def submit(
        self, task: str, payload: Any, *, key: str | None = None, patience: float | None = None
    ) -> Job:
        """Puts work into the queue; if a job of this key is not finished yet, gives that one."""
        known = interface.registered(task)
        key = key or f"{task}-{uuid.uuid4().hex}"
        with self.lock:
            job = self._jobs.get(key)
            if job is not None and not job.is_finished:
                job.touch()
                return job
            job = Job(self, key, known, payload, patience)
            self._jobs.pop(key, None)
            self._jobs[key] = job
            self._forget()
            name = known.queue or f"own-{key}"
            queue = self._queues.setdefault(name, _Queue(known.at_once))
            queue.waiting.append(job)
            if queue.threads < queue.width:
                try:
                    threading.Thread(
                        target=self._work_off, args=(name,), name=f"job-{name}", daemon=True
                    ).start()
                    queue.threads += 1
                except RuntimeError:  # no more threads
                    if not queue.threads:  # nobody would ever come for it
                        del self._queues[name], self._jobs[key]
                        raise
            return job

    def find(self, key: str) -> Job | None:
        """The latest job of this key, finished or not."""
        with self.lock:
            return self._jobs.get(key)

    def position(self, job: Job) -> int:
        """How many jobs are to finish before this one runs; 0 if it runs or is finished."""
        with self.lock:
            for queue in self._queues.values():
                if job in queue.waiting:
                    free = queue.width - queue.running
                    return max(0, queue.waiting.index(job) + 1 - free)
        return 0

    def _forget(self) -> None:
        finished = [key for key, job in self._jobs.items() if job.is_finished]
        for old in finished[: max(0, len(finished) - _REMEMBERED)]:
            del self._jobs[old]

    def _work_off(self, name: str) -> None:
        queue = self._queues[name]
        while True:
            with self.lock:
                if not queue.waiting:
                    queue.threads -= 1
                    if not queue.threads:
                        del self._queues[name]
                    return
                job = queue.waiting.popleft()
                queue.running += 1
            job.run()
            del job  # what it has painted belongs to who follows it
            with self.lock:
                queue.running -= 1


@dataclass
class _Queue:
    """Jobs of one queue.

    Attributes:
        width: How many run at a time.
        waiting: The first is the next.
        running: How many run now.
        threads: How many there are, of those that run jobs and those that are about to.
    """

    width: int
    waiting: deque[Job] = field(default_factory=deque)
    running: int = 0
    threads: int = 0
