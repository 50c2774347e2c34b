"""The reading of paintings from the journal, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from core import database
from core.journal import Painted
from core.settings import settings

FIRST = 100  # paintings of a mode, the reference of the later ones
MOST = 20_000  # the latest


@dataclass(frozen=True)
class Paintings:
    """Paintings of one mode, a row each, oldest first.

    Attributes:
        mode: See `core.journal.paintings.Mode`.
        seconds: `(n,)` float64.
        stopped: `(n,)` whether the visitor did not wait for the end.
        downloaded: `(n,)` whether they took it home.
        content_loss: `(n,)` float64, see `core.journal.paintings.record`; nan if not measured.
        style_loss: `(n,)` likewise.
    """

    mode: str
    seconds: npt.NDArray[np.float64]
    stopped: npt.NDArray[np.bool_]
    downloaded: npt.NDArray[np.bool_]
    content_loss: npt.NDArray[np.float64]
    style_loss: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seconds)


def read(mode: str) -> Paintings:
    """The first paintings of a mode that are kept, and the latest.

    Raises:
        core.database.DatabaseError: If the journal cannot be read.
    """
    query = select(
        Painted.id,
        Painted.seconds,
        Painted.stopped,
        Painted.downloaded,
        Painted.content_loss,
        Painted.style_loss,
    ).where(Painted.mode == mode)
    with database.reading(settings().journal_url) as session:
        first = session.execute(query.order_by(Painted.id).limit(FIRST)).all()
        latest = session.execute(query.order_by(Painted.id.desc()).limit(MOST)).all()[::-1]
    rows = [row for row in first if row.id < latest[0].id] + [*latest]

    def column(number: int, kind: type) -> Any:
        return np.array([row[number] for row in rows], kind)

    kinds = (float, bool, bool, float, float)
    return Paintings(mode, *(column(number, kind) for number, kind in enumerate(kinds, 1)))


def newest() -> tuple[int, int]:
    """The id of the newest painting, 0 for none, and how many were taken home."""
    taken = select(func.count()).where(Painted.downloaded.is_(True))
    with database.reading(settings().journal_url) as session:
        return session.scalar(select(func.max(Painted.id))) or 0, session.scalar(taken) or 0
