"""The review of what visitors said: the queue of their answers, and what keepers make of them.

A keeper decides on one answer. If the visitor answers anew, that is in the queue again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Select, func, select

from core.journal.keeping import reading, writing
from core.journal.tables import Decision, Feedback, KeptPicture, Prediction, last_words, says_who
from core.settings import settings

Verdict = Literal["accepted", "rejected", "open"]
"""`open` takes back what was decided."""


@dataclass(frozen=True)
class Said:
    """What a visitor said of a prediction, the last word.

    Attributes:
        id: Of the feedback.
        prediction_id: Of the prediction.
        time: When it was said, UTC.
        model: Id of the model that answered.
        version: Of it; None for what was kept before there were any.
        first: Id of the artist whom it named first.
        probability: Of that one, 0..1.
        known_score: 0..1, how much the picture looked like by somebody whom the model knows.
        right: Whether the visitor agreed.
        artist: Id of the artist whom they named; None for nobody of the catalogue.
        stranger: Whether they said that it is by nobody of the catalogue.
        has_picture: Whether a copy of the picture is kept.
    """

    id: int
    prediction_id: int
    time: datetime
    model: str
    version: str | None
    first: str
    probability: float
    known_score: float
    right: bool
    artist: str | None
    stranger: bool
    has_picture: bool

    @property
    def says_who(self) -> bool:
        """Whether they said who painted it; what says just yes or no is never accepted."""
        return self.artist is not None or self.stranger


@dataclass(frozen=True)
class Accepted:
    """A kept picture that a keeper took for a painting by whom the visitor named.

    Attributes:
        said: The visitor's word.
        who: Accepted it.
        time: When, UTC.
        path: The copy of the picture; it may lie on another machine.
        picture_sha256: Digest of the file that was identified.
    """

    said: Said
    who: str
    time: datetime
    path: Path
    picture_sha256: str


def waiting(*, with_picture: bool, limit: int = 1) -> list[Said]:
    """What is still to be decided, the newest first.

    Args:
        with_picture: Of pictures that are kept, or of those that are not.

    Raises:
        JournalError: If the journal cannot be read. So do all functions here.
    """
    query = _undecided(_said(), with_picture).order_by(Feedback.id.desc()).limit(limit)
    with reading() as journal:
        return [_of_row(row) for row in journal.execute(query)]


def count(*, with_picture: bool) -> int:
    """How much is still to be decided."""
    counted = _undecided(_joined(select(func.count(Feedback.id))), with_picture)
    with reading() as journal:
        return journal.scalar(counted) or 0


def decide(feedback_id: int, verdict: Verdict, who: str) -> None:
    """Keeps what a keeper decided."""
    row = Decision(time=datetime.now(UTC), who=who, feedback_id=feedback_id, verdict=verdict)
    with writing() as journal:
        if journal.get(Feedback, feedback_id) is not None:  # else it was forgotten meanwhile
            journal.add(row)


def accepted() -> list[Accepted]:
    """The pictures that were accepted and are still kept, in the order of their predictions.

    A word that does not say who painted it is no label, whatever a keeper decided.
    """
    query = (
        _said()
        .add_columns(Decision.who, Decision.time.label("decided"), KeptPicture.file)
        .add_columns(Prediction.picture_sha256)
        .where(Decision.verdict == "accepted", says_who(), KeptPicture.file.is_not(None))
        .order_by(Prediction.id)
    )
    with reading() as journal:
        rows = journal.execute(query).all()
    return [
        Accepted(_of_row(row), row.who, row.decided, settings().kept / row.file, row.picture_sha256)
        for row in rows
    ]


def stands(prediction_ids: Collection[int]) -> dict[int, tuple[bool, str | None]]:
    """Of those predictions that somebody spoke of: whether that is accepted, and whose it is.

    The last word counts, also where no copy is kept. It is not accepted where a keeper has rejected
    it, has taken that back, or has not seen it: visitors may think better of what they said. Nor is
    a word that does not say who painted it.
    """
    query = _joined(
        select(Prediction.id, Feedback.artist, says_who().label("told"), Decision.verdict)
    ).where(Prediction.id.in_(prediction_ids))
    with reading() as journal:
        return {
            row.id: (row.verdict == "accepted" and bool(row.told), row.artist)
            for row in journal.execute(query)
        }


def _said() -> Select[Any]:
    said: Select[Any] = _joined(
        select(
            Feedback.id,
            Feedback.prediction_id,
            Feedback.time,
            Prediction.model,
            Prediction.version,
            Prediction.artists,
            Prediction.known_score,
            Feedback.right,
            Feedback.artist,
            Feedback.stranger,
            KeptPicture.prediction_id.is_not(None).label("has_picture"),
        )
    )
    return said


def _joined(query: Any) -> Any:
    """The last words, each with its prediction, picture and last decision if there are any."""
    last = last_words()
    decided = (
        select(func.max(Decision.id).label("id"), Decision.feedback_id)
        .group_by(Decision.feedback_id)
        .subquery()
    )
    return (
        query.select_from(Feedback)
        .join(last, last.c.id == Feedback.id)
        .join(Prediction, Prediction.id == Feedback.prediction_id)
        .outerjoin(KeptPicture, KeptPicture.prediction_id == Prediction.id)
        .outerjoin(decided, decided.c.feedback_id == Feedback.id)
        .outerjoin(Decision, Decision.id == decided.c.id)
    )


def _undecided(query: Select[Any], with_picture: bool) -> Select[Any]:
    has = KeptPicture.prediction_id
    return query.where(
        Decision.id.is_(None) | (Decision.verdict == "open"),
        has.is_not(None) if with_picture else has.is_(None),
    )


def _of_row(row: Any) -> Said:
    first: Any = row.artists[0] if row.artists else {"id": "", "probability": 0.0}
    return Said(
        id=row.id,
        prediction_id=row.prediction_id,
        time=row.time,
        model=row.model,
        version=row.version,
        first=first["id"],
        probability=first["probability"],
        known_score=row.known_score,
        right=row.right,
        artist=row.artist,
        stranger=bool(row.stranger),
        has_picture=row.has_picture,
    )
