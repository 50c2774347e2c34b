"""Traffic: what the journal holds of the pictures that a version of a model was asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, func, select

from core import database
from core.images.types import Floats
from core.journal import Feedback, Observed, Prediction, Shadow, last_words, says_who
from core.models import Entry, Version, versions
from core.monitoring.sample import Sample, judged
from core.releases import arms
from core.settings import settings

MOST = 20_000  # pictures, the latest: more change no figure and make the page wait


@dataclass(frozen=True)
class Traffic:
    """Identified pictures, a row each, oldest first.

    Attributes:
        artists: Ids, in the order of the sample's columns.
        sample: As the versions saw them that answered; projections by versions of other weights
            cannot be compared.
        ids: `(n,)` of the predictions.
        pictures: `(n,)` str, the same for the same file.
        times: `(n,)` datetime64[us], UTC.
        seconds: `(n,)` for preprocessing and network.
        versions: `(n,)` str, of the model; empty for what was kept before there were any.
        arms: `(n,)` str, likewise; see `core.releases.arms`.
        formats: `(n,)` str, of the files.
        answered: `(n,)` whether a visitor said if the first name was right.
        right: `(n,)` whether it was, as far as `answered`.
        said: `(n,)` str, id of the artist whom the visitor named; empty if it was nobody of the
            catalogue, or none was named.
    """

    artists: tuple[str, ...]
    sample: Sample
    ids: npt.NDArray[np.int64]
    pictures: npt.NDArray[np.str_]
    times: npt.NDArray[np.datetime64]
    seconds: Floats
    versions: npt.NDArray[np.str_]
    arms: npt.NDArray[np.str_]
    formats: npt.NDArray[np.str_]
    answered: npt.NDArray[np.bool_]
    right: npt.NDArray[np.bool_]
    said: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Traffic:
        """Some of the rows."""
        some: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        ids = some.pop("artists")
        return Traffic(ids, **{name: column[rows] for name, column in some.items()})

    @property
    def named(self) -> npt.NDArray[np.str_]:
        """`(n,)` ids of the artists named first."""
        return np.array(self.artists, str)[self.sample.named]


def read(
    model_id: str,
    version: str | None = None,
    *,
    like: Version | None = None,
    dealt: bool = False,
    since: datetime | None = None,
    most: int = MOST,
) -> Traffic:
    """The latest identifications by a model: by one version, or by all that name the same artists.

    Args:
        like: Of all versions those that name the same artists as this one; as the one that ships
            if None.
        dealt: Only what visitors were dealt, not answers by a version that they asked for.
        since: No earlier ones, UTC.
        most: How many; the latest count.

    Raises:
        UnknownName: If there is no such model.
        core.database.DatabaseError: If the journal cannot be read.
    """
    here = {each.id: each.entry for each in versions.listed(model_id)}
    entry = here.get(version or "") or (like or versions.shipped(model_id)).entry
    last = last_words()
    query = (
        select(
            Prediction.id,
            Prediction.picture_sha256,
            Prediction.time,
            Prediction.seconds,
            Prediction.arm,
            Prediction.version,
            Observed.logits,
            Observed.projection,
            Observed.brightness,
            Observed.saturation,
            Observed.aspect,
            Observed.side,
            Observed.format,
            Feedback.right,
            Feedback.artist,
        )
        .join(Observed, Observed.prediction_id == Prediction.id)
        .outerjoin(last, last.c.prediction_id == Prediction.id)
        .outerjoin(Feedback, Feedback.id == last.c.id)
        .where(
            Prediction.model == model_id,
            func.length(Observed.logits) == 2 * (len(entry.artists) + 1),
        )
        .order_by(Prediction.id.desc())
        .limit(most)
    )
    if version is not None:
        query = query.where(Prediction.version == version)
    if dealt:
        query = query.where(_was_dealt())
    if since is not None:
        query = query.where(Prediction.time >= since)
    with database.reading(settings().journal_url) as session:
        rows = session.execute(query).all()[::-1]
    return _of_rows(entry, here, rows)


def shadowed(
    model_id: str, version: str, *, since: datetime, most: int = MOST
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], int]:
    """Whether a version that nobody saw would have been right, beside the one that answered.

    Of the same pictures, as far as visitors said who painted them; they tend to agree with what
    they were shown, so that a shadow is at a disadvantage. Not beside answers by a version that
    they asked for: whoever asks would choose what it is compared with.

    Returns:
        `(n,)` of the shadow and `(n,)` of what was shown, oldest first; how often it answered.
    """
    entry = versions.find(model_id, version).entry
    last = last_words()
    query = (
        select(Shadow.logits, Feedback.right, Feedback.artist, says_who().label("told"))
        .join(Prediction, Prediction.id == Shadow.prediction_id)
        .outerjoin(last, last.c.prediction_id == Prediction.id)
        .outerjoin(Feedback, Feedback.id == last.c.id)
        .where(Shadow.version == version, Prediction.model == model_id, Prediction.time >= since)
        .where(_was_dealt())
        .order_by(Prediction.id.desc())
        .limit(most)
    )
    with database.reading(settings().journal_url) as session:
        found = session.execute(query).all()[::-1]
    spoken = [row for row in found if row.told]
    by = judged(entry, _unpacked([row.logits for row in spoken], len(entry.artists) + 1))
    named = np.where(by.known, np.array(entry.artists)[by.probabilities.argmax(axis=1)], "")
    # Who said that it is by nobody of the catalogue meant just that.
    truth = np.array([row.artist or "" for row in spoken], str)
    return named == truth, np.array([row.right for row in spoken], bool), len(found)


def newest(model_id: str) -> tuple[int, int]:
    """The ids of a model's newest identification and of anybody's newest answer; 0 for none.

    Raises:
        core.database.DatabaseError: If the journal cannot be read.
    """
    asked = select(func.max(Prediction.id)).where(Prediction.model == model_id)
    with database.reading(settings().journal_url) as session:
        found = session.scalar(asked), session.scalar(select(func.max(Feedback.id)))
    return found[0] or 0, found[1] or 0


def _of_rows(entry: Entry, here: Mapping[str, Entry], rows: Any) -> Traffic:
    def column(name: str, kind: Any) -> Any:
        return np.array([getattr(row, name) for row in rows], kind)

    logits = _unpacked([row.logits for row in rows], len(entry.artists) + 1)
    by = judged(entry, logits)
    answered_by = np.array([row.version or "" for row in rows], str)
    for version in {*answered_by.tolist()} & {*here}:
        mask = answered_by == version
        own = judged(here[version], logits[mask])
        by.probabilities[mask], by.known_scores[mask] = own.probabilities, own.known_scores
        by.known[mask] = own.known
    sample = Sample(
        **by.__dict__,
        projections=_projections([row.projection for row in rows]),
        **{
            name: column(name, np.float32)
            for name in ("brightness", "saturation", "aspect", "side")
        },
    )
    answered = np.array([row.right is not None for row in rows], bool)
    right = np.array([bool(row.right) for row in rows], bool)
    # A "yes" to somebody else than the catalogue's artists names nobody, and is still right.
    said = np.array([row.artist or "" for row in rows], str)
    return Traffic(
        artists=entry.artists,
        sample=sample,
        ids=column("id", np.int64),
        pictures=np.array([row.picture_sha256 for row in rows], str),
        times=np.array([row.time.replace(tzinfo=None) for row in rows], "datetime64[us]"),
        seconds=column("seconds", np.float32),
        versions=answered_by,
        arms=np.array([row.arm or "" for row in rows], str),
        formats=column("format", str),
        answered=answered,
        right=right,
        said=said,
    )


def _was_dealt() -> ColumnElement[bool]:
    """Whether nobody asked for the version that answered; rows of before arms were have none."""
    return Prediction.arm.is_(None) | (Prediction.arm != arms.FORCED)


def _projections(blobs: list[bytes | None]) -> Floats | None:
    """One a row, of whatever weights: whoever compares them takes those of one version."""
    there = [blob for blob in blobs if blob is not None]
    if len(there) < len(blobs) or len({len(blob) for blob in there}) != 1:
        return None
    return _unpacked(there)


def _unpacked(blobs: list[bytes], length: int = -1) -> Floats:
    flat = np.frombuffer(b"".join(blobs), "<f2").astype(np.float32)
    return flat.reshape(len(blobs), length if length > 0 or not blobs else len(blobs[0]) // 2)
