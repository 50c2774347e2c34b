"""The pictures that visitors allowed to be kept: copies of bounded size, for a bounded time.

A copy is made of the decoded pixels: of the uploaded file nothing is kept, neither its name nor
what it holds besides. Files lie in the directory of the setting `kept`, one each; its row says so.
A file comes before its row and goes after it, so that whatever dies in between leaves a file
without a row, which `expire` deletes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select

from core import images
from core.files import OutputError, write
from core.images.encoding import WRITTEN
from core.journal.keeping import JournalError, reading, writing
from core.journal.tables import KeptPicture, Prediction
from core.settings import settings

SIDE = 1024  # pixels of the longer side, at most: no network here is trained on more

_JPEG = next(each for each in WRITTEN if each.name == "JPEG")
_NAME = re.compile(r"\d+-[0-9a-f]{16}\.jpg")  # of a copy: somebody may keep others there
_UNCLAIMED = 3600.0  # seconds that a file may be without a row: it is about to get one


def may_be_asked() -> bool:
    """Whether visitors are asked: pictures may be kept, and there is somebody to look at them."""
    return bool(days())


def days() -> float:
    """For how many days a picture may be kept that a visitor allows; 0 if none is asked."""
    return settings().kept_days if settings().service_keepers.strip() else 0.0


def is_of(prediction_id: int, picture_sha256: str) -> bool:
    """Whether a prediction is of this picture: who knows its digest has seen it.

    Raises:
        JournalError: If the journal cannot be read.
    """
    with reading() as journal:
        row = journal.get(Prediction, prediction_id)
        return row is not None and hmac.compare_digest(row.picture_sha256, picture_sha256)


def keep(prediction_id: int, data: bytes) -> None:
    """Keeps a copy of the picture of a prediction, if that is still in the journal.

    Args:
        data: The file that was identified.

    Raises:
        core.images.UnreadablePicture: If it is no picture.
        JournalError: If it could not be kept.
    """
    expire()
    pixels = images.preview(images.load(data, enough=SIDE).pixels, SIDE)
    jpeg = images.encode(pixels, _JPEG)
    name = f"{prediction_id}-{hashlib.sha256(jpeg).hexdigest()[:16]}.jpg"
    try:
        write(settings().kept / name, jpeg)
    except OutputError as error:
        raise JournalError("The picture cannot be kept just now.") from error
    with writing() as journal:
        if journal.get(Prediction, prediction_id) is not None:
            row = KeptPicture(prediction_id=prediction_id, time=datetime.now(UTC), file=name)
            journal.merge(row)


def drop(prediction_id: int) -> None:
    """Deletes the copy of the picture of a prediction: whoever allowed it may think again."""
    with writing() as journal:
        row = journal.get(KeptPicture, prediction_id)
        if row is None:
            return
        name = row.file
        journal.delete(row)
    _path(name).unlink(missing_ok=True)


def read(prediction_id: int) -> bytes | None:
    """The copy as a JPEG; None if none is kept, or none on this machine."""
    with reading() as journal:
        row = journal.get(KeptPicture, prediction_id)
        name = None if row is None or row.time.replace(tzinfo=UTC) < _oldest() else row.file
    if name is None:
        return None
    try:
        return _path(name).read_bytes()
    except OSError:
        return None


def expire() -> int:
    """Deletes copies that are too old, and files without a row, and tells how many copies."""
    with writing() as journal:
        old = delete(KeptPicture).where(KeptPicture.time < _oldest())
        gone = journal.connection().execute(old).rowcount
        rows = set(journal.scalars(select(KeptPicture.file)))
    for path in settings().kept.glob("*.jpg"):
        with suppress(OSError):
            if not _NAME.fullmatch(path.name) or path.name in rows:
                continue
            if time.time() - path.stat().st_mtime > _UNCLAIMED:
                path.unlink()
    return gone


def _oldest() -> datetime:
    return datetime.now(UTC) - timedelta(days=settings().kept_days)


def _path(name: str) -> Path:
    return settings().kept / Path(name).name
