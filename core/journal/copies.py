"""The files of pictures that visitors allowed to be kept: one each, in the setting `kept`.

A file comes before its row in the journal and goes after it, so that whatever dies in between
leaves a file without a row, which `delete_unclaimed` finds.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from core.files import write
from core.settings import settings

_NAME = re.compile(r"\d+-[0-9a-f]{16}\.jpg")  # of a copy: somebody may keep others there
_UNCLAIMED = 3600.0  # seconds that a file may be without a row: it is about to get one


def store(prediction_id: int, jpeg: bytes) -> str:
    """Writes the copy of a prediction's picture and returns its name.

    Raises:
        core.files.OutputError: If it cannot be written.
    """
    name = f"{prediction_id}-{hashlib.sha256(jpeg).hexdigest()[:16]}.jpg"
    write(_path(name), jpeg)
    return name


def fetch(name: str) -> bytes | None:
    """What is in a file; None if there is none, or none on this machine."""
    try:
        return _path(name).read_bytes()
    except OSError:
        return None


def delete(name: str) -> None:
    """Deletes a file, if it is there; what cannot be deleted now is deleted as unclaimed later."""
    with suppress(OSError):
        _path(name).unlink(missing_ok=True)


def delete_unclaimed(claimed: Collection[str]) -> None:
    """Deletes copies that are not named, unless they were made just now."""
    for path in settings().kept.glob("*.jpg"):
        with suppress(OSError):
            if not _NAME.fullmatch(path.name) or path.name in claimed:
                continue
            if time.time() - path.stat().st_mtime > _UNCLAIMED:
                path.unlink()


def _path(name: str) -> Path:
    return settings().kept / Path(name).name
