"""Actors of a cluster that work off a list, as `core.processes.crew` does with processes.

Files are opened where an actor runs: on several machines they lie in a folder that all share, or
are named by URLs.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from core.errors import AtelierError
from core.processes.crew import ProcessDied
from serving.cluster import connection

Common = TypeVar("Common")
Item = TypeVar("Item")
Made = TypeVar("Made")

_AHEAD = 2  # items an actor has at a time: it begins the next at once
# Ray warns of what an actor that begins again needs: `work` holds it until the end.
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

_TRIES = 3  # with an item, before it is given up: others may have been killed for memory


def cores() -> int:
    """How many there are in the cluster.

    Raises:
        AtelierError: If there is no Ray, or no cluster.
    """
    connection.connect(os.cpu_count() or 1)
    return max(1, int(connection.required().cluster_resources().get("CPU", 1)))


def work(
    do: Callable[[Common, Item], Made], common: Common, items: Sequence[Item], count: int
) -> Iterator[tuple[int, Callable[[], Made]]]:
    """Works off a list, each item by whoever is free.

    Arguments, what is yielded and errors are those of `core.processes.crew.work`; but an item whose
    actor has died is tried again.

    Args:
        count: Of actors, a core each.
    """
    ray = connection.required()
    connection.connect(count)
    kind = ray.remote(
        num_cpus=1, max_restarts=-1, runtime_env={"env_vars": connection.environment(1)}
    )(_Actor)
    shared = ray.put((do, common))
    actors = [kind.remote(shared) for _ in range(min(count, len(items)))]
    left, again = deque(range(len(items))), [0] * len(items)
    at_work: dict[Any, tuple[int, Any]] = {}

    def give(actor: Any) -> None:
        if left:
            number = left.popleft()
            at_work[actor.do.remote(items[number])] = number, actor

    try:
        for actor in actors * _AHEAD:
            give(actor)
        while at_work:
            (ready,), _ = ray.wait(list(at_work), num_returns=1)
            number, actor = at_work.pop(ready)
            result = _result(ray, ready)
            died = isinstance(result, ray.exceptions.RayActorError)
            again[number] += died
            if died and again[number] < _TRIES:
                left.appendleft(number)
                give(actor)
                continue
            give(actor)
            yield number, partial(_given, result)
    finally:
        for actor in actors:
            ray.kill(actor)


def _result(ray: Any, ready: Any) -> Any:
    """What came of an item: a value, or an error."""
    try:
        return ray.get(ready)
    except ray.exceptions.RayActorError as error:
        return error
    except ray.exceptions.RayError as error:
        return _Failed(error)


def _given(result: Any) -> Any:
    if isinstance(result, _Failed):
        raise result.error
    if isinstance(result, Exception):
        raise ProcessDied(
            f"The process that worked on it has ended, {_TRIES} times, perhaps because memory was "
            "short: try fewer at a time."
        ) from result
    return result


class _Failed:
    """That work raised an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class _Actor:
    """A process of the cluster."""

    def __init__(self, shared: tuple[Callable[[Any, Any], Any], Any]) -> None:
        self._do, self._common = shared

    def do(self, item: Any) -> Any:
        """Works on an item; what a person can put right is told as it is."""
        try:
            return self._do(self._common, item)
        except (AtelierError, OSError) as error:
            return _Failed(error)
