"""The cancelling of a job: asked for once, seen by who asks, told to who waits elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core import errors


class Cancellation:
    """Whether work is to stop, and what is to be called when it is. For any thread."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        """Whether the work is to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Has the work stop, and says so, once, to all who want to hear of it."""
        with self._lock:
            first = not self._asked.is_set()
            self._asked.set()
            callbacks = list(self._callbacks) if first else []
        for callback in callbacks:
            _call(callback)

    def when_asked(self, callback: Callable[[], None]) -> None:
        """Has something called when the work is to stop; at once, if that is known already."""
        with self._lock:
            self._callbacks.append(callback)
            late = self._asked.is_set()
        if late:
            _call(callback)

    def forget(self) -> None:
        """Lets go of what would be called: the work is over."""
        with self._lock:
            self._callbacks.clear()


def _call(callback: Callable[[], None]) -> None:
    """Tells one of several that the work was cancelled; its failure is not the others'."""
    try:
        callback()
    except BaseException as error:
        errors.incident(error)
