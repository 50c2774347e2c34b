"""Predictions and feedback: kept, read, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import database
from core.errors import AtelierError
from core.identify import Identification, Observation
from core.images.types import Floats
from core.journal import copies
from core.journal.tables import (
    Decision,
    Failure,
    Feedback,
    KeptPicture,
    Observed,
    Painted,
    Prediction,
    Shadow,
    last_words,
)
from core.releases.arms import CHAMPION, FORCED
from core.settings import settings


class JournalError(AtelierError, RuntimeError):
    """The journal cannot be written or read; the log says why."""

    code = "journal"


def record(
    result: Identification,
    *,
    picture_sha256: str,
    session: str,
    arm: str = CHAMPION,
    time: datetime | None = None,
) -> int:
    """Keeps a prediction and returns its id.

    Args:
        arm: As which its version answered, see `core.releases.arms`.
        time: When it was, UTC; by default now.

    Raises:
        JournalError: If it could not be kept. So do all functions here.
    """
    row = Prediction(
        time=time or datetime.now(UTC),
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
    with writing() as journal:
        journal.add(row)
        journal.flush()
        if result.observation is not None:
            journal.add(_observed(row.id, result.observation))
        return row.id


def _observed(prediction_id: int, seen: Observation) -> Observed:
    return Observed(
        prediction_id=prediction_id,
        logits=_packed(seen.logits),
        projection=None if seen.projection is None else _packed(seen.projection),
        brightness=seen.brightness,
        saturation=seen.saturation,
        aspect=seen.aspect,
        side=seen.side,
        format=seen.format,
    )


def _packed(numbers: Floats) -> bytes:
    return np.asarray(numbers, "<f2").tobytes()


def keep_shadow(prediction_id: int, result: Identification) -> None:
    """Keeps what a version that nobody saw made of the picture of a prediction."""
    if result.observation is None:
        return
    row = Shadow(
        prediction_id=prediction_id,
        version=result.version,
        logits=_packed(result.observation.logits),
        seconds=result.seconds,
    )
    with writing() as journal:
        journal.merge(row)


@contextmanager
def failures_kept(model: str, version: str, arm: str = CHAMPION) -> Iterator[None]:
    """Keeps it if a version fails inside, for `core.monitoring.watching`; the error goes on.

    Not of one that was asked for: it counts in no experiment.
    """
    try:
        yield
    except Exception as error:
        if arm == FORCED:
            raise
        with suppress(JournalError), writing() as journal:
            journal.add(Failure(model=model, version=version, error=type(error).__name__))
        raise


def is_known(prediction_id: int, session: str) -> bool:
    """Whether there is a prediction of this id, made for this session."""
    with reading() as journal:
        row = journal.get(Prediction, prediction_id)
        return row is not None and row.session == session


def give_feedback(
    prediction_id: int,
    *,
    right: bool,
    artist_id: str | None,
    stranger: bool = False,
    time: datetime | None = None,
) -> None:
    """Keeps what a visitor said; a later word on the same prediction counts instead of it.

    Args:
        right: Whether the answer was right.
        artist_id: The right artist; None for one who is not in the catalogue, or who was not named.
        stranger: Whether it is a painting by one who is not in the catalogue; then none is named.
        time: When it was, UTC; by default now.
    """
    said = Feedback(
        prediction_id=prediction_id,
        right=right,
        artist=artist_id,
        stranger=stranger and artist_id is None,
    )
    said.time = time or datetime.now(UTC)
    with writing() as journal:
        journal.add(said)


def predictions(session: str | None = None, *, limit: int = 1000) -> list[Prediction]:
    """The latest predictions, newest first, of one session or of all."""
    query = select(Prediction).order_by(Prediction.id.desc()).limit(limit)
    if session is not None:
        query = query.where(Prediction.session == session)
    with reading() as journal:
        return list(journal.scalars(query))


def feedback() -> dict[int, Feedback]:
    """The last word on each prediction, by prediction id."""
    last = last_words()
    with reading() as journal:
        rows = journal.scalars(select(Feedback).join(last, last.c.id == Feedback.id))
        return {row.prediction_id: row for row in rows}


def forget(before: datetime) -> int:
    """Deletes what is of before a time, UTC, and tells how many predictions were among it.

    With them goes all that hangs on them, kept pictures included.
    """
    old = select(Prediction.id).where(Prediction.time < before)
    said = select(Feedback.id).where(Feedback.prediction_id.in_(old))
    kept = select(KeptPicture.file).where(KeptPicture.prediction_id.in_(old))
    with writing() as journal:
        files = journal.scalars(kept).all()
        journal.execute(delete(Decision).where(Decision.feedback_id.in_(said)))
        for table in (KeptPicture, Feedback, Observed, Shadow):
            journal.execute(delete(table).where(table.prediction_id.in_(old)))
        for rest in (Failure, Painted):
            journal.execute(delete(rest).where(rest.time < before))
        gone = journal.connection().execute(delete(Prediction).where(Prediction.time < before))
    for name in files:
        copies.delete(name)
    return gone.rowcount


@contextmanager
def reading() -> Iterator[Session]:
    """A session that reads.

    Raises:
        JournalError: If it cannot be used.
    """
    with _told(), database.reading(settings().journal_url) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """A session in a transaction that is confirmed at the end; otherwise as `reading`."""
    with _told(), database.writing(settings().journal_url) as session:
        yield session


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except database.DatabaseError as error:
        raise JournalError("The journal cannot be used just now.") from error
