"""Actors of a cluster that work off a list, as `core.processes.crew` does with processes.

Files are opened where an actor runs: on several machines they lie in a folder that all share, or
are named by URLs.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from core.errors import AtelierError
from core.processes.crew import ProcessDied
from serving.cluster import connection

log = logging.getLogger(__name__)

Common = TypeVar("Common")
Item = TypeVar("Item")
Made = TypeVar("Made")

_AHEAD = 2  # items an actor has at a time: it begins the next at once
# Ray warns of what an actor that begins again needs: `work` holds it until the end.
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

_TRIES = 3  # with an item, before it is given up: others may have been killed for memory
_LOOK = 0.25  # seconds between looks whether who begins again is there
_LONGEST = 120.0  # seconds for which an actor may begin again
_PATIENCE = 30.0  # seconds without anybody at work, after which that is said
_NOBODY = "There is no process on the cluster that could work on it: the log says why."


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
    actor has died is tried again. It begins with the actors that are there; the others join when
    the cluster has room for them.

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
    try:
        yield from _Board(ray, actors, items).results()
    finally:
        for actor in actors:
            ray.kill(actor)


@dataclass(frozen=True)
class _Call:
    """Something that an actor was asked for.

    Attributes:
        who: The actor.
        number: Of the item; None if it is only asked whether it is there.
        alone: Whether it has nothing else: then nothing else can have killed it.
    """

    who: int
    number: int | None = None
    alone: bool = False


class _Board:
    """Who works on what. Only an actor that has answered gets work: others may never be placed.

    What an actor had when it died is tried again, each item by one that has nothing else, so that
    what kills takes no neighbor along.
    """

    def __init__(self, ray: Any, actors: Sequence[Any], items: Sequence[Any]) -> None:
        """Asks nothing yet."""
        self._ray, self._actors, self._items = ray, actors, items
        self._left, self._suspects = deque(range(len(items))), deque[int]()
        self._calls: dict[Any, _Call] = {}
        self._present: set[int] = set()
        self._at_hand: Counter[int] = Counter()  # calls of an actor
        self._deaths: Counter[int] = Counter()  # by an item that was alone
        self._absent: dict[int, float] = {}  # actors that begin again, and since when
        self._idle, self._looked = time.monotonic(), 0.0  # since when nobody is there; last look

    def results(self) -> Iterator[tuple[int, Callable[[], Any]]]:
        """See `work`."""
        for who in range(len(self._actors)):
            self._begin(who)
        unfinished = len(self._items)
        while unfinished and (self._calls or self._absent):
            ready, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=_LOOK)
            self._look()
            if not ready:
                continue
            call = self._calls.pop(ready[0])
            result = _result(self._ray, ready[0])
            if call.number is None:
                self._answered(call.who, result)
                continue
            self._at_hand[call.who] -= 1
            if not isinstance(result, self._ray.exceptions.RayActorError):
                self._give(call.who)
                unfinished -= 1
                yield call.number, partial(_given, result)
                continue
            self._deaths[call.number] += call.alone
            is_over = self._deaths[call.number] >= _TRIES
            if not is_over:
                self._suspects.append(call.number)
            if call.who in self._present:
                self._present.discard(call.who)
                self._idle = time.monotonic()
                self._begin(call.who)
            for who in self._present:
                self._give(who)
            if is_over:
                unfinished -= 1
                yield call.number, partial(_given, result)
        for number in [*self._left, *self._suspects]:
            yield number, partial(_given, _Failed(ProcessDied(_NOBODY)))

    def _begin(self, who: int) -> None:
        """Asks an actor whether it is there."""
        self._calls[self._actors[who].ready.remote()] = _Call(who)

    def _answered(self, who: int, result: Any) -> None:
        if result is None:
            self._present.add(who)
            self._absent.pop(who, None)
            self._give(who)
            return
        since = self._absent.setdefault(who, time.monotonic())
        is_gone = isinstance(result, _Failed | self._ray.exceptions.ActorDiedError)
        if is_gone or time.monotonic() - since > _LONGEST:
            del self._absent[who]
            log.warning("A process of the cluster does not begin: %s", result)

    def _look(self) -> None:
        """Now and then: asks again who was beginning, and says so if nobody is there for long."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        for who in self._absent.keys() - {call.who for call in self._calls.values()}:
            self._begin(who)
        if not self._present and now - self._idle > _PATIENCE:
            self._idle = now
            log.warning("No process of the cluster is there yet: this waits for a free core.")

    def _give(self, who: int) -> None:
        """Gives an actor as much as it can have."""
        if any(call.who == who and call.alone for call in self._calls.values()):
            return
        while self._left and self._at_hand[who] < _AHEAD:
            self._ask(_Call(who, self._left.popleft()))
        if self._suspects and not self._at_hand[who]:
            self._ask(_Call(who, self._suspects.popleft(), alone=True))

    def _ask(self, call: _Call) -> None:
        assert call.number is not None
        self._at_hand[call.who] += 1
        self._calls[self._actors[call.who].do.remote(self._items[call.number])] = call


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

    def __str__(self) -> str:
        return str(self.error)


class _Actor:
    """A process of the cluster."""

    def __init__(self, shared: tuple[Callable[[Any, Any], Any], Any]) -> None:
        self._do, self._common = shared

    def ready(self) -> None:
        """Returns once it is there."""

    def do(self, item: Any) -> Any:
        """Works on an item; what a person can put right is told as it is."""
        try:
            return self._do(self._common, item)
        except (AtelierError, OSError) as error:
            return _Failed(error)
