"""Neighbors among very many paintings, without looking at all of them: an inverted file of faiss.

The rows are put into about four times as many cells as the root of their number, by k-means; a
search looks into the nearest of them (Jégou et al., Product quantization for nearest neighbor
search, 2011, of which only the coarse quantizer is used). Its file is tied to that of the index,
and faiss, whose reader trusts what it is given, sees only bytes that agree with their digest.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.images.types import Floats
from core.similar import index_file
from core.similar.index_file import Index

log = logging.getLogger(__name__)

EXACT = 100_000  # paintings up to which all of them are looked at: some 20 ms
_SAMPLE = 40  # rows a cell that k-means is given
_ROUNDS = 5  # of k-means
_LOOKED_INTO = 64  # cells: about one painting in sixty of a million
_AT_A_TIME = 100_000  # rows that are put into cells


class Cells:
    """An inverted file in memory; searched from any thread."""

    def __init__(self, found: Any) -> None:
        self.found = found
        found.nprobe = min(_LOOKED_INTO, found.nlist)

    def nearest(self, row: Floats, count: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Numbers of rows and their cosines with `(dimension,)` float32, the largest first."""
        cosines, numbers = self.found.search(row[None], count)
        there = numbers[0] >= 0  # fewer than asked for where the cells hold no more
        return numbers[0][there], cosines[0][there]


def keep(path: Path, index: Index) -> None:
    """Writes the cells of an index beside its file if it is large and they are not there yet.

    Raises:
        core.files.OutputError: If they cannot be written.
    """
    if len(index.rows) <= EXACT:
        _beside(path).unlink(missing_ok=True)
    elif not is_kept(path, index):
        import faiss

        stored = faiss.serialize_index(made(index.rows).found)
        index_file.seal(_beside(path), (index.digest, stored.data))


def is_kept(path: Path, index: Index) -> bool:
    """Whether what a search in this index needs is there."""
    if len(index.rows) <= EXACT:
        return True
    try:
        with _beside(path).open("rb") as file:
            return index_file.head(file, len(index.digest)) == index.digest
    except OSError:
        return False


def read(path: Path, index: Index) -> Cells | None:
    """The cells of an index; None if it is small, or they are missing, damaged or of another."""
    if len(index.rows) <= EXACT or (opened := index_file.unseal(_beside(path))) is None:
        return None
    content = opened[1]
    if content[: len(index.digest)] != index.digest:
        return None
    import faiss

    try:
        return Cells(faiss.deserialize_index(np.frombuffer(content[len(index.digest) :], np.uint8)))
    except RuntimeError as error:  # of another version
        log.warning("The cells beside %s cannot be read: %r", path, error)
        return None


def made(rows: index_file.Rows) -> Cells:
    """Puts `(n, dimension)` unit vectors into cells: some seconds for a hundred thousand."""
    import faiss

    count, dimension = rows.shape
    cells = max(1, min(round(4 * count**0.5), count // 40))
    found = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        cells,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
    )
    found.cp.niter = _ROUNDS
    sample = np.random.default_rng(0).permutation(count)[: _SAMPLE * cells]
    found.train(rows[np.sort(sample)].astype(np.float32))
    for start in range(0, count, _AT_A_TIME):
        found.add(rows[start : start + _AT_A_TIME].astype(np.float32))
    return Cells(found)


def _beside(path: Path) -> Path:
    return path.with_suffix(".cells")
