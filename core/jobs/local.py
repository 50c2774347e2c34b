"""Long work in the background: submit, follow, cancel.

One job of a lane runs at a time, the others wait in line. A job belongs to the process,
not to a page: it outlives reruns, and who comes back finds it by its key. Threads end
when there is nothing left to do.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from core import errors

log = logging.getLogger(__name__)

_REMEMBERED = 64  # finished jobs that can still be found


class State(StrEnum):
    """Where a job stands."""

    waiting = "waiting"
    running = "running"
    done = "done"
    cancelled = "cancelled"
    failed = "failed"


class Job:
    """A piece of long work, followed from any thread.

    Attributes:
        key: Tells jobs apart; while one is not finished, no second of the same key starts.
        state: Where it stands.
        progress: What the work reported last; None before its first word.
        error: What went wrong, if it failed.
        sentence: The same for who asked, see `core.errors.sentence`; empty if nothing did.
    """

    def __init__(self, key: str, work: Callable[[Job], Any], patience: float | None) -> None:
        self.key = key
        self.state = State.waiting
        self.progress: Any = None
        self.error: BaseException | None = None
        self.sentence = ""
        self._work, self._result, self._patience = work, None, patience
        self._cancel, self._finished = threading.Event(), threading.Event()
        self._on_cancel: list[Callable[[], None]] = []
        self._touched = time.monotonic()

    @property
    def is_finished(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self._finished.is_set()

    @property
    def stopping(self) -> bool:
        """What the work asks at every step: it was cancelled, or nobody looks any more."""
        if self._patience is not None and time.monotonic() - self._touched > self._patience:
            self.cancel()
        return self._cancel.is_set()

    @property
    def place(self) -> int:
        """How many jobs are to finish before this one runs; 0 if it runs or is finished."""
        with _lock:
            for lane in _lanes.values():
                if self in lane:
                    return lane.index(self)
        return 0

    def report(self, progress: Any) -> None:
        """Called by the work: the latest progress."""
        self.progress = progress

    def touch(self) -> None:
        """Called by who follows the job: somebody still looks."""
        self._touched = time.monotonic()

    def cancel(self) -> None:
        """Asks the work to stop. What it has done so far stays its result."""
        with _lock:
            first = not self._cancel.is_set()
            self._cancel.set()
            callbacks = list(self._on_cancel) if first else []
        for callback in callbacks:
            _call(callback)

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        """Called by the work: what ends a wait that cannot ask `stopping`."""
        with _lock:
            self._on_cancel.append(callback)
            late = self._cancel.is_set()
        if late:
            _call(callback)

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the end, and returns what the work returned.

        Raises:
            TimeoutError: If it takes longer than `timeout` seconds.
            BaseException: What the work raised.
        """
        if not self._finished.wait(timeout):
            raise TimeoutError(f"Job {self.key!r} is not finished")
        if self.error is not None:
            raise self.error
        return self._result

    def _run(self) -> None:
        try:
            if not self.stopping:
                self.state = State.running
                self._result = self._work(self)
            self.state = State.cancelled if self._cancel.is_set() else State.done
        # Whatever it is, `SystemExit` as well, it belongs to who follows the job: nothing but the
        # end of this work may come of it, since others wait behind it.
        except BaseException as error:
            self.error, self.state = error, State.failed
            self.sentence = errors.sentence(error)
            log.info("Job %s failed: %r", self.key, error)
            # What its frames hold would be remembered with it.
            traceback.clear_frames(error.__traceback__)
        finally:
            self._on_cancel.clear()
            self._work = _nothing  # and with it the pictures that it was given
            self._finished.set()


def _call(callback: Callable[[], None]) -> None:
    """Tells one of several that the work was cancelled; its failure is not the others'."""
    try:
        callback()
    except BaseException as error:
        errors.incident(error)


def _nothing(job: Job) -> None:
    """In place of work that is finished."""


_lock = threading.RLock()
_lanes: dict[str, deque[Job]] = {}  # the first of a lane is running
_jobs: dict[str, Job] = {}


def submit(
    key: str,
    work: Callable[[Job], Any],
    *,
    lane: str = "heavy",
    patience: float | None = None,
) -> Job:
    """Puts work in line; if a job of this key is not finished yet, gives that one.

    Args:
        work: Called with its job; asks `stopping` often, and calls `report`.
        lane: One job of a lane runs at a time.
        patience: Seconds without a `touch` after which the job stops by itself.
    """
    with _lock:
        job = _jobs.get(key)
        if job is not None and not job.is_finished:
            job.touch()
            return job
        job = Job(key, work, patience)
        _jobs.pop(key, None)
        _jobs[key] = job
        finished = [k for k, j in _jobs.items() if j.is_finished]
        for old in finished[: max(0, len(finished) - _REMEMBERED)]:
            del _jobs[old]
        line = _lanes.setdefault(lane, deque())
        line.append(job)
        if len(line) == 1:
            try:
                threading.Thread(
                    target=_work_off, args=(lane,), name=f"job-{lane}", daemon=True
                ).start()
            except RuntimeError:  # no more threads: nobody would ever come for it
                line.clear()
                del _jobs[key]
                raise
        return job


def find(key: str) -> Job | None:
    """The latest job of this key, finished or not."""
    with _lock:
        return _jobs.get(key)


def _work_off(lane: str) -> None:
    line = _lanes[lane]
    while True:
        line[0]._run()
        with _lock:
            line.popleft()
            if not line:
                return
