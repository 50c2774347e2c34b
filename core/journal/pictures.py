"""The pictures that visitors allowed to be kept: copies of bounded size, for a bounded time.

A copy is made of the decoded pixels: of the uploaded file nothing is kept, neither its name nor
what it holds besides.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from core import images
from core.files import OutputError
from core.identify import outline
from core.images.encoding import WRITTEN
from core.journal import copies
from core.journal.keeping import JournalError, reading, writing
from core.journal.tables import KeptPicture, Prediction
from core.settings import settings

SIDE = 1024  # pixels of the longer side, at most: no network here is trained on more

_JPEG = next(each for each in WRITTEN if each.name == "JPEG")


def may_be_asked() -> bool:
    """Whether visitors are asked: pictures may be kept, and there is somebody to look at them."""
    return bool(days())


def days() -> float:
    """For how many days a picture may be kept that a visitor allows; 0 if none is asked."""
    return settings().kept_days if settings().service_keepers.strip() else 0.0


def is_of(prediction_id: int, picture_sha256: str, session: str) -> bool:
    """Whether a prediction is of this picture, and was made for this session.

    Raises:
        JournalError: If the journal cannot be read.
    """
    with reading() as journal:
        row = journal.get(Prediction, prediction_id)
        if row is None or row.session != session:
            return False
        return hmac.compare_digest(row.picture_sha256, picture_sha256)


def keep(prediction_id: int, data: bytes, *, cut_out: bool = False) -> None:
    """Keeps a copy of the picture of a prediction, if that is still in the journal.

    Args:
        data: The file that was identified.
        cut_out: Whether the painting was cut out of it: then only that is kept.

    Raises:
        core.images.UnreadablePicture: If it is no picture.
        JournalError: If it could not be kept.
    """
    expire()  # what visitors were told holds even where nobody runs `operations watch`
    picture, _corners = outline.read(data, cut_out=cut_out, enough=SIDE)
    pixels = images.preview(picture.pixels, SIDE)
    try:
        name = copies.store(prediction_id, images.encode(pixels, _JPEG))
    except OutputError as error:
        raise JournalError("The picture cannot be kept just now.") from error
    before = None
    with writing() as journal:
        if journal.get(Prediction, prediction_id) is not None:
            kept = journal.get(KeptPicture, prediction_id)
            before = None if kept is None else kept.file
            row = KeptPicture(prediction_id=prediction_id, time=datetime.now(UTC), file=name)
            journal.merge(row)
    if before not in (None, name):  # of the whole, where now only a part may be kept
        copies.delete(before)


def drop(prediction_id: int) -> None:
    """Deletes the copy of the picture of a prediction: whoever allowed it may think again."""
    with writing() as journal:
        row = journal.get(KeptPicture, prediction_id)
        if row is None:
            return
        name = row.file
        journal.delete(row)
    copies.delete(name)


def read(prediction_id: int) -> bytes | None:
    """The copy as a JPEG; None if none is kept, or none on this machine."""
    with reading() as journal:
        row = journal.get(KeptPicture, prediction_id)
        name = None if row is None or row.time.replace(tzinfo=UTC) < _oldest() else row.file
    return None if name is None else copies.fetch(name)


def expire() -> int:
    """Deletes copies that are too old, and files without a row, and says how many were too old."""
    with writing() as journal:
        old = delete(KeptPicture).where(KeptPicture.time < _oldest())
        gone = journal.connection().execute(old).rowcount
        rows = set(journal.scalars(select(KeptPicture.file)))
    copies.delete_unclaimed(rows)
    return gone


def _oldest() -> datetime:
    return datetime.now(UTC) - timedelta(days=settings().kept_days)
