"""The record of pictures that were painted for visitors: how long it took, what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import update

from core.journal.keeping import writing
from core.journal.tables import Painted

Mode = Literal["instant", "refine", "to-monet", "to-photo"]


def record(
    mode: Mode,
    *,
    seconds: float,
    pixels: int,
    steps: int = 0,
    stopped: bool = False,
    content_loss: float | None = None,
    style_loss: float | None = None,
    time: datetime | None = None,
) -> int:
    """Keeps the figures of a picture and returns their id.

    Args:
        seconds: Time it took; 0 if it was stopped and that is not known.
        pixels: Of the picture, in all; 0 if there is none.
        steps: Of the optimizer; 0 for what is painted at once.
        stopped: Whether the visitor did not wait for the end.
        content_loss: Distance from the photo: of what is refined `refine.Step.content_loss`; of a
            Monet the mean absolute difference, as a share of the range; None if not measured.
        style_loss: Of what is refined `refine.Step.style_loss`; None if not measured.
        time: When it was, UTC; by default now.

    Raises:
        JournalError: If it could not be kept. So do all functions here.
    """
    row = Painted(
        time=time or datetime.now(UTC),
        mode=mode,
        seconds=seconds,
        pixels=pixels,
        steps=steps,
        stopped=stopped,
        downloaded=False,
        content_loss=content_loss,
        style_loss=style_loss,
    )
    with writing() as journal:
        journal.add(row)
        journal.flush()
        return row.id


def downloaded(painting_id: int) -> None:
    """Keeps that a visitor took the picture home."""
    with writing() as journal:
        journal.execute(update(Painted).where(Painted.id == painting_id).values(downloaded=True))
