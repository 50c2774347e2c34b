"""A growing row of things of which only so many are kept, evenly spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Thinned(Generic[T]):
    """At most so many of a growing row of things, evenly spread over all of it."""

    def __init__(self, most: int, kept: Sequence[T] = ()) -> None:
        """Starts with what was kept earlier."""
        self.kept = list(kept)
        self._most, self._every, self._seen = most, 1, 0

    def state(self) -> dict[str, Any]:
        """All of it, as JSON can hold it if it can hold the things."""
        return {"kept": list(self.kept), "every": self._every, "seen": self._seen}

    def restore(self, kept: Sequence[T], every: int, seen: int) -> None:
        """Takes the place of one whose `state` this is."""
        self.kept, self._every, self._seen = list(kept), every, seen

    def wants(self) -> bool:
        """Called once for each thing: whether to `add` it."""
        self._seen += 1
        return (self._seen - 1) % self._every == 0

    def add(self, thing: T) -> None:
        """Keeps a thing; every other one is left out where there would be too many."""
        self.kept.append(thing)
        if len(self.kept) >= self._most:
            self.kept, self._every = self.kept[::2], 2 * self._every
