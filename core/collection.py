"""A directory of paintings: which files it holds and who painted them.

Three layouts are understood: an `index.csv` (columns `file`, `artist`, and if known
`split` and `style`), one folder an artist, and Kaggle's *Best Artworks of All Time*
as it comes, where each painting lies once at full size and once resized.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core import artists, images

OTHER = "_other"  # folder of paintings by artists outside the collection
_NO_ARTIST = {"images", "resized", "paintings", "pictures", "train", "test"}  # folders


@dataclass(frozen=True)
class PaintingFile:
    """One file of a collection.

    Attributes:
        file: Path inside the directory, with `/`.
        artist: Name as in `core.artists`, or as the directory has it.
        outside: Whether it shows a hand outside the collection (folder `_other`).
        resized_copy: Whether the same painting also lies there at full size.
        style: As in `index.csv`, in words; empty if unknown.
        split: `train`, `val`, `test`, or empty if none is given.
    """

    file: str
    artist: str
    outside: bool = False
    resized_copy: bool = False
    style: str = ""
    split: str = ""

    @property
    def number(self) -> str:
        """What tells the paintings of an artist apart in Kaggle's names: `12` in `Klimt_12.jpg`."""
        return re.sub(r"^.*?(\d*)$", r"\1", PurePosixPath(self.file).stem)


def files(directory: Path) -> list[PaintingFile]:
    """Lists a directory, sorted by path. Nothing is opened but `index.csv`.

    Raises:
        FileNotFoundError: If there is no such directory, or no picture in it.
    """
    if not directory.is_dir():
        raise FileNotFoundError(f"There is no directory {directory}.")
    index = directory / "index.csv"
    found = list(_from_index(index) if index.exists() else _from_tree(directory))
    if not found:
        raise FileNotFoundError(f"There are no pictures in {directory}.")
    return sorted(found, key=lambda file: file.file)


def empty_folders(directory: Path) -> list[str]:
    """Folders, as paths inside the directory, that hold neither pictures nor folders."""
    empty = []
    for folder, folders, names in os.walk(directory):
        if not folders and not any(map(_is_picture, names)):
            empty.append(Path(folder).relative_to(directory).as_posix())
    return sorted(empty)


def artist_name(text: str) -> str:
    """The catalogue's spelling of a folder's or file's name; the text in words if it has none."""
    found = artists.find(text)
    return found.name if found else " ".join(text.replace("_", " ").split())


def _from_index(index: Path) -> Iterator[PaintingFile]:
    with index.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            outside = row["file"].startswith(f"{OTHER}/")
            yield PaintingFile(
                file=row["file"],
                artist=artist_name(row["artist"].removeprefix(f"{OTHER}:")),
                outside=outside,
                style=(row.get("style") or "").replace("_", " "),
                split=row.get("split") or "",
            )


def _from_tree(directory: Path) -> Iterator[PaintingFile]:
    found = []
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in filter(_is_picture, names):
            path = (Path(folder) / name).relative_to(directory)
            found.append(
                PaintingFile(path.as_posix(), _painter(path), outside=OTHER in path.parts[:-1])
            )
    full_size = {(f.artist, f.number) for f in found if not _is_resized(f) and f.number}
    for file in found:
        copy = _is_resized(file) and (file.artist, file.number) in full_size
        yield replace(file, resized_copy=copy)


def _painter(path: Path) -> str:
    folder = path.parent.name
    if not folder or folder.casefold() in _NO_ARTIST:
        return artist_name(re.sub(r"[\s_-]*\d*$", "", path.stem))
    return artist_name(folder)


def _is_resized(file: PaintingFile) -> bool:
    return "resized" in PurePosixPath(file.file).parts[:-1]


def _is_picture(name: str) -> bool:
    extension = name.rpartition(".")[2].casefold()
    return not name.startswith(".") and extension in images.EXTENSIONS
