"""The search for the paintings of a collection that are nearest to a picture.

Up to `approximate.EXACT` paintings it is exact: one product of all rows with the picture's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core import collection
from core.collection import PaintingFile
from core.collection.features import state
from core.errors import AtelierError, UnknownName
from core.images import Picture
from core.images.types import Floats
from core.similar import approximate, descriptor, index_file
from core.similar.approximate import Cells
from core.similar.index_file import Index
from core.similar.request import SimilarRequest

_USUAL = SimilarRequest()
_SPARE = 16  # neighbors looked for beyond those asked for: some files may be gone meanwhile


class NotIndexed(AtelierError, LookupError):
    """A collection whose paintings were not described yet."""

    code = "not-indexed"


@dataclass(frozen=True)
class Neighbor:
    """A painting that is like another.

    Attributes:
        painting: Its file and painter; whether it may be shown tells
            `core.collection.may_be_shown`.
        distance: Cosine distance of the features, 0 (the same) to 1 (nothing in common).
    """

    painting: PaintingFile
    distance: float


def similar(
    picture: Picture, directory: Path, request: SimilarRequest = _USUAL
) -> tuple[Neighbor, ...]:
    """Finds the paintings of a collection that are nearest to a picture, the nearest first.

    May be called from any thread.

    Raises:
        CollectionError: If the directory holds no pictures.
        NotIndexed: If it has no index of use.
        core.models.WeightsError: If the classifier cannot be loaded.
    """
    return _load(directory).nearest(descriptor.describe(picture.pixels), request.top)


def like(file: str, directory: Path, request: SimilarRequest = _USUAL) -> tuple[Neighbor, ...]:
    """As `similar`, for a painting of the collection itself, which is not among its neighbors.

    Raises:
        UnknownName: If the index has no such file.
    """
    index = _load(directory)
    if file not in index.number:
        raise UnknownName(f"{file} is not described yet.")
    row = index.rows[index.number[file]].astype(np.float32)
    found = index.nearest(row, request.top + 1)
    return tuple(each for each in found if each.painting.file != file)[: request.top]


def count(directory: Path) -> int:
    """How many paintings are described; 0 if there is no index of use."""
    try:
        return len(_load(directory).paintings)
    except NotIndexed:
        return 0


@dataclass(frozen=True)
class LoadedIndex:
    """An index, ready to be searched.

    Attributes:
        number: File to the number of its row.
        rows: `(n, dimension)`, float32 if all are looked at.
        cells: What finds neighbors without.
        paintings: Of each row; None if the collection lists its file no more.
    """

    number: dict[str, int]
    rows: npt.NDArray[np.floating]
    cells: Cells | None
    paintings: tuple[PaintingFile | None, ...]

    def nearest(self, row: Floats, top: int) -> tuple[Neighbor, ...]:
        """The neighbors of `(dimension,)` float32, the nearest first."""
        wanted = min(top + _SPARE, len(self.paintings))
        if self.cells is not None:
            numbers, cosines = self.cells.nearest(row, wanted)
        else:
            every = _cosines(self.rows, row)
            numbers = np.argpartition(-every, wanted - 1)[:wanted]
            numbers = numbers[np.lexsort((numbers, -every[numbers]))]
            cosines = every[numbers]
        found = [
            Neighbor(painting, float(max(0.0, 1.0 - cosine)))
            for number, cosine in zip(numbers, cosines, strict=True)
            if (painting := self.paintings[number]) is not None
        ]
        return tuple(found[:top])


def _cosines(rows: npt.NDArray[np.floating], row: Floats) -> Floats:
    if rows.dtype == np.float32:
        found: Floats = rows @ row
        return found
    parts = np.array_split(rows, 1 + len(rows) // 50_000)
    return np.concatenate([part.astype(np.float32) @ row for part in parts])


_loaded: dict[Path, tuple[tuple[object, ...], LoadedIndex]] = {}
_loading = threading.Lock()
_KEPT = 2  # indices in memory


def _load(directory: Path) -> LoadedIndex:
    """The index of a directory, read again when its file or the list of the paintings has changed.

    Raises:
        CollectionError: If the directory holds no pictures.
        NotIndexed: If there is none of use.
    """
    path, made_by = index_file.path(directory), descriptor.signature()
    key = made_by, state(path), state(directory / "index.csv")
    with _loading:
        known = _loaded.get(path)
        if known is None or known[0] != key:
            index = index_file.read(path, made_by)
            if index is None or not index.states:
                _loaded.pop(path, None)
                raise NotIndexed(
                    f"The paintings in {directory} are not described yet: `python -m core scan "
                    f"{directory} --similar` does it."
                )
            while len(_loaded) >= _KEPT:
                del _loaded[next(iter(_loaded))]
            known = _loaded[path] = key, _ready(directory, path, index)
    return known[1]


def _ready(directory: Path, path: Path, index: Index) -> LoadedIndex:
    listed = {file.file: file for file in collection.files(directory)}
    exact = len(index.rows) <= approximate.EXACT
    return LoadedIndex(
        {file: number for number, file in enumerate(index.states)},
        index.rows.astype(np.float32) if exact else index.rows,
        approximate.read(path, index),
        tuple(map(listed.get, index.states)),
    )
