"""The tables of the journal."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Subquery, func, select
from sqlalchemy.orm import Mapped, mapped_column

from core import database


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


class Observed(database.Base):
    """What the network saw and answered, see `core.identify.Observation`; arrays as float16."""

    __tablename__ = "observations"

    prediction_id: Mapped[int] = mapped_column(ForeignKey("predictions.id"), primary_key=True)
    logits: Mapped[bytes]
    projection: Mapped[bytes | None]
    brightness: Mapped[float]
    saturation: Mapped[float]
    aspect: Mapped[float]
    side: Mapped[int]
    format: Mapped[str]


class Shadow(database.Base):
    """What a version that nobody saw made of the picture of a prediction."""

    __tablename__ = "shadows"

    prediction_id: Mapped[int] = mapped_column(ForeignKey("predictions.id"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    logits: Mapped[bytes]
    seconds: Mapped[float]


class Failure(database.Base):
    """A request that a version could not answer, though the picture was readable."""

    __tablename__ = "failures"
    __table_args__ = (Index("failures_version", "model", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    model: Mapped[str]
    version: Mapped[str]
    error: Mapped[str]  # its kind; the log has the rest


class Feedback(database.Base):
    """What a visitor said of a prediction: the id of the right artist, or None if that is nobody of
    the catalogue, a stranger, or if nothing was said of who painted it."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    prediction_id: Mapped[int] = mapped_column(ForeignKey("predictions.id"), index=True)
    right: Mapped[bool]
    artist: Mapped[str | None]
    stranger: Mapped[bool | None]  # None in what was kept before there was a word for it


class KeptPicture(database.Base):
    """A copy of a picture that a visitor allowed to be kept: a file below the setting `kept`."""

    __tablename__ = "kept_pictures"

    prediction_id: Mapped[int] = mapped_column(
        ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True
    )
    time: Mapped[datetime] = mapped_column(index=True)
    file: Mapped[str]


class Decision(database.Base):
    """What a keeper made of what a visitor said. Rows are never changed: the last one counts."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime]
    who: Mapped[str]
    feedback_id: Mapped[int] = mapped_column(
        ForeignKey("feedback.id", ondelete="CASCADE"), index=True
    )
    verdict: Mapped[str]  # see `core.journal.reviewing.Verdict`


class Painted(database.Base):
    """A picture that was painted for a visitor: figures alone, neither what was given nor made."""

    __tablename__ = "paintings"
    __table_args__ = (Index("paintings_mode", "mode", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime]
    mode: Mapped[str]  # see `core.journal.paintings.Mode`
    seconds: Mapped[float]
    pixels: Mapped[int]
    steps: Mapped[int]
    stopped: Mapped[bool]
    downloaded: Mapped[bool]
    content_loss: Mapped[float | None]
    style_loss: Mapped[float | None]


def says_who() -> ColumnElement[bool]:
    """Whether feedback says who painted it: else nothing can be learned from it."""
    return Feedback.artist.is_not(None) | Feedback.stranger.is_(True)


def last_words() -> Subquery:
    """The last feedback on each prediction, which counts instead of the earlier: `prediction_id`
    and `id`.

    To be joined: as a condition `IN` SQLite looks through all of them for each row.
    """
    return (
        select(func.max(Feedback.id).label("id"), Feedback.prediction_id)
        .group_by(Feedback.prediction_id)
        .subquery()
    )
