"""The journal of predictions, and of what visitors said of them.

One SQLite file by default, PostgreSQL by `ATELIER_JOURNAL_URL`. What a call has returned from
is on disk: writes are committed before they are confirmed.
Pictures are never kept, only a hash that tells the same upload again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import JSON, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import database
from core.errors import AtelierError
from core.identify import Identification
from core.releases.arms import CHAMPION
from core.settings import settings


class Prediction(database.Base):
    """One identified painting."""

    __tablename__ = "predictions"
    __table_args__ = (Index("predictions_arm", "model", "version", "arm"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    session: Mapped[str] = mapped_column(index=True)
    picture_sha256: Mapped[str] = mapped_column(index=True)
    model: Mapped[str]
    version: Mapped[str | None]  # of the model; None in what was kept before there were any
    arm: Mapped[str | None]  # likewise, see `core.releases.arms`
    artists: Mapped[list[dict[str, object]]] = mapped_column(JSON)  # id and probability
    known_score: Mapped[float]
    seconds: Mapped[float]


class Feedback(database.Base):
    """What a visitor said of a prediction: the id of the right artist, or None if unknown here."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    prediction_id: Mapped[int] = mapped_column(ForeignKey("predictions.id"), index=True)
    right: Mapped[bool]
    artist: Mapped[str | None]


class JournalError(AtelierError, RuntimeError):
    """The journal cannot be written or read; the log says why."""

    code = "journal"


def record(
    result: Identification, *, picture_sha256: str, session: str, arm: str = CHAMPION
) -> int:
    """Keeps a prediction and returns its id.

    Args:
        arm: As which its version answered, see `core.releases.arms`.

    Raises:
        JournalError: If it could not be kept. So do all functions here.
    """
    row = Prediction(
        session=session,
        picture_sha256=picture_sha256,
        model=result.model,
        version=result.version,
        arm=arm,
        artists=[{"id": g.artist.id, "probability": g.probability} for g in result.guesses],
        # A database from before has no room for "cannot tell": then it counts as known.
        known_score=1.0 if result.known_score is None else result.known_score,
        seconds=result.seconds,
    )
    with _writing() as journal:
        journal.add(row)
        journal.flush()
        return row.id


def is_known(prediction_id: int) -> bool:
    """Whether there is a prediction of this id."""
    with _reading() as journal:
        return journal.get(Prediction, prediction_id) is not None


def give_feedback(prediction_id: int, *, right: bool, artist_id: str | None) -> None:
    """Keeps what a visitor said; a later word on the same prediction counts instead of it.

    Args:
        right: Whether the first guess was right.
        artist_id: The right artist; None for one who is not in the catalogue.
    """
    with _writing() as journal:
        journal.add(Feedback(prediction_id=prediction_id, right=right, artist=artist_id))


def predictions(session: str | None = None, *, limit: int = 1000) -> list[Prediction]:
    """The latest predictions, newest first, of one session or of all."""
    query = select(Prediction).order_by(Prediction.id.desc()).limit(limit)
    if session is not None:
        query = query.where(Prediction.session == session)
    with _reading() as journal:
        return list(journal.scalars(query))


def feedback() -> dict[int, Feedback]:
    """The last word on each prediction, by prediction id."""
    last = select(func.max(Feedback.id)).group_by(Feedback.prediction_id)
    with _reading() as journal:
        rows = journal.scalars(select(Feedback).where(Feedback.id.in_(last)))
        return {row.prediction_id: row for row in rows}


@contextmanager
def _reading() -> Iterator[Session]:
    with _told(), database.reading(settings().journal_url) as session:
        yield session


@contextmanager
def _writing() -> Iterator[Session]:
    with _told(), database.writing(settings().journal_url) as session:
        yield session


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except database.DatabaseError as error:
        raise JournalError("The journal cannot be used just now.") from error
