"""The sorting of a collection into one folder an artist: `Gustav_Klimt/Gustav_Klimt_12.jpg`.

Names depend on the source alone, files appear whole or not at all, and what is there is
left as it is: an interrupted run is finished by giving the same command again.
"""

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from core import collection
from core.collection import OTHER, PaintingFile, duplicates, features, scan
from core.files import printable, write_if_new
from training.data.files import DatasetError, csv_text, within

How = Literal["copy", "hardlink", "symlink"]
LEFT_OUT = "left_out.csv"
_TEMPORARY = ".organising-{}.part"
_GONE = "It vanished while the others were read."
_LONGEST = 120  # bytes of a name: far below the limit of any file system
_FLAT = 4.0  # grey levels of deviation below which a thumbnail shows next to nothing


@dataclass(frozen=True)
class Organised:
    """What a run did.

    Attributes:
        artists: Folders, without that of artists outside the collection.
        paintings: Files that now show the paintings of the source.
        written: Of these, the ones that were not there before.
        copies: Files of the source that another one stands for.
        left_out: Paintings without a readable copy, and what looks like a picture and is none,
            see `LEFT_OUT`.
    """

    artists: int
    paintings: int
    written: int
    copies: int
    left_out: int


@dataclass(frozen=True)
class _Work:
    """All files that claim to be one painting, and the name that it gets, without ending."""

    name: str
    copies: tuple[PaintingFile, ...]  # the best first


def organise(
    source: Path,
    to: Path,
    *,
    how: How = "copy",
    on_reading: Callable[[int, int], None] = lambda done, of: None,
    on_writing: Callable[[int, int], None] = lambda done, of: None,
) -> Organised:
    """Copies or links the best file of each painting into the folder of its artist.

    The source is only read. A file in `to` that is not the one to be written keeps its
    place; the painting is then listed in `LEFT_OUT` as are those that cannot be read.

    Raises:
        FileNotFoundError: If the source holds no pictures.
        DatasetError: If one directory lies in the other, or the disk does not play along.
    """
    if within(source, to) or within(to, source):
        raise DatasetError(f"{source} and {to} must lie apart: neither may be inside the other.")
    listed = collection.files(source)
    scan.scan(source, on_progress=on_reading)
    measured = scan.table(source)
    errors = dict(zip(measured["file"], measured["error"], strict=True))
    hashes = dict(zip(measured["file"], measured["sha256"], strict=True))

    @lru_cache(maxsize=64)
    def look(file: str) -> features.Measured:
        return features.measure(source, file)

    def same(a: str, b: str) -> bool:
        return hashes[a] == hashes[b] or _alike(look(a), look(b))

    works = _works(listed)
    taken = {work.name.casefold() for work in works}
    left_out = [
        (printable(left.path), collection.artist_name(left.path.parent.name), left.reason)
        for left in collection.left_out(source)
    ]
    passed_over = len(left_out)
    folders, paintings, written = set(), 0, 0
    try:
        _clean(to)
        for n, work in enumerate(works):
            chosen = _different(work.copies, errors, same)
            if not chosen:
                first = work.copies[0]
                left_out.append((first.file, first.artist, errors.get(first.file, _GONE)))
            for file, name in zip(chosen, _names(work.name, taken), strict=False):
                target = to / (name + PurePosixPath(file.file).suffix.casefold())
                try:
                    written += _place(source / file.file, target, how)
                except FileExistsError:
                    reason = f"Another file lies at {target.relative_to(to).as_posix()} already."
                    left_out.append((file.file, file.artist, reason))
                    continue
                paintings += 1
                folders.add(target.parent.name)
            on_writing(n + 1, len(works))
        write_if_new(to / LEFT_OUT, csv_text(("file", "artist", "reason"), left_out))
    except OSError as error:
        raise DatasetError(_complaint(error, to, how)) from error
    return Organised(
        artists=len(folders - {OTHER}),
        paintings=paintings,
        written=written,
        copies=len(listed) - paintings - (len(left_out) - passed_over),
        left_out=len(left_out),
    )


def folder_name(artist: str) -> str:
    """The folder of an artist: `Albrecht Dürer` becomes `Albrecht_Durer`.

    ASCII wherever letters have an ASCII base; others, as of a Cyrillic name, stay.
    """
    return _clean_name(artist.replace(".", "") or "Unknown")


