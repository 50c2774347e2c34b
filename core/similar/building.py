"""The building of an index: what a scan could read is described, once as long as it stays as it is.

It may be stopped at any time, and goes on where it was last kept. A large index ends with what
finds neighbors without looking at all paintings, see `core.similar.approximate`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from core import collection, identify, images
from core.collection import scan, store
from core.images.types import Floats
from core.models import litert_runtime
from core.similar import approximate, descriptor, index_file
from core.similar.index_file import Index, Rows, State

_AT_A_TIME = 32  # paintings between two questions whether to stop
_KEEP_AFTER = 20.0  # seconds of work that a kill may cost
_SHARE = 20  # of the time, at most one part in so many goes into keeping what is there


def build(
    directory: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Describes the paintings that are new or changed, and forgets those that are gone.

    Only what `core.collection.scan.scan` has read is described: a file that crashes its decoder
    did so there, in a process of its own.

    Args:
        on_progress: Called with the number of paintings described and the number in all.
        cancelled: Asked often; what was described until then is kept.

    Raises:
        CollectionError: If the directory holds no pictures.
        ScanError: If the cache cannot be used.
        core.files.OutputError: If the index cannot be written.
        core.models.WeightsError: If the classifier cannot be loaded.
    """
    draft = _Draft(directory)
    todo = draft.todo()
    on_progress(draft.done, len(draft.wanted))
    try:
        for part in (todo[i : i + _AT_A_TIME] for i in range(0, len(todo), _AT_A_TIME)):
            draft.add(_described(directory, part))
            on_progress(draft.done, len(draft.wanted))
            if cancelled():
                return
    finally:
        index = draft.keep()
    approximate.keep(index_file.path(directory), index)


def is_complete(directory: Path) -> bool:
    """Whether the index is there, and all files are as they were when it was built.

    Raises:
        CollectionError: If the directory holds no pictures.
        ScanError: If the cache cannot be used.
    """
    if not scan.is_complete(directory):
        return False
    path = index_file.path(directory)
    index = index_file.read(path, descriptor.signature())
    return (
        index is not None
        and index.states | index.left_out == _wanted(directory)
        and approximate.is_kept(path, index)
    )


def _wanted(directory: Path) -> dict[str, State]:
    """The files to describe, sorted, and their state: those that a scan could read, each once."""
    with closing(store.connect(directory)) as database:
        readable = store.readable(database)
    return {
        file.file: readable[file.file]
        for file in collection.files(directory)
        if file.file in readable and not file.resized_copy
    }


class _Draft:
    """An index while it is built."""

    def __init__(self, directory: Path) -> None:
        self.wanted = _wanted(directory)
        self._path, self._made_by = index_file.path(directory), descriptor.signature()
        self._kept = index_file.read(self._path, self._made_by)
        self._rows: dict[str, Rows] = {}
        self._left_out: dict[str, State] = {}
        self._kept_at, self._keeping_took = time.monotonic(), 0.0
        if self._kept is not None:
            before = self._kept
            rows = dict(zip(before.states, before.rows, strict=True))
            for file, now in self.wanted.items():
                if before.states.get(file) == now:
                    self._rows[file] = rows[file]
                elif before.left_out.get(file) == now:
                    self._left_out[file] = now

    @property
    def done(self) -> int:
        """How many files are through."""
        return len(self._rows) + len(self._left_out)

    def todo(self) -> list[str]:
        """The files that are not."""
        return [f for f in self.wanted if f not in self._rows and f not in self._left_out]

    def add(self, described: Iterator[tuple[str, Floats | None]]) -> None:
        """Takes what was found, None of a file that cannot be described; keeps it now and then."""
        for file, row in described:
            if row is None:
                self._left_out[file] = self.wanted[file]
            else:
                self._rows[file] = row.astype(np.float16)
        if time.monotonic() - self._kept_at > max(_KEEP_AFTER, _SHARE * self._keeping_took):
            self.keep()

    def keep(self) -> Index:
        """Writes the index unless it is there like this."""
        started = time.monotonic()
        states = {file: self.wanted[file] for file in self.wanted if file in self._rows}
        before = self._kept
        if before is None or (before.states, before.left_out) != (states, self._left_out):
            rows = [self._rows[file] for file in states]
            stacked = np.stack(rows) if rows else np.zeros((0, 0), np.float16)
            digest = index_file.write(
                self._path, Index(states, stacked, self._left_out), self._made_by
            )
            self._kept = Index(states, stacked, dict(self._left_out), digest)
        assert self._kept is not None
        self._kept_at = time.monotonic()
        self._keeping_took = self._kept_at - started
        return self._kept


def _described(directory: Path, files: list[str]) -> Iterator[tuple[str, Floats | None]]:
    """Describes files, some at a time: while the network looks at one, others are decoded."""

    def one(file: str) -> Floats | None:
        try:
            picture = images.load(directory / file, enough=identify.ENOUGH)
        except (images.UnreadablePicture, OSError):
            return None
        return descriptor.describe(picture.pixels)

    with ThreadPoolExecutor(min(4, litert_runtime.threads())) as pool:
        yield from zip(files, pool.map(one, files), strict=True)
