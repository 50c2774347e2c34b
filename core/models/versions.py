"""The versions of models: what tells them apart, the one that ships, and the directory of others.

A version is the first 12 hexadecimal digits of a digest over the digests of its weights, its
base's included, and its entry. `ATELIER_VERSIONS` names a directory with a folder a version, which
is laid out as `assets/models` is: `models.json` with the entry and that of its base, both files of
weights, graphs, card, evaluation. What lies there is never changed: another entry is another
version.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core import artists
from core.errors import AtelierError, UnknownName
from core.files import check_output, write
from core.models import entries
from core.models.entries import Entry, WeightsFile
from core.models.weights import NotHere, WeightsError, checked, find_file
from core.settings import settings

log = logging.getLogger(__name__)

LENGTH = 12  # digits of a version
_ID = re.compile(rf"[0-9a-f]{{{LENGTH}}}")
_LIST = "models.json"


class VersionError(AtelierError, ValueError):
    """A folder that does not hold the version that it should."""

    code = "version"


@dataclass(frozen=True)
class Version:
    """One version of a model.

    Attributes:
        entry: Its row of a catalogue.
        base: That of the feature extractor that comes first, if there is one.
        directory: Where its files lie; None for the version that ships.
    """

    entry: Entry
    base: Entry | None
    directory: Path | None

    @property
    def id(self) -> str:
        """What tells it from all others: 12 hexadecimal digits."""
        return digest(self.entry, self.base)

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """Weights, graphs, and the weights of the base."""
        graphs = (self.entry.graphs.file,) if self.entry.graphs else ()
        return (self.entry.file, *graphs, *((self.base.file,) if self.base else ()))


def digest(entry: Entry, base: Entry | None) -> str:
    """The version that an entry is.

    Its figures do not count: they are measured of a version, and may be measured again.
    """
    told = entry.model_dump(mode="json", exclude_defaults=True, exclude={"figures"})
    counted = {"entry": told, "base": base.file.sha256 if base else None}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def shipped(model_id: str) -> Version:
    """The version of a model that ships, which serves as long as no other was released.

    Raises:
        UnknownName: If there is no such model.
    """
    entry = entries.get(model_id)
    return Version(entry, entries.get(entry.base) if entry.base else None, None)


def find(model_id: str, version: str | None = None) -> Version:
    """A version of a model that is on this machine; the one that ships for None.

    Raises:
        UnknownName: If there is no such model, or no such version of it here.
        VersionError: If what lies there is damaged.
    """
    ships = shipped(model_id)
    if version is None or version == ships.id:
        return ships
    root = settings().versions
    if _ID.fullmatch(version):
        try:
            found = _stored(root, version)
        except VersionError:
            if (root / version / _LIST).exists():
                raise
        else:  # perhaps of a folder that is gone by now: what is in memory goes on to serve
            if found.entry.id == model_id:
                return found
    known = ", ".join(each.id for each in listed(model_id))
    raise UnknownName(
        f"The model {model_id!r} has no version {version!r} here; there are: {known}."
    )


def named(model_id: str, name: str) -> Version:
    """A version by its digest, or by the name that its entry has where no other has it.

    Raises:
        UnknownName: If there is none here, or several have the name.
    """
    called = [each for each in listed(model_id) if each.entry.version == name]
    if len(called) == 1:
        return called[0]
    if called:
        shown = ", ".join(each.id for each in called)
        raise UnknownName(
            f"Several versions of {model_id!r} are called {name!r}: name one of {shown}."
        )
    return find(model_id, name)


def listed(model_id: str | None = None) -> list[Version]:
    """The versions of a model, or of all that ship: those that ship first, then by date."""
    ships = [shipped(each) for each in entries.catalogue() if model_id in (None, each)]
    stored = []
    for path in sorted(settings().versions.glob(f"*/{_LIST}")):
        if not _ID.fullmatch(path.parent.name):
            continue
        try:
            found = _stored(settings().versions, path.parent.name)
        except VersionError as error:
            log.warning("%s", error)
            continue
        if model_id in (None, found.entry.id):
            stored.append(found)
    known = {each.id for each in ships}
    stored.sort(key=lambda each: (each.entry.date or "", each.id))
    return ships + [each for each in stored if each.id not in known]


def path_of(version: Version, file: WeightsFile) -> Path:
    """Where a file of a version lies, checked.

    Raises:
        NotHere: If it is not on this machine.
        WeightsError: If it is damaged.
    """
    return find_file(file, directory=version.directory)


def check(version: Version) -> None:
    """Makes sure that all files of a version are here, and the recorded ones.

    Raises:
        NotHere: If one is missing.
        WeightsError: If one is damaged.
    """
    for file in version.files:
        path_of(version, file)


@contextmanager
def staged() -> Iterator[Path]:
    """A folder beside the versions in which one is made ready, and which is gone afterwards."""
    root = settings().versions
    check_output(root / "x")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=root, ignore_cleanup_errors=True) as part:
        yield Path(part) / "version"


def keep(version: Version, directory: Path) -> None:
    """Writes all that belongs to a version into a new folder.

    Raises:
        WeightsError: If a file is missing or damaged.
    """
    directory.mkdir(parents=True)
    beside = version.directory or entries.assets()
    for file in version.files:
        shutil.copyfile(path_of(version, file), directory / file.name)
    if (beside / f"{version.entry.id}.md").is_file():
        shutil.copyfile(beside / f"{version.entry.id}.md", directory / f"{version.entry.id}.md")
    if (beside / version.entry.id).is_dir():
        shutil.copytree(beside / version.entry.id, directory / version.entry.id)
    _write_list(version, directory)


def adopt(directory: Path, model_id: str, expected: str | None = None) -> Version:
    """Moves a folder that holds a version, see `staged`, to its place among the versions.

    Args:
        directory: Laid out as `assets/models`, on the same file system; the weights of a base may
            be missing, and come from what ships then.
        expected: The version that it must be.

    Raises:
        VersionError: If it is none, or another one.
        WeightsError: If a file is missing or damaged.
        UnknownName: If the model does not ship.
    """
    found = read(directory, model_id)
    if expected is not None and found.id != expected:
        raise VersionError(
            f"The folder holds version {found.id} of {model_id}, not {expected}: its entry was "
            "changed on the way."
        )
    for file in found.files:
        if found.base and file == found.base.file and not (directory / file.name).exists():
            shutil.copyfile(find_file(file), directory / file.name)
        if not (directory / file.name).is_file():
            raise NotHere(f"The version {found.id} of {model_id} lacks its file {file.name}.")
        checked(directory / file.name, file.sha256)
    _write_list(found, directory)
    entries.get(model_id)  # one that does not ship could not be found again
    target = settings().versions / found.id
    try:
        directory.rename(target)
    except OSError:  # there it is already, from before or from somebody else
        if not _is_whole(target, found):
            with staged() as aside:
                target.rename(aside)
                directory.rename(target)
            _stored.cache_clear()
    _sync(target.parent)
    placed = find(model_id, found.id)
    check(placed)
    return placed


def _is_whole(directory: Path, expected: Version) -> bool:
    try:
        check(found := read(directory, expected.entry.id))
    except (VersionError, WeightsError):
        return False
    return found.id == expected.id


def read(directory: Path, model_id: str | None = None) -> Version:
    """The version that a folder holds, its files not yet looked at.

    Args:
        model_id: Of the model that it is a version of; else the first of the list.

    Raises:
        VersionError: If it holds none.
    """
    try:
        rows = json.loads((directory / _LIST).read_text(encoding="utf-8"))
        found = {entry.id: entry for entry in map(Entry.model_validate, rows)}
        entry = found[model_id or next(iter(found))]
        base = None
        if entry.base:
            base = found.get(entry.base) or entries.get(entry.base)
    except (OSError, ValueError, LookupError, TypeError, StopIteration) as error:
        raise VersionError(
            f"{directory} holds no version{f' of {model_id}' if model_id else ''}: {_LIST} is "
            "missing, damaged, or of something else."
        ) from error
    names = (entry.file.name, *((entry.graphs.file.name,) if entry.graphs else ()))
    for name in (*names, *((base.file.name,) if base else ())):
        if name != Path(name).name or name.startswith("."):
            raise VersionError(f"{directory} names a file that lies elsewhere: {name!r}.")
    for taught in entry.taught:
        artists.introduce(taught.name)
    return Version(entry, base, directory)


def remove(version: Version) -> None:
    """Deletes the folder of a version, so that nothing of it is left.

    Raises:
        VersionError: If it ships.
        OSError: If it cannot be deleted.
    """
    if version.directory is None:
        raise VersionError(f"The version {version.id} of {version.entry.id} ships: it stays.")
    with staged() as aside:  # first out of sight, so that nobody finds half of it
        version.directory.rename(aside)
        shutil.rmtree(aside)
    _stored.cache_clear()


@cache
def _stored(root: Path, version: str) -> Version:
    """A version of the directory: what was read once stays, since none ever changes."""
    found = read(root / version)
    if found.id != version:
        raise VersionError(
            f"{root / version} holds version {found.id}, so its entry was changed: get it again."
        )
    return found


def _write_list(version: Version, directory: Path) -> None:
    parts = [version.entry, *((version.base,) if version.base else ())]
    rows = [each.model_dump(mode="json", exclude_defaults=True) for each in parts]
    write(directory / _LIST, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def _sync(directory: Path) -> None:
    """Has names forced to disk, where the system lets a directory be."""
    with suppress(OSError):
        opened = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
