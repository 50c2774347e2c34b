"""Labelled paintings on disk: which file, by whom, for which split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, cast

import numpy as np

from core import artists as catalogue
from core import collection, identify, images
from core.collection import CollectionError

Split = Literal["train", "val", "test"]
SIDE = identify.SIDE


@dataclass(frozen=True)
class Painting:
    """One labelled file. `artist` is None for a painter outside the collection."""

    path: Path
    artist: str | None
    split: Split


def read(directory: Path) -> list[Painting]:
    """Lists the paintings of a directory.

    With an `index.csv` (columns `file`, `artist`, `split`) its names, splits and order are
    used; without one, `core.collection` finds the pictures and the catalogue's names of
    their artists (its log names what is left out), Kaggle's resized copies are left out, and
    files are split 80/10/10 by a hash of their name. Paintings in the folder `_other` are by
    somebody else; there need be none. Where those come without a validation split, one painter
    in five of their training split is held out for it, whole painters at a time, so that
    "unknown" is validated on painters outside of training.

    Raises:
        CollectionError: If the directory holds no paintings, or an index that cannot be used.
    """
    index = directory / "index.csv"
    if index.is_file():
        paintings = list(_from_index(index))
        if not paintings:
            raise CollectionError(f"The list of pictures {index} names none.")
        return paintings
    try:
        return list(_from_tree(directory))
    except FileNotFoundError as error:
        raise CollectionError(
            f"No index.csv and no artist folders with pictures in {directory}."
        ) from error


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


def _from_index(index: Path) -> Iterator[Painting]:
    rows = collection.read_index(index, split=True)
    carve = all(row.split != "val" for row in rows if row.outside)
    names = _one_spelling(row.artist for row in rows if not row.outside)
    for row in rows:
        split, artist = cast(Split, row.split), names.get(row.artist)
        if row.outside:
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
        bucket = _hash(f"{path.parent.name}/{path.name}") % 10
        split: Split = "test" if bucket == 0 else "val" if bucket == 1 else "train"
        yield Painting(path, None if file.outside else file.artist, split)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
