"""Labelled paintings on disk: which file, by whom, for which split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal, cast

import numpy as np

from core import artists as catalogue
from core import collection, identify, images
from core.collection import CollectionError
from core.collection.listing import IndexRow

Split = Literal["train", "val", "test"]
SIDE = identify.SIDE
RELABELED = "relabel.csv"

Data = Path | Sequence[Path]
"""One directory of paintings, or several that are read as one."""


@dataclass(frozen=True)
class Painting:
    """One labelled file. `artist` is None for a painter outside the collection."""

    path: Path
    artist: str | None
    split: Split


def read(data: Data) -> list[Painting]:
    """Lists the paintings of a directory, or of several as one.

    With an `index.csv` (columns `file`, `artist`, `split`) its names, splits and order are
    used; without one, `core.collection` finds the pictures and the catalogue's names of
    their artists (its log names what is left out), Kaggle's resized copies are left out, and
    files are split 80/10/10 by a hash of their name. Paintings in the folder `_other` are by
    somebody else; there need be none. Where those come without a validation split, one painter
    in five of their training split is held out for it, whole painters at a time, so that
    "unknown" is validated on painters outside of training.

    A file `relabel.csv` beside an index, with the same columns, says of files of all the
    directories who painted them after all: with further painters, some are strangers no more.
    Of several spellings of one artist the first in the alphabet counts.

    Raises:
        CollectionError: If a directory holds no paintings, or an index that cannot be used.
    """
    directories = listed(data)
    relabeled: dict[str, IndexRow] = {}
    for directory in directories:
        if (path := directory / RELABELED).is_file():
            relabeled |= {row.file: row for row in collection.read_index(path, split=True)}
    found = [p for each in directories for p in _of_directory(each, relabeled)]
    if len(directories) == 1 and not relabeled:
        return found
    names = _one_spelling(p.artist for p in found if p.artist)
    return [replace(p, artist=names[p.artist]) if p.artist else p for p in found]


def listed(data: Data) -> tuple[Path, ...]:
    """The directories of some data."""
    return (data,) if isinstance(data, Path) else tuple(data)


def title(data: Data) -> str:
    """What data are called where a model says what it was trained with or measured on."""
    return " and ".join(directory.resolve().name for directory in listed(data))


def relative(path: Path, data: Data) -> Path:
    """The path of a painting inside of its directory."""
    inside = (path.relative_to(d) for d in listed(data) if path.is_relative_to(d))
    return next(inside, Path(path.name))


def artists(paintings: list[Painting]) -> list[str]:
    """The artists' names, sorted: the order of a classifier's outputs."""
    return sorted({p.artist for p in paintings if p.artist})


def load_pixels(paintings: list[Painting], size: int) -> np.ndarray:
    """Reads paintings in the form that classifiers see, `(n, size, size, 3)` uint8.

    Memory is `n * size * size * 3` bytes: 1.5 GB for 10,000 paintings at 224.
    """

    def one(painting: Painting) -> np.ndarray:
        return identify.squeeze(images.load(painting.path).pixels, size)

    pixels = np.empty((len(paintings), size, size, 3), np.uint8)
    with ThreadPoolExecutor(4) as pool:
        for i, picture in enumerate(pool.map(one, paintings)):
            pixels[i] = picture
    return pixels


def _of_directory(directory: Path, relabeled: dict[str, IndexRow]) -> Iterable[Painting]:
    index = directory / "index.csv"
    if index.is_file():
        paintings = list(_from_index(index, relabeled))
        if not paintings:
            raise CollectionError(f"The list of pictures {index} names none.")
        return paintings
    try:
        return list(_from_tree(directory))
    except FileNotFoundError as error:
        raise CollectionError(
            f"No index.csv and no artist folders with pictures in {directory}."
        ) from error


def _from_index(index: Path, relabeled: dict[str, IndexRow]) -> Iterator[Painting]:
    rows = collection.read_index(index, split=True)
    known = {row.file: found for row in rows if (found := relabeled.get(row.file))}
    carve = all(row.split != "val" for row in rows if row.outside)
    names = _one_spelling(row.artist for row in rows if not row.outside)
    for row in rows:
        split, artist = cast(Split, row.split), names.get(row.artist)
        if row.file in known:
            split, artist = cast(Split, known[row.file].split), known[row.file].artist
        elif row.outside:
            artist = None
            if carve and split == "train" and _hash(row.artist) % 5 == 0:
                split = "val"
        elif not row.artist:
            raise CollectionError(f"{index} does not say who painted {row.file}.")
        yield Painting(index.parent / row.file, artist, split)


def _one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Names as they are, but of several spellings of one artist the first in the alphabet.

    Otherwise they stay: the order of a trained network's outputs hangs on them.
    """
    first: dict[str, str] = {}
    found = {}
    for name in sorted(set(names)):
        artist = catalogue.find(name)
        found[name] = first.setdefault(artist.id, name) if artist else name
    return found


def _from_tree(directory: Path) -> Iterator[Painting]:
    files = [file for file in collection.files(directory) if not file.resized_copy]
    for file in sorted(files, key=lambda file: PurePosixPath(file.file).parts):
        path = directory / file.file
        split = cast(Split, collection.dealt(path))
        yield Painting(path, None if file.outside else file.artist, split)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
