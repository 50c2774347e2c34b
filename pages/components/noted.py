"""Paintings noted in the journal, by figures alone: no visitor waits for it, or hears of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core import images
from core.monet import DIRECTIONS, MonetResult, difference

if TYPE_CHECKING:
    from core.journal.paintings import Mode
    from core.stylize.session import Painting

_COMPARED = 256  # pixels a side, as in the evaluation of Monet's generators


def painted(mode: Mode, **figures: Any) -> int | None:
    """Notes a painting, see `core.journal.paintings.record`; None if that could not be done."""
    # With SQLAlchemy it takes long to import, and a page is to be there before.
    from core.journal import JournalError, paintings

    with suppress(JournalError):
        return paintings.record(mode, **figures)
    return None


def refined(done: Painting, earlier: Painting | None = None) -> int | None:
    """Notes what was refined, and how near it came to photo and style.

    Args:
        earlier: The painting that it went on from, which was noted then.
    """
    last = done.curve[-1] if done.curve else None
    return painted(
        "refine",
        seconds=done.seconds - (earlier.seconds if earlier else 0.0),
        pixels=done.pixels[..., 0].size,
        steps=done.step - (earlier.step if earlier else 0),
        stopped=not done.complete,
        content_loss=last.content if last else None,
        style_loss=last.style if last else None,
    )


def monet(key: str, result: MonetResult | None) -> int | None:
    """Notes what a generator painted, and how much it changed.

    Args:
        key: Of the painting on its page; the direction is a part of it.
        result: None if the visitor did not wait for it.
    """
    direction = next(each for each in DIRECTIONS if f"-{each}-" in key)
    if result is None:
        return painted(direction, seconds=0.0, pixels=0, stopped=True)
    pictures = [images.load(jpeg, enough=_COMPARED) for jpeg in (result.before, result.after)]
    width, height = pictures[1].original_size
    return painted(
        direction,
        seconds=result.seconds,
        pixels=width * height,
        content_loss=difference(*(images.preview(each.pixels, _COMPARED) for each in pictures)),
    )


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
