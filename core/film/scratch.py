"""A folder for the files of a film at work; what a killed process has left goes with the next one.

Each has a file that its process holds a lock on, which ends with the process, however that does.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # on Windows, where what is left is left
    fcntl = None  # type: ignore[assignment]

_PREFIX, _LOCK = "atelier-film-", "lock"
_NEW = 60.0  # seconds for which one that is not locked may be about to be


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder, deleted at the end.

    Raises:
        OSError: If there can be none.
    """
    _sweep()
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (made / _LOCK).open("wb") as lock:
            _take(lock)
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _take(lock: IO[bytes]) -> None:
    """Takes a lock.

    Raises:
        OSError: If another process has it.
    """
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep() -> None:
    """Deletes the folders of processes that are no more."""
    if fcntl is None:
        return
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError), left.open("rb") as lock:  # an error: somebody is at work in it
            if time.time() - left.stat().st_mtime > _NEW:
                _take(lock)
                shutil.rmtree(left.parent, ignore_errors=True)