def _works(listed: list[PaintingFile]) -> list[_Work]:
    """Groups files by the painting that they claim to be, sorted by name."""
    found: dict[str, tuple[str, list[PaintingFile]]] = {}
    folders: dict[str, str] = {}  # one spelling each, for systems that tell A from a
    for file in listed:
        folder, name = _name(file)
        name = f"{folders.setdefault(folder.casefold(), folder)}/{name}"
        found.setdefault(name.casefold(), (name, []))[1].append(file)
    return [
        _Work(name, tuple(sorted(files, key=lambda f: (f.resized_copy, f.file))))
        for _, (name, files) in sorted(found.items())
    ]


def _name(file: PaintingFile) -> tuple[str, str]:
    """Folder and name without ending: by number if the painting has one, else by its own name."""
    path = PurePosixPath(file.file)
    if file.outside:
        # Painters of all sorts share this folder, so that numbers do not tell them apart.
        *folders, _ = path.parts
        inner = folders[folders.index(OTHER) + 1 :] if OTHER in folders else folders
        return OTHER, _clean_name("_".join((*inner, path.stem)))
    folder = folder_name(file.artist)
    painter = path.stem.removesuffix(file.number).strip(" _-")
    by_number = file.number and (
        not painter or folder_name(collection.artist_name(painter)).casefold() == folder.casefold()
    )
    return folder, f"{folder}_{file.number}" if by_number else _clean_name(path.stem)


def _clean_name(text: str) -> str:
    """Letters, digits, `_`, `-` and `.` of a text, without diacritics."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    words = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", letters))
    words = re.sub(r"_{2,}", "_", words).strip("_.-")
    short = words.encode()[:_LONGEST].decode(errors="ignore")
    if short != words or not short:  # what was cut off may be what tells it apart
        return f"{short or 'painting'}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return short


def _names(name: str, taken: set[str]) -> Iterator[str]:
    """The name, then `nameb`, `namec`, … for different pictures that claim the same one.

    Letters, since the number at the end of a name tells paintings apart.
    """
    yield name
    for round, letter in product(range(1, 1000), "bcdefghijklmnopqrstuvwxyz"):
        another = name + "z" * (round - 1) + letter
        if another.casefold() not in taken:
            taken.add(another.casefold())
            yield another


def _different(
    copies: tuple[PaintingFile, ...], errors: dict[str, str], same: Callable[[str, str], bool]
) -> list[PaintingFile]:
    """The readable files among copies that show different pictures, the best of each."""
    chosen: list[PaintingFile] = []
    stems = set()
    for file in copies:
        if errors.get(file.file, _GONE):
            continue
        # Kaggle's resized copy is its namesake by definition: pixels need not be compared.
        stem = PurePosixPath(file.file).stem
        known = file.resized_copy and stem in stems
        stems.add(stem)
        if not known and not any(same(file.file, other.file) for other in chosen):
            chosen.append(file)
    return chosen


def _alike(one: features.Measured, other: features.Measured) -> bool:
    """Whether two files show the same painting, by their pixels."""
    small = np.frombuffer(one.small + other.small, np.uint8).reshape(
        2, features.SMALL, features.SMALL
    )
    if max(small[0].std(), small[1].std()) < _FLAT:  # no structure to compare
        return bool(np.abs(small[0].astype(int) - small[1]).mean() < _FLAT)
    return bool(duplicates.pairs([one.hash, other.hash], small))


def _place(file: Path, target: Path, how: How) -> bool:
    """Puts a file where it belongs; false if it is there already.

    Raises:
        FileExistsError: If another file is there.
    """
    if os.path.lexists(target):
        # Equal size and time count as equal, as copies keep their time; else bytes are read.
        if target.exists() and filecmp.cmp(file, target):
            return False
        raise FileExistsError(target)
    target.parent.mkdir(exist_ok=True)
    temporary = target.parent.parent / _TEMPORARY.format(os.getpid())
    file = file.resolve()
    try:
        if how == "copy":
            shutil.copy2(file, temporary)
        elif how == "hardlink":
            temporary.hardlink_to(file)
        else:
            temporary.symlink_to(file)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _clean(to: Path) -> None:
    """Makes the directory, or removes what a killed run left half-written in it."""
    to.mkdir(parents=True, exist_ok=True)
    for temporary in to.glob(_TEMPORARY.format("*")):
        temporary.unlink(missing_ok=True)


def _complaint(error: OSError, to: Path, how: How) -> str:
    if how != "copy" and error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
        return f"A {how} from there to {to} is not possible: use --how copy."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk at {to} is full: make room and run the same command again."
    return f"{error.filename or to} cannot be written or read: {error.strerror or error}."
