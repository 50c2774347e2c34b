"""Admission: how much work may wait, who may ask how often, and what is refused at once.

An unbounded server answers everybody too late. A lane takes as many requests as it can answer
within its target: target p99 x throughput, which it measures. Whoever comes then is told when to
come again (429), before their picture is even read.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from serving import metrics
from serving.messages.problems import Gone, busy

T = TypeVar("T")

_SHARE = 0.5  # of the target; in the rest a body is read, and others take their turns at the cores
_NEWEST = 0.1  # weight of the latest request in the mean of their seconds
_CALLERS = 10_000  # whose buckets are remembered


class Lane:
    """Work of one kind, in threads of its own, with a queue that is never too long.

    To be used on one event loop.
    """

    def __init__(self, name: str, *, workers: int, target: float, seconds: float) -> None:
        """Starts no thread yet.

        Args:
            workers: How many requests are worked on at a time.
            target: p99 of what is accepted, seconds.
            seconds: What one request takes, until that was measured.
        """
        self.name, self.workers, self.target, self.seconds = name, workers, target, seconds
        self._load = 0  # waiting, or in a thread
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"lane-{name}")
        metrics.queue.labels(name).set_function(lambda: self._load)

    @property
    def room(self) -> int:
        """How many requests it takes at a time."""
        throughput = self.workers / self.seconds
        return max(self.workers, int(_SHARE * self.target * throughput))

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits or runs."""
        return self._load == 0

    def check(self) -> None:
        """Refuses, before a body is read, what there would be no room for.

        Raises:
            Refused: 429.
        """
        if self._load >= self.room:
            metrics.rejected.labels("queue").inc()
            wait = self._load * self.seconds / self.workers - _SHARE * self.target
            raise busy(wait, "There is more to do than can be done in time: try again in a moment.")

    async def run(
        self,
        work: Callable[[Callable[[], bool]], T],
        gone: Callable[[], Awaitable[None]],
    ) -> T:
        """Waits for its turn, and has work done in a thread.

        Args:
            work: Called with what it may ask whether to stop.
            gone: Returns when who asked has gone: what waits is dropped, what runs is told.

        Raises:
            Refused: 429, if there is no room.
            Gone: If who asked has.
        """
        self.check()
        self._load += 1
        left = asyncio.ensure_future(gone())
        try:
            arrived = time.perf_counter()
            await self._turn(left)
            metrics.stages.labels("queue").observe(time.perf_counter() - arrived)
            return await self._work(work, left)
        finally:
            left.cancel()

    async def _turn(self, left: asyncio.Future[None]) -> None:
        """Waits for a thread; the load is taken off again if nobody waits for the result."""
        if self._running < self.workers:
            self._running += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait([turn, left], return_when=asyncio.FIRST_COMPLETED)
            if not turn.done():
                raise Gone
        except BaseException:
            if turn.done():  # its thread goes to the next
                self._finished(None)
            else:
                self._waiting.remove(turn)
                self._load -= 1
            raise

    async def _work(self, work: Callable[[Callable[[], bool]], T], left: asyncio.Future[None]) -> T:
        stop = threading.Event()
        started = time.perf_counter()
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._pool, context.run, work, stop.is_set)
        # Whatever becomes of who asked, the thread is busy until it has ended.
        done.add_done_callback(lambda _: self._finished(time.perf_counter() - started))
        both: list[asyncio.Future[Any]] = [done, left]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            stop.set()
            raise
        if not done.done():
            stop.set()
            done.add_done_callback(lambda d: d.cancelled() or d.exception())  # nobody else looks
            raise Gone
        return done.result()

    def _finished(self, seconds: float | None) -> None:
        """Takes a request off, counts its time, and gives its thread to the next."""
        self._load -= 1
        if seconds is not None:
            self.seconds += _NEWEST * (seconds - self.seconds)
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1

    def close(self) -> None:
        """Lets the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Buckets:
    """A token bucket for each caller: so many requests a second on average, twice that at once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: rate: Requests a second; 0 for any number."""
        self._rate, self._clock = rate, clock
        self._most = max(1.0, 2 * rate)
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Takes a token.

        Raises:
            Refused: 429, if there is none.
        """
        if not self._rate:
            return
        now = self._clock()
        level, before = self._levels.pop(caller, (self._most, now))
        level = min(self._most, level + self._rate * (now - before))
        self._levels[caller] = (level - 1 if level >= 1 else level, now)
        if len(self._levels) > _CALLERS:
            self._levels.popitem(last=False)
        if level < 1:
            metrics.rejected.labels("rate").inc()
            raise busy((1 - level) / self._rate, "Too many requests: slow down.", "rate")


class Budget:
    """Bytes of bodies that are in memory at a time, for all requests together."""

    def __init__(self, most: int) -> None:
        """Args: most: Bytes; one body may always be larger."""
        self._most = most
        self.taken = 0

    def take(self, count: int) -> None:
        """Takes what has arrived.

        Raises:
            Refused: 429, if there is too much.
        """
        if self.taken and self.taken + count > self._most:
            metrics.rejected.labels("memory").inc()
            raise busy(1.0, "Too many pictures arrive at the same time: try again in a moment.")
        self.taken += count

    def give(self, count: int) -> None:
        """Gives back what is not needed any more."""
        self.taken -= count


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
