"""What a command does with a folder: which pictures are left, `results.csv`, a contact sheet.

What is finished and unchanged is not done again: a row of `results.csv` says by digests from what
and as what a picture was made, and the picture must still be the one that was written. The folder
is locked meanwhile: of two runs each would leave out the other one's rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image, ImageDraw

from core import files, images
from core.cli import console
from core.cli.console import say
from core.images import folders
from core.images.types import Pixels

RESULTS, SHEET = "results.csv", "contact-sheet.jpg"
_SHEETS = SHEET.removesuffix(".jpg")  # how names of all begin: another where that one is taken
_MARK = "Atelier, contact sheet"  # in the sheet: what has it may be replaced
_TILE, _LABEL, _ACROSS, _MOST = 184, 20, 6, 240  # pixels, pixels, pictures a row and on a sheet


@dataclass(frozen=True)
class Row:
    """A line of `results.csv`.

    Attributes:
        file: The picture that was read.
        digest: SHA-256 of it.
        request: Digest of what was asked for.
        output: What was written, in the folder of the table; empty if nothing was.
        output_digest: SHA-256 of it.
        seconds: Time it took.
        error: Why there is none, or only a part of one.
    """

    file: str
    digest: str
    request: str
    output: str = ""
    output_digest: str = ""
    seconds: str = ""
    error: str = ""


_HEAD = [field.name for field in fields(Row)]


class Folder:
    """A folder that pictures are written into, as a context manager that ends with the sheet.

    Args:
        out: The folder.
        asked: All that decides what becomes of a picture, but the picture.
    """

    def __init__(self, out: Path, asked: Iterable[object]) -> None:
        self._out, self._table = out, out / RESULTS
        self._request = _digest("\n".join(map(repr, asked)).encode())[:16]
        self._rows: dict[str, dict[str, Row]] = {}  # of each file, by what was written
        self._digests: dict[Path, str] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._changed = False

    def __enter__(self) -> Self:
        """Reads what is there.

        Raises:
            files.OutputError: If there is a `results.csv` of somebody else, or another run writes
                into the folder.
        """
        with ExitStack() as stack:
            stack.enter_context(_locked(self._out))
            for row in self._read():
                self._remember(row)
            self._is_torn = self._table.exists()  # as far as is known
            self._unlocked = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Writes the table in order, and the sheet.

        Raises:
            files.OutputError: If that cannot be done; the table has the rows all the same.
        """
        with self._unlocked:
            if self._changed:
                rows = sorted(self._all(), key=lambda row: row.file)
                lines = [_HEAD, *(list(asdict(row).values()) for row in rows)]
                files.write(self._table, _lines(lines))
                self._write_sheet(rows)

    def left(self, paths: Sequence[Path]) -> list[Path]:
        """Those that are not done yet, and did not come of it; how many are done is said.

        Raises:
            files.OutputError: If the table cannot be written.
        """
        own = {(self._out / row.output).resolve() for row in self._all() if row.output}
        found = [path for path in paths if path.resolve() not in own and not _is_sheet(path)]
        left = [path for path in found if not self._is_done(path)]
        if len(left) < len(found):
            say(f"{len(found) - len(left)} of {len(found)} are done already, see {RESULTS}.")
        self._stamps = {path: _stamp(path) for path in left}
        if left and not self._table.exists():
            files.write(self._table, _lines([_HEAD]))
        return left

    def done(self, path: Path, output: Path, data: bytes, seconds: float) -> None:
        """Remembers what became of a picture.

        Raises:
            files.OutputError: If it cannot be written down.
        """
        self._add(self._written(path, output, data, seconds=f"{seconds:.2f}"))

    def stopped(self, path: Path, output: Path, data: bytes) -> None:
        """Remembers what a stop has left of a picture, which is not done; otherwise as `done`."""
        # With its output: in the folder of the photos, it would be taken for one of them.
        self._add(self._written(path, output, data, error="Stopped before its end."))

    def failed(self, path: Path, sentence: str) -> None:
        """Remembers why nothing became of it; otherwise as `done`."""
        row = Row(files.printable(path), self._digest_of(path), self._request, error=sentence)
        self._add(row)

    def _written(
        self, path: Path, output: Path, data: bytes, *, seconds: str = "", error: str = ""
    ) -> Row:
        return Row(
            files.printable(path),
            # Of one that has changed meanwhile nobody knows what was read: it is done again.
            self._digest_of(path) if _stamp(path) == self._stamps.get(path) else "",
            self._request,
            output.name,
            _digest(data),
            seconds,
            error,
        )

    def _is_done(self, path: Path) -> bool:
        rows = self._rows.get(files.printable(path), {}).values()
        return any(self._is_of(path, row) for row in rows)

    def _is_of(self, path: Path, row: Row) -> bool:
        """Whether a row tells of what was asked, and that is there, of the picture as it is now."""
        if row.error or row.request != self._request:
            return False
        try:
            written = _digest((self._out / row.output).read_bytes())
        except OSError:
            return False
        return written == row.output_digest and self._digest_of(path) == row.digest

    def _all(self) -> list[Row]:
        return [row for rows in self._rows.values() for row in rows.values()]

    def _remember(self, row: Row) -> None:
        """Notes a row, in place of that of the same output, and of an error before."""
        rows = self._rows.setdefault(row.file, {})
        rows.pop("", None)
        rows.pop(row.output, None)
        rows[row.output] = row

    def _digest_of(self, path: Path) -> str:
        """Of a file as it was when it was first looked at; empty if it cannot be read."""
        if path not in self._digests:
            try:
                self._digests[path] = _digest(path.read_bytes())
            except OSError:
                self._digests[path] = ""
        return self._digests[path]

    def _read(self) -> list[Row]:
        try:
            text = self._table.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.OutputError(
                f"{files.printable(self._table)} cannot be read: {error.strerror}."
            ) from error
        # A line that a kill has cut off is none.
        head, *lines = csv.reader(io.StringIO(text, newline="")) if text else ([],)
        if list(head) != _HEAD:
            raise files.OutputError(
                f"{files.printable(self._table)} is not a table of this command: name another "
                "folder, or move it away."
            )
        return [Row(*line) for line in lines if len(line) == len(_HEAD)]

    def _add(self, row: Row) -> None:
        """Adds a line at once, so that a kill loses nothing.

        Raises:
            files.OutputError: If it cannot be added.
        """
        self._remember(row)
        self._changed = True
        # On a line of its own, also where a kill or a full disk has cut off the one before.
        line = b"\n" * self._is_torn + _lines([list(asdict(row).values())])
        self._is_torn = True
        try:
            with self._table.open("ab") as file:
                file.write(line)
        except OSError as error:
            raise files.unwritable(self._table, error) from error
        self._is_torn = False

    def _write_sheet(self, rows: Sequence[Row]) -> None:
        shown = [row for row in rows if row.output and (self._out / row.output).is_file()]
        if not shown:
            return
        data = images.encode(_sheet(self._out, shown[:_MOST]), "JPEG", {"title": _MARK})
        before = filter(_is_sheet, sorted(self._out.glob(f"{_SHEETS}*.jpg")))
        path = next(before, self._out / SHEET)
        if _is_sheet(path) or not os.path.lexists(path):
            files.write(path, data)
        else:
            files.write_beside(path, data)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Makes a folder, and has it for this run alone.

    Raises:
        files.OutputError: If another one has it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.unwritable(folder, error) from error
    try:
        file = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folder
        yield
        return
    try:
        files.lock(file, folder)
        yield
    finally:
        os.close(file)


