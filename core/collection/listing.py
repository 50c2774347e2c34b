"""A directory of paintings: which files it holds and who painted them.

Three layouts are understood: an `index.csv` (columns `file`, `artist`, and if known
`split` and `style`), one folder an artist, and Kaggle's *Best Artworks of All Time*
as it comes, where each painting lies once at full size and once resized.

An index may come from anywhere: one that leads out of its directory is refused.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core import artists
from core.errors import AtelierError
from core.files import printable
from core.images import folders as listing
from core.images.folders import LeftOut
from core.settings import settings

log = logging.getLogger(__name__)

OTHER = "_other"  # folder of paintings by artists outside the collection
SPLITS = ("train", "val", "test")
_SPLIT_WORDS = {"training": "train", "valid": "val", "validation": "val", "testing": "test"} | {
    split: split for split in SPLITS
}
_DIVIDE = "`python -m training dataset split {} --force`"
_NO_ARTIST = {OTHER, "images", "resized", "paintings", "pictures", "train", "test"}  # folders


class CollectionError(AtelierError, FileNotFoundError):
    """Paintings that are not there, or a list of them that cannot be used."""

    code = "collection"


@dataclass(frozen=True)
class IndexRow:
    """One row of an `index.csv`.

    Attributes:
        file: Path inside the directory, with `/`.
        artist: As the index has it; empty if it does not say.
        split: One of `SPLITS`, or what else the index has there; empty if nothing.
        style: As the index has it; empty if unknown.
    """

    file: str
    artist: str
    split: str = ""
    style: str = ""

    @property
    def outside(self) -> bool:
        """Whether it shows a hand outside the collection."""
        return self.file.startswith(f"{OTHER}/") or self.artist.partition(":")[0] == OTHER

    @property
    def painter(self) -> str:
        """The name alone: an index has `_other:NAME` for painters outside; empty if unknown."""
        return self.artist.removeprefix(f"{OTHER}:").strip()


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


def files(directory: Path, *, use_index: bool | Path = True) -> list[PaintingFile]:
    """Lists a directory, sorted by path. The log names what is left out, see `left_out`.

    Nothing is opened but `index.csv`, and files without an ending for their first bytes.

    Files that an index names are listed whether they exist or not.

    Args:
        use_index: If false, an index is passed over, and the folders count; a path is that of an
            index that says what there is in place of the directory's `index.csv`.

    Raises:
        CollectionError: If there is no such directory, no picture in it, or an
            `index.csv` that cannot be used. The message is one sentence.
    """
    if not _is_directory(directory):
        raise CollectionError(f"There is no directory {directory}.")
    index = use_index if isinstance(use_index, Path) else directory / "index.csv"
    passed_over: list[LeftOut] = []
    found = list(
        _from_index(index) if use_index and index.is_file() else _from_tree(directory, passed_over)
    )
    for left in passed_over:
        log.warning("Left out %s: %s", printable(left.path), left.reason)
    if not found:
        raise CollectionError(f"There are no pictures in {directory}.")
    return sorted(found, key=lambda file: file.file)


def dealt(path: Path) -> str:
    """The split, one of `SPLITS`, of a file that no index deals: 80/10/10 by a hash of its name."""
    name = f"{path.parent.name}/{path.name}"
    bucket = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 10
    return "test" if bucket == 0 else "val" if bucket == 1 else "train"


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


def title(file: str) -> str:
    """A painting's title, as far as its path tells."""
    return " ".join(PurePosixPath(file).stem.replace("_", " ").split())


def may_be_shown(artist: str) -> bool:
    """Whether pictures by an artist may appear on screen: those in the public domain.

    The setting `show_all` shows everything, to who holds the rights or does not publish.
    """
    found = artists.find(artist)
    return settings().show_all or (found is not None and found.public_domain)


def _from_index(index: Path) -> Iterator[PaintingFile]:
    found: dict[str, PaintingFile] = {}
    for row in read_index(index):
        found.setdefault(
            row.file,
            PaintingFile(
                file=row.file,
                artist=artist_name(row.painter) if row.painter else _painter(Path(row.file)),
                outside=row.outside,
                style=row.style.replace("_", " "),
                split=row.split,
            ),
        )
    yield from found.values()


def read_index(index: Path, *, split: bool = False) -> list[IndexRow]:
    """Reads an `index.csv`, also one that a spreadsheet has saved.

    Columns may be separated by commas, semicolons or tabs, and named in any case. Rows that
    name no file are passed over.

    Args:
        split: If true, every row must be in one of the splits `SPLITS`.

    Raises:
        CollectionError: If it cannot be used; the message says why and what to do.
    """
    rows = []
    columns, cells = _table(index)
    needed = ("file", "artist", "split") if split else ("file", "artist")
    for column in needed:
        if column not in columns:
            advice = f": {_DIVIDE.format(index.parent)} writes one" if column == "split" else ""
            raise _unusable(index, f"it has no column {column!r}{advice}")
    for number, values in enumerate(cells, 1):
        row = dict(zip(columns, (value.strip() for value in values), strict=False))
        path = Path(row.get("file", ""))
        if path == Path():
            continue
        if path.anchor or ".." in path.parts or "\0" in str(path):
            raise _unusable(index, f"row {number} names a file outside of the directory")
        word = row.get("split", "")
        named = _SPLIT_WORDS.get(word.casefold(), word)
        if split and named not in SPLITS:
            said = f"is in a split {word!r}" if word else "is in no split"
            raise _unusable(index, f"row {number} {said}: there are {', '.join(SPLITS)}")
        rows.append(IndexRow(path.as_posix(), row.get("artist", ""), named, row.get("style", "")))
    return rows


def _table(index: Path) -> tuple[list[str], list[list[str]]]:
    """The columns of an index, in lower case, and its rows."""
    try:
        text = index.read_bytes().decode("utf-8-sig")  # Excel writes a mark first
        separator, lines = _separator(text.lstrip("\r\n"))
        rows = [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
    except UnicodeDecodeError:
        reason = 'it is not encoded as UTF-8: save it as "CSV UTF-8"'
        raise _unusable(index, reason) from None
    except csv.Error as error:
        raise _unusable(index, f"it is damaged ({error})") from None
    except OSError as error:
        raise _unusable(index, f"it cannot be opened ({error.strerror})") from None
    columns, *cells = rows or [[]]
    return [column.strip().casefold() for column in columns], cells


def _separator(text: str) -> tuple[str, Iterator[str]]:
    """What separates the columns of an index, by its first line, and its lines."""
    first, _, rest = text.partition("\n")
    if told := re.fullmatch(r"sep=(.)\r?", first):  # Excel's own way to say it
        return told[1], iter(io.StringIO(rest, newline=""))
    likely = max(",;\t", key=first.count)  # the first of equals: a comma
    return likely, iter(io.StringIO(text, newline=""))


def _unusable(index: Path, reason: str) -> CollectionError:
    return CollectionError(f"The list of pictures {index} cannot be used: {reason}.")


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
