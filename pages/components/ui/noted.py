"""Paintings noted in the journal, by figures alone: no visitor waits for it, or hears of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.journal.paintings import Mode


def painted(mode: Mode, **figures: Any) -> int | None:
    """Notes a painting, see `core.journal.paintings.record`; None if that could not be done."""
    # With SQLAlchemy it takes long to import, and a page is to be there before.
    from core.journal import JournalError, paintings

    with suppress(JournalError):
        return paintings.record(mode, **figures)
    return None


def taken(painting_ids: Sequence[int | None], make: Callable[[], bytes]) -> Callable[[], bytes]:
    """What makes a file for a visitor who asks for it, and then notes that it was taken home."""

    def made() -> bytes:
        from core.journal import JournalError, paintings

        data = make()
        for each in painting_ids:
            if each is not None:
                with suppress(JournalError):
                    paintings.downloaded(each)
        return data

    return made
