"""Several processes that work off a list, each item by whoever is free."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
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

    Args:
        do: What is done with each item, a function of a module.
        common: What all items have in common, sent to each process once.
        count: Of processes. One is this one: it works when a result is asked for, in their order.

    Yields:
        The number of an item that is finished, in no order, and what gives its result, or raises
        what `do` raised, or `ProcessDied`. Whoever stops listening ends the processes.
    """
    if count == 1:
        for number, item in enumerate(items):
            yield number, partial(do, common, item)
        return
    threads = max(1, (os.cpu_count() or 1) // count)
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(do, common, threads),
    )
    left = iter(enumerate(items))
    at_work: dict[Future[Made], int] = {}

    def give(most: int) -> None:
        for number, item in islice(left, most):
            at_work[_submitted(pool, item)] = number

    try:
        give(_AHEAD * count)
        while at_work:
            # Who listens slowly has them wait: else results would pile up, and each may be a
            # picture. For the same reason none is kept here that was told of.
            done = wait(at_work, return_when=FIRST_COMPLETED).done
            while done:
                future = done.pop()
                number = at_work.pop(future)
                give(1)
                yield number, partial(_result, future)
                del future
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, item: Any) -> Future[Any]:
    """An item that is worked on; where a process has died, nobody works on any more."""
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
            "The process that worked on it has ended, perhaps because memory was short: try fewer "
            "at a time."
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
