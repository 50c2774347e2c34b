"""Several processes that work off a list, each item by whoever is free."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, TypeVar

from core.errors import AtelierError

Common = TypeVar("Common")
Item = TypeVar("Item")
Made = TypeVar("Made")


_AHEAD = 2  # items a process has at a time: it begins the next at once


class ProcessDied(AtelierError, RuntimeError):
    """A process that ended in the middle of its work."""

    code = "worker-died"


def work(
    do: Callable[[Common, Item], Made], common: Common, items: Sequence[Item], count: int
) -> Iterator[tuple[int, Callable[[], Made]]]:
    """Works off a list in processes that share the cores; by itself if there is to be but one.

    What was at work when a process died is tried again, each item by itself, so that what kills
    takes no neighbor along.

    Args:
        do: What is done with each item, a function of a module.
        common: What all items have in common, sent to each process once.
        count: Of processes. One is this one: it works when a result is asked for, in their order.

    Yields:
        The number of an item that is finished, in no order, and what gives its result, or raises
        what `do` raised, or `ProcessDied` if it killed its process. Whoever stops listening ends
        the processes.
    """
    if count == 1:
        for number, item in enumerate(items):
            yield number, partial(do, common, item)
        return
    threads = max(1, (os.cpu_count() or 1) // count)

    def begun() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            count,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(do, common, threads),
        )

    pool, is_broken = begun(), False
    left, suspects = deque(range(len(items))), deque[int]()
    at_work: dict[Future[Made], int] = {}
    is_alone = False  # whether what is at work is the only one: nothing else can have killed it

    def give() -> None:
        nonlocal is_alone
        if not at_work:
            is_alone = bool(suspects)
        waiting, most = (suspects, 1) if is_alone else (left, _AHEAD * count)
        while waiting and len(at_work) < most and not is_broken:
            number = waiting.popleft()
            at_work[_submitted(pool, items[number])] = number

    try:
        give()
        while at_work:
            # Who listens slowly has them wait: else results would pile up, and each may be a
            # picture. For the same reason none is kept here that was told of.
            done = wait(at_work, return_when=FIRST_COMPLETED).done
            while done:
                future = done.pop()
                number = at_work.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    is_broken = True
                    if not is_alone:
                        suspects.append(number)
                        continue
                give()
                yield number, partial(_result, future)
                del future
            if is_broken and not at_work:
                pool.shutdown()
                pool, is_broken = begun(), False
                give()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, item: Any) -> Future[Any]:
    """An item that is worked on; where a process has just died, nobody does."""
    try:
        return pool.submit(_do, item)
    except BrokenProcessPool as error:
        failed: Future[Any] = Future()
        failed.set_exception(error)
        return failed


def _result(future: Future[Made]) -> Made:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise ProcessDied(
            "The process that worked on it has ended, perhaps because memory was short."
        ) from error


_work: tuple[Callable[[Any, Any], Any], Any]


def _begin(do: Callable[[Any, Any], Any], common: Any, threads: int) -> None:
    """What a process does first; Ctrl-C is for who started it."""
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("ATELIER_THREADS", str(threads))
    from core.settings import settings

    settings.cache_clear()
    _work = do, common


def _do(item: Any) -> Any:
    do, common = _work
    return do(common, item)