def _is_sheet(path: Path) -> bool:
    """Whether it is a contact sheet of ours."""
    try:
        return path.name.startswith(_SHEETS) and _MARK.encode() in path.read_bytes()
    except OSError:
        return False


def _stamp(path: Path) -> tuple[int, int]:
    """When a file was changed, in nanoseconds, and its bytes; zeros if it has gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _sheet(folder: Path, rows: Sequence[Row]) -> Pixels:
    """Small copies side by side, with their names."""
    across = min(_ACROSS, len(rows))
    down = -(-len(rows) // across)
    sheet = Image.new("RGB", (across * _TILE, down * (_TILE + _LABEL)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top, left = divmod(number, across)
        place = left * _TILE, top * (_TILE + _LABEL)
        with suppress(images.UnreadablePicture, OSError):  # somebody has changed it
            found = images.load(folder / row.output, enough=_TILE)
            small = images.preview(found.pixels, _TILE - 8)
            height, width = small.shape[:2]
            sheet.paste(
                Image.fromarray(small),
                (place[0] + (_TILE - width) // 2, place[1] + (_TILE - height) // 2),
            )
        name = row.output.encode("ascii", "replace").decode()
        pen.text((place[0] + 6, place[1] + _TILE), name[:28], fill=(90, 90, 90))
    return np.asarray(sheet)


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    return files.csv_text(rows).encode("utf-8", "backslashreplace")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of(given: Any) -> str:
    """Of a style or a mask, for `Folder.asked`: of its pixels, or its name."""
    return _digest(given.tobytes()) if isinstance(given, np.ndarray) else str(given)


def expanded(paths: Sequence[Path]) -> tuple[list[Path], bool]:
    """Pictures, those of folders in place of folders; and whether there was a folder.

    Raises:
        typer.Exit: If a folder cannot be read, or there are no pictures at all.
    """
    found: list[Path] = []
    directories = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - any name
    for path in paths:
        if path not in directories:
            found.append(path)
            continue
        with console.whole():
            pictures, left_out = folders.pictures_in(path)
        for left in left_out:
            say(f"{files.printable(left.path)}: left out. {left.reason}")
        found += pictures
    if not found:
        console.fail(f"There are no pictures in {', '.join(map(files.printable, directories))}.")
    return found, bool(directories)
