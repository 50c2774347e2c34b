"""Labelled paintings on disk: which file, by whom, for which split."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np

from core import identify, images

Split = Literal["train", "val", "test"]
SIDE = identify.SIDE
OTHER = "_other"  # folder of paintings by artists outside the collection


@dataclass(frozen=True)
class Painting:
    """One labelled file. `artist` is None for a painter outside the collection."""

    path: Path
    artist: str | None
    split: Split


def read(directory: Path) -> list[Painting]:
    """Lists the paintings of a directory.

    With an `index.csv` (columns `file`, `artist`, `split`) its splits are used; without
    one, each folder is an artist and files are split 80/10/10 by a hash of their name.
    Paintings in the folder `_other` are by somebody else. Where those come without a
    validation split, one painter in five of their training split is held out for it,
    whole painters at a time, so that "unknown" is judged on hands never seen.

    Raises:
        FileNotFoundError: If the directory holds no paintings.
    """
    index = directory / "index.csv"
    paintings = list(_from_index(index) if index.exists() else _from_folders(directory))
    if not paintings:
        raise FileNotFoundError(f"No index.csv and no artist folders with pictures in {directory}")
    return paintings


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
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    others = [row for row in rows if row["file"].startswith(f"{OTHER}/")]
    carve = all(row["split"] != "val" for row in others)
    for row in rows:
        split, artist = cast(Split, row["split"]), row["artist"]
        if row["file"].startswith(f"{OTHER}/"):
            if carve and split == "train" and _hash(artist) % 5 == 0:
                split = "val"
            artist = None
        yield Painting(index.parent / row["file"], artist, split)


def _from_folders(directory: Path) -> Iterator[Painting]:
    for folder in sorted(f for f in directory.iterdir() if f.is_dir()):
        artist = None if folder.name == OTHER else folder.name.replace("_", " ")
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            bucket = _hash(f"{folder.name}/{path.name}") % 10
            split: Split = "test" if bucket == 0 else "val" if bucket == 1 else "train"
            yield Painting(path, artist, split)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
