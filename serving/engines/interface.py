"""What the service asks of an engine: three methods, the same for one machine and for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from core.errors import AtelierError

T = TypeVar("T")

Place = Literal["identify", "paint"]
"""Where work is done: each has its own processes or threads."""

Stopping = Callable[[], bool]
"""Asked by work whether nobody waits for it any more."""

Work = Callable[[Stopping], T]
"""What is to be done. It and its result can be pickled, and doing it twice does no harm."""


class Unavailable(AtelierError):
    """There is nobody to do the work just now. Its message is one sentence."""

    code = "unavailable"


class Engine(Protocol):
    """Does work. May be asked from several threads."""

    @property
    def most(self) -> dict[Place, int]:
        """How many works it does at a time, at most."""

    def start(self) -> None:
        """Returns when work is done at once; to be called once, before any.

        Raises:
            core.errors.AtelierError: If that will never be, or it was closed meanwhile.
        """

    def do(self, place: Place, work: Work[T], stopping: Stopping) -> T:
        """Has work done, and returns its result, or raises its error.

        Raises:
            Unavailable: If nobody could do it.
        """

    def close(self) -> None:
        """Ends what `start` began; where that still runs in another thread, it returns soon."""
