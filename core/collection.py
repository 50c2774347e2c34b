"""A directory of paintings: which files it holds and who painted them.

Three layouts are understood: an `index.csv` (columns `file`, `artist`, and if known
`split` and `style`), one folder an artist, and Kaggle's *Best Artworks of All Time*
as it comes, where each painting lies once at full size and once resized.

An index may come from anywhere: one that leads out of its directory is refused.
"""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core import artists, listing
from core.files import printable
from core.listing import LeftOut
from core.settings import settings

log = logging.getLogger(__name__)

OTHER = "_other"  # folder of paintings by artists outside the collection
_NO_ARTIST = {OTHER, "images", "resized", "paintings", "pictures", "train", "test"}  # folders


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


def files(directory: Path, *, use_index: bool = True) -> list[PaintingFile]:
    """Lists a directory, sorted by path. The log names what is left out, see `left_out`.

    Nothing is opened but `index.csv`, and files without an ending for their first bytes.

    Files that an index names are listed whether they exist or not.

    Args:
        use_index: If false, an index is passed over, and the folders count.

    Raises:
        FileNotFoundError: If there is no such directory, no picture in it, or an
            `index.csv` that cannot be used. The message is one sentence.
    """
    if not _is_directory(directory):
        raise FileNotFoundError(f"There is no directory {directory}.")
    index = directory / "index.csv"
    passed_over: list[LeftOut] = []
    found = list(
        _from_index(index) if use_index and index.is_file() else _from_tree(directory, passed_over)
    )
    for left in passed_over:
        log.warning("Left out %s: %s", printable(left.path), left.reason)
    if not found:
        raise FileNotFoundError(f"There are no pictures in {directory}.")
    return sorted(found, key=lambda file: file.file)


def empty_folders(directory: Path) -> list[str]:
    """Folders, as paths inside the directory, that hold neither pictures nor folders."""
    empty = []
    for folder, folders, names in _walk(directory):
        if not folders and not any(listing.objection(folder / name) == "" for name in names):
            empty.append(folder.relative_to(directory).as_posix())
    return sorted(empty)


def left_out(directory: Path, *, use_index: bool = True) -> list[LeftOut]:
    """What might be taken for a picture and is not listed by `files`; paths inside the directory.

    Where an index says what there is, nothing is left out.
    """
    found: list[LeftOut] = []
    if not (use_index and (directory / "index.csv").is_file()):
        list(_from_tree(directory, found))
    return sorted(found, key=lambda left: left.path)


def artist_name(text: str) -> str:
    """The catalogue's spelling of a folder's or file's name; the text in words if it has none."""
    found = artists.find(text)
    return found.name if found else " ".join(text.replace("_", " ").split())


def may_be_shown(artist: str) -> bool:
    """Whether pictures by an artist may appear on screen: those in the public domain.

    The setting `show_all` shows everything, to who holds the rights or does not publish.
    """
    found = artists.find(artist)
    return settings().show_all or (found is not None and found.public_domain)


def _from_index(index: Path) -> Iterator[PaintingFile]:
    found: dict[str, PaintingFile] = {}
    for number, row in _rows(index):
        path = Path((row["file"] or "").strip())
        if path == Path():
            continue
        if path.anchor or ".." in path.parts or "\0" in str(path):
            raise _unusable(index, f"row {number} names a file outside of the directory")
        file = path.as_posix()
        artist = (row["artist"] or "").removeprefix(f"{OTHER}:").strip()
        found.setdefault(
            file,
            PaintingFile(
                file=file,
                artist=artist_name(artist) if artist else _painter(path),
                outside=file.startswith(f"{OTHER}/"),
                style=(row.get("style") or "").replace("_", " "),
                split=row.get("split") or "",
            ),
        )
    yield from found.values()


def _rows(index: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """The rows of an index and their numbers, from 1. The columns that are needed are there."""
    try:
        with index.open(newline="", encoding="utf-8-sig") as file:  # Excel writes a mark first
            reader = csv.DictReader(file, strict=True)
            rows, columns = list(reader), reader.fieldnames or []
    except UnicodeDecodeError:
        raise _unusable(index, "it is not encoded as UTF-8") from None
    except csv.Error as error:
        raise _unusable(index, f"it is damaged ({error})") from None
    except OSError as error:
        raise _unusable(index, f"it cannot be opened ({error.strerror})") from None
    for column in ("file", "artist"):
        if column not in columns:
            raise _unusable(index, f"it has no column {column!r}")
    yield from enumerate(rows, 1)


def _unusable(index: Path, reason: str) -> FileNotFoundError:
    return FileNotFoundError(f"The list of pictures {index} cannot be used: {reason}.")


def _from_tree(directory: Path, left_out: list[LeftOut]) -> Iterator[PaintingFile]:
    found = []
    for folder, folders, names in _walk(directory, left_out):
        for name in folders:
            if (folder / name).is_symlink():
                path = (folder / name).relative_to(directory)
                left_out.append(LeftOut(path, "It is a link to a folder, which is not followed."))
        for name in names:
            path = (folder / name).relative_to(directory)
            reason = listing.objection(folder / name)
            if reason is not None and not _is_text(name):
                reason = "Its name is not encoded as UTF-8."
            if reason == "":
                found.append(
                    PaintingFile(path.as_posix(), _painter(path), outside=OTHER in path.parts[:-1])
                )
            elif reason:
                left_out.append(LeftOut(path, reason))
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


def _walk(
    directory: Path, left_out: list[LeftOut] | None = None
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """As `os.walk`, but for what is hidden; tells folders that cannot be read, if asked to."""

    def tell(error: OSError) -> None:
        if left_out is not None:
            path = Path(error.filename).relative_to(directory)
            left_out.append(LeftOut(path, f"The folder cannot be opened: {error.strerror}."))

    for folder, folders, names in os.walk(directory, onerror=tell):
        for name in folders:
            if not _is_text(name) and left_out is not None:
                path = (Path(folder) / name).relative_to(directory)
                left_out.append(LeftOut(path, "Its name is not encoded as UTF-8."))
        folders[:] = [name for name in folders if _is_text(name) and not name.startswith(".")]
        yield Path(folder), folders, names


def _is_text(name: str) -> bool:
    """Whether a name is one: others can neither be in a database nor on a page."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # too long a name, or not to be looked at
        return False
