"""Writing files: whole or not at all, and never over what somebody else put there.

A file is written beside its place under a hidden name, forced to disk, and renamed, so that
neither a full disk nor a kill leaves half of it or harms what was there before.
"""

from __future__ import annotations

import csv
import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import AtelierError

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

_LONGEST_NAME = 255  # bytes, on nearly every file system
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class OutputError(AtelierError, OSError):
    """A file that cannot be written. Its message is one sentence that names it."""

    code = "output"


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Gives a temporary path to write to; it takes the place of `path` if nothing is raised.

    Args:
        path: The file to be. Its directory is made; a link is followed.
        overwrite: If false, what appeared at `path` meanwhile stays.

    Raises:
        FileExistsError: If there is such a file that is not to be overwritten.
        OutputError: If the file cannot be put in its place.
    """
    target = Path(os.path.realpath(path))
    ending = ".weights.h5" if target.name.endswith(".weights.h5") else target.suffix[:16]
    part = target.with_name(f".{secrets.token_hex(8)}.part{ending}")
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error
        yield part
        try:
            _settle(part, target, overwrite)
        except FileExistsError:
            raise
        except OSError as error:
            raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write(path: Path, data: bytes | str, *, overwrite: bool = True) -> None:
    """Writes a file, text as UTF-8; the arguments and errors are those of `replacing`."""
    content = data.encode() if isinstance(data, str) else data
    with replacing(path, overwrite=overwrite) as part:
        try:
            part.write_bytes(content)
        except OSError as error:
            raise unwritable(path, error) from error


def write_if_new(path: Path, data: bytes | str) -> bool:
    """Writes a file unless it has this content already, and keeps its time stamp then.

    Returns:
        Whether that changed it.
    """
    content = data.encode() if isinstance(data, str) else data
    if path.is_file() and path.read_bytes() == content:
        return False
    write(path, content)
    return True


def write_beside(path: Path, data: bytes | str) -> Path:
    """Writes a file under this name, or one with a number where that is taken (`name-2.png`).

    Returns:
        Where it was written.
    """
    for candidate in _numbered(path):
        if not os.path.lexists(candidate):
            with suppress(FileExistsError):
                write(candidate, data, overwrite=False)
                return candidate
    raise AssertionError("numbers do not end")


def outputs(
    inputs: Sequence[Path], directory: Path, *, added: str = "", ending: str = ".png"
) -> list[Path]:
    """Plans one output for each input: the input's name, and a number where that is taken.

    `x/p1.png` and `y/p1.jpg` become `p1.png` and `p1-2.png`; so does one that is there already.

    Args:
        directory: Where they will lie; need not exist.
        added: What comes between name and ending.

    Returns:
        Paths of files that do not exist yet, no two alike, in the order of the inputs.
    """
    taken: set[str] = set()
    planned = []
    for path in inputs:
        for candidate in _numbered(directory / f"{path.stem}{added}{ending}"):
            name = candidate.name.casefold()  # some file systems do not tell cases apart
            if name not in taken and not os.path.lexists(candidate):
                break
        taken.add(name)
        planned.append(candidate)
    return planned


def check_output(path: Path) -> None:
    """Makes sure, before any work, that a file can be written.

    Raises:
        OutputError: If it cannot, as far as can be told without writing it.
    """
    shown = printable(path)
    for part in path.parts:
        if len(os.fsencode(part)) > _LONGEST_NAME:
            raise OutputError(f"{shown} cannot be written: a name in it is too long.")
    try:
        if path.is_dir():
            raise OutputError(f"{shown} cannot be written: it is a folder.")
        if path.exists() and not path.is_file():
            raise OutputError(f"{shown} cannot be written: it is not a regular file.")
        parent = Path(os.path.realpath(path)).parent
        while not os.path.lexists(parent):
            parent = parent.parent
        if not parent.is_dir():
            raise OutputError(f"{shown} cannot be written: {printable(parent)} is not a folder.")
    except OutputError:
        raise
    except OSError as error:  # among them: too long in all, not to be looked at
        raise unwritable(path, error) from error
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(
            f"{shown} cannot be written: there is no permission to write into {printable(parent)}."
        )


def unwritable(path: Path, error: OSError) -> OutputError:
    """What is said of a file that could not be written."""
    if isinstance(error, OutputError):
        return error
    return OutputError(f"{printable(path)} could not be written: {error.strerror or error}.")


def lock(file: int, path: Path) -> None:
    """Locks an open file or folder, until it is closed or this process ends, however it does.

    Where there are no locks (Windows, some network drives) nothing happens.

    Args:
        file: Its descriptor.
        path: What is named where it is locked already.

    Raises:
        OutputError: If somebody else has it locked, be it in this process.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"{printable(path)} is being written by another run: wait for its end, or name another "
            "output."
        ) from error
    except OSError:
        return


def same(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file, however they are written."""
    try:
        return first.samefile(second)
    except OSError:
        return os.path.realpath(first) == os.path.realpath(second)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, with `\\n` at the end of lines on every system.

    To be read as it is written, without the translation of line ends (`newline=""`, or from bytes):
    names of files may hold `\\r` and `\\n`.
    """
    lines = _Lines()
    # Python quotes `\r` only where it is part of what ends a row, and reads none that is not.
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines)


class _Lines(list[str]):
    """What a writer of CSV has written, a row an element."""

    def write(self, row: str) -> None:
        self.append(row.removesuffix("\r\n") + "\n")


def printable(path: Path | str) -> str:
    """A path as text that any encoding of UTF-8 takes: other bytes are shown as `\\xe9`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1


def _settle(part: Path, target: Path, overwrite: bool) -> None:
    """Forces a file to disk and gives it its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        with suppress(OSError):  # it keeps the permissions that it had
            shutil.copymode(target, part)
        part.replace(target)
    else:
        try:
            os.link(part, target)  # unlike a rename, fails if there is one
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
            part.replace(target)
    with suppress(OSError):  # not every system lets a directory be forced
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
