"""The worker: takes up one durable job after the other, and keeps what is done of it.

Between two steps of a task it writes progress and checkpoints; a thread beside it renews the lease.
If the process is killed, the lease runs out, and another worker goes on from the checkpoint.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from core import errors
from core.database import DatabaseError
from core.errors import AtelierError
from core.jobs.cancellation import Cancellation
from core.jobs.checkpoint import Checkpoint
from core.jobs.durable import leases, tasks
from core.jobs.durable.engine import DatabaseEngine
from core.jobs.durable.handle import Failure
from core.jobs.durable.leases import Lease, LeaseLost
from core.jobs.durable.rows import PREVIEW, STILL
from core.jobs.interface import State
from core.jobs.progress import Progress
from core.settings import settings

log = logging.getLogger(__name__)

CHECKPOINT_EVERY = 2.0  # seconds; so much work is lost at most, and a step
PROGRESS_EVERY = 0.25  # seconds

_LOOK_EVERY = 0.25  # seconds, for work
_SWEEP_EVERY = 60.0  # seconds, for what has expired
_PAUSE = 1.0  # seconds after the database failed


class Worker:
    """Works jobs off, one at a time."""

    def __init__(
        self, engine: DatabaseEngine, name: str | None = None, *, lease: float | None = None
    ) -> None:
        """Takes up nothing yet.

        Args:
            engine: Whose jobs.
            name: Which no other worker has; made of machine and process if None.
            lease: Seconds for which it may be silent; `ATELIER_JOB_LEASE` if None.
        """
        self.engine = engine
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._seconds = lease or settings().job_lease
        self._swept = 0.0
        self._let_go: set[str] = set()  # jobs that a failure of the database took from it

    def run(self, stop: threading.Event) -> None:
        """Works until it is told to stop: then it writes a checkpoint, and gives its job back."""
        while not stop.is_set():
            try:
                if not self.work_one(stop):
                    stop.wait(_LOOK_EVERY)
            except DatabaseError:  # which the log has; the lease runs out, and somebody goes on
                stop.wait(_PAUSE)

    def work_one(self, stop: threading.Event) -> bool:
        """Works on the next job to its end; whether there was one.

        Raises:
            DatabaseError: If the database cannot be used.
        """
        if time.monotonic() - self._swept > _SWEEP_EVERY:
            self._swept = time.monotonic()
            self.engine.sweep()
        known = tasks.names()
        lease = leases.claim(self.engine.url, self.name, known, self._seconds, self._let_go)
        if lease is None:
            return False
        self._let_go.discard(lease.id)
        try:
            with suppress(LeaseLost), _Work(lease, stop) as work:
                work.do()
        except DatabaseError:
            self._let_go.add(lease.id)
            raise
        return True


class _Work(AbstractContextManager["_Work"]):
    """One job at work; what its task asks as its `core.jobs.durable.tasks.DurableControl`."""

    def __init__(self, lease: Lease, stop: threading.Event) -> None:
        self._lease, self._stop = lease, stop
        self._cancellation = Cancellation()
        self._lost, self._over = threading.Event(), threading.Event()
        self._heart = threading.Thread(target=self._beat, name="job-heartbeat", daemon=True)
        self.checkpoint: Checkpoint | None = None
        self._make: Callable[[], Checkpoint] | None = None
        self._urgent = False
        self._kept, self._told = time.monotonic(), -PROGRESS_EVERY
        self._untold: Progress | None = None
        self._pictures: dict[str, bytes] = {}

    def __enter__(self) -> _Work:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._heart.join()
        self._cancellation.forget()

    @property
    def stopping(self) -> bool:
        return self._cancellation.asked

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        self._cancellation.when_asked(callback)

    def offer(self, make: Callable[[], Checkpoint], *, urgent: bool = False) -> None:
        self._make, self._urgent = make, self._urgent or urgent

    def do(self) -> None:
        """Draws the steps of the task to their end, or until this worker has to leave."""
        try:
            task = tasks.registered(self._lease.task)
            self.checkpoint = self._lease.checkpoint()
            steps = task.run(task.payload.model_validate_json(self._lease.payload), self)
            while True:
                try:
                    progress = next(steps)
                except StopIteration as end:
                    result = end.value
                    break
                if not self._go_on(progress):
                    steps.close()
                    return
            file = None if result is None else task.packed(result)
        except (LeaseLost, DatabaseError):
            raise
        # Whatever it is, `SystemExit` as well, it is the job's: others wait behind it.
        except BaseException as error:
            log.info("Job %s failed: %r", self._lease.id, error)
            code = error.code if isinstance(error, AtelierError) else "incident"
            self._lease.fail(Failure(errors.sentence(error), code))
            return
        state = State.cancelled if self.stopping else State.done
        self._lease.finish(state, file, self._untold, self._new_pictures())

    def _go_on(self, progress: Progress) -> bool:
        """Writes what is due between two steps; whether to draw the next one."""
        if self._lost.is_set():
            raise LeaseLost(self._lease.id)
        self.checkpoint = None  # the task has seen it
        self._untold = progress
        moment, leaving = time.monotonic(), self._stop.is_set()
        reached = None
        if self._make is not None and (
            self._urgent or leaving or moment - self._kept > CHECKPOINT_EVERY
        ):
            reached = self._make()
        if reached is not None or leaving or moment - self._told > PROGRESS_EVERY:
            self._lease.tell(progress, self._new_pictures(), reached)
            self._untold, self._told = None, time.monotonic()
        if reached is not None:
            self._make, self._urgent, self._kept = None, False, time.monotonic()
        if leaving:
            self._lease.give_back()
        return not leaving

    def _new_pictures(self) -> dict[str, bytes]:
        """Those of the latest progress that are not written yet."""
        if self._untold is None:
            return {}
        shown = {PREVIEW: self._untold.preview, STILL: self._untold.still}
        new = {
            name: picture
            for name, picture in shown.items()
            if picture is not None and picture is not self._pictures.get(name)
        }
        self._pictures |= new
        return new

    def _beat(self) -> None:
        """Renews the lease, and hears whether the job is to stop."""
        while not self._over.wait(self._lease.seconds / 5):
            try:
                if self._lease.renew():
                    self._cancellation.ask()
            except LeaseLost:
                self._lost.set()
                return
            except DatabaseError:  # it may come back before the lease runs out
                continue
