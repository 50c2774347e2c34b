"""The journal of predictions, and of what visitors said of them.

One SQLite file by default, any SQLAlchemy URL by `ATELIER_JOURNAL_URL`. What a call
has returned from is on disk: writes are committed before they are confirmed.
Pictures are never kept, only a hash that tells the same upload again.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import JSON, ForeignKey, create_engine, event, func, select
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from core.errors import AtelierError
from core.identify import Identification
from core.settings import settings

log = logging.getLogger(__name__)


class Base(DeclarativeBase):
    """The tables of the journal."""


class Prediction(Base):
    """One identified painting."""

    __tablename__ = "predictions"

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    session: Mapped[str] = mapped_column(index=True)
    picture_sha256: Mapped[str] = mapped_column(index=True)
    model: Mapped[str]
    artists: Mapped[list[dict[str, object]]] = mapped_column(JSON)  # id and probability
    known_score: Mapped[float]
    seconds: Mapped[float]


class Feedback(Base):
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


def record(result: Identification, *, picture_sha256: str, session: str) -> int:
    """Keeps a prediction and returns its id.

    Raises:
        JournalError: If it could not be kept. So do all functions here.
    """
    row = Prediction(
        session=session,
        picture_sha256=picture_sha256,
        model=result.model,
        artists=[{"id": g.artist.id, "probability": g.probability} for g in result.guesses],
        # A database from before has no room for "cannot tell": then it counts as known.
        known_score=1.0 if result.known_score is None else result.known_score,
        seconds=result.seconds,
    )
    with _open() as database, database.begin():
        database.add(row)
        database.flush()
        return row.id


def is_known(prediction_id: int) -> bool:
    """Whether there is a prediction of this id."""
    with _open() as database:
        return database.get(Prediction, prediction_id) is not None


def give_feedback(prediction_id: int, *, right: bool, artist_id: str | None) -> None:
    """Keeps what a visitor said; a later word on the same prediction counts instead of it.

    Args:
        right: Whether the first guess was right.
        artist_id: The right artist; None for one who is not in the catalogue.
    """
    with _open() as database, database.begin():
        database.add(Feedback(prediction_id=prediction_id, right=right, artist=artist_id))


def predictions(session: str | None = None, *, limit: int = 1000) -> list[Prediction]:
    """The latest predictions, newest first, of one session or of all."""
    query = select(Prediction).order_by(Prediction.id.desc()).limit(limit)
    if session is not None:
        query = query.where(Prediction.session == session)
    with _open() as database:
        return list(database.scalars(query))


def feedback() -> dict[int, Feedback]:
    """The last word on each prediction, by prediction id."""
    last = select(func.max(Feedback.id)).group_by(Feedback.prediction_id)
    with _open() as database:
        rows = database.scalars(select(Feedback).where(Feedback.id.in_(last)))
        return {row.prediction_id: row for row in rows}


_opening = threading.Lock()


@contextmanager
def _open() -> Iterator[Session]:
    try:
        with _opening:  # a cache alone would let two threads create the tables
            engine = _engine(settings().journal_url)
        with Session(engine) as database:
            yield database
    # Besides the database's own: no driver for it, or an address that makes no sense.
    except (SQLAlchemyError, OSError, ImportError) as error:
        log.exception("The journal failed")
        raise JournalError("The journal cannot be used just now.") from error


@cache
def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ValueError as error:  # a port that is no number
        raise ArgumentError(str(error)) from error
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_pre_ping=True)
    if is_sqlite:
        event.listen(engine, "connect", _tune_sqlite)
    try:
        Base.metadata.create_all(engine)
    except DBAPIError:  # another process was creating them: now they are there
        Base.metadata.create_all(engine)
    return engine


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=30000")  # first: the next line may have to wait
    # Write-ahead logging lets readers go on while one writes; FULL survives a power cut.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
