"""The table that `identify` writes: a row a picture, as CSV or Parquet.

Each row is written down at once, as a line of JSON in a file beside the table, so that a kill loses
nothing; the table itself is made of them at the end. What is in it and unchanged is not done again.
That file is locked meanwhile: of two runs each would leave out what the other one has found.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from core import files
from core.cli.console import say
from core.cli.runs import rows, sources
from core.cli.runs.rows import Row
from core.cli.runs.sources import Source
from core.identify import Identification

ADDED = ".rows"  # what the name of the file beside it has more


class Table:
    """A table, as a context manager that ends with its being written.

    Args:
        path: Of the table.
        asked: All that decides what is said of a picture, but the picture.
    """

    def __init__(self, path: Path, asked: Iterable[object]) -> None:
        self._path, self._beside = path, path.with_name(path.name + ADDED)
        self._request = hashlib.sha256("\n".join(map(repr, asked)).encode()).hexdigest()[:16]
        self._rows: dict[str, Row] = {}

    def __enter__(self) -> Self:
        """Reads what is there.

        Raises:
            files.OutputError: If it cannot be written, is somebody else's, or another run is at it.
        """
        files.check_output(self._path)
        self._file = _locked(self._beside, self._path)
        try:
            lines = self._file.readall()
            self._is_torn = bool(lines)  # as far as is known
            kept = [*rows.read(self._path), *self._of_lines(lines)]
        except BaseException:
            self._close()
            raise
        self._rows = {row.file: row for row in kept}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Writes the table.

        Raises:
            files.OutputError: If that cannot be done; the rows lie beside it then.
        """
        try:
            if _size(self._file):
                kept = sorted(self._rows.values(), key=lambda row: row.file)
                try:
                    rows.write(self._path, kept)
                except files.OutputError as failed:
                    shown = files.printable(self._beside)
                    raise files.OutputError(
                        f"{str(failed).rstrip('.')}; what was found is kept in {shown}, and the "
                        "same command goes on from there."
                    ) from failed
                self._file.truncate(0)
        finally:
            self._close()

    def left(self, named: Sequence[Source]) -> list[Source]:
        """Those that are not done yet; how many are done is said.

        A file is done if it has the digest of its row. A URL is not read again.
        """
        left = [source for source in named if not self._is_done(source)]
        if len(left) < len(named):
            shown = files.printable(self._path)
            say(f"{len(named) - len(left)} of {len(named)} are done already, see {shown}.")
        return left

    def done(self, source: Source, digest: str, found: Identification) -> None:
        """Writes down what was found.

        Raises:
            files.OutputError: If it cannot be.
        """
        first = found.guesses[0]
        self._add(
            Row(
                files.printable(source),
                digest,
                self._request,
                artist=first.artist.id,
                name=first.artist.name,
                probability=round(first.probability, 6),
                known=found.known,
                known_score=None if found.known_score is None else round(found.known_score, 6),
                kind=found.kind,
                artists=[guess.artist.id for guess in found.guesses],
                probabilities=[round(guess.probability, 6) for guess in found.guesses],
                model=found.model,
                version=found.version,
                seconds=round(found.seconds, 4),
            )
        )

    def failed(self, source: Source, sentence: str) -> None:
        """Writes down why nothing was; otherwise as `done`."""
        self._add(Row(files.printable(source), "", self._request, error=sentence))

    def _is_done(self, source: Source) -> bool:
        row = self._rows.get(files.printable(source))
        if row is None or row.error or row.request != self._request:
            return False
        if not isinstance(source, Path):
            return True
        try:
            return hashlib.sha256(sources.read(source)).hexdigest() == row.digest
        except Exception:  # whoever works on it tells
            return False

    def _add(self, row: Row) -> None:
        # On a line of its own, also where a kill or a full disk has cut off the one before.
        data = b"\n" * self._is_torn + rows.line(row)
        self._is_torn = True
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise files.unwritable(self._beside, error) from error
        self._is_torn = False
        self._rows[row.file] = row

    def _of_lines(self, lines: bytes) -> list[Row]:
        try:
            return rows.of_lines(lines)
        except ValueError as error:
            raise files.OutputError(
                f"{files.printable(self._beside)} is in the way, and not of this command: name "
                "another table, or move it away."
            ) from error

    def _close(self) -> None:
        """Lets others write the table; the file beside it goes, unless it holds what that lacks."""
        with self._file, suppress(OSError):  # of Windows, which deletes no open file
            if not _size(self._file):
                self._beside.unlink()


def _locked(beside: Path, table: Path) -> io.FileIO:
    """The file beside a table, for this process alone.

    Raises:
        files.OutputError: If it cannot be opened, or another process has it.
    """
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = io.FileIO(beside, "a+")
            try:
                files.lock(file.fileno(), table)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(file.fileno()), beside.stat()):
                        file.seek(0)
                        return file
            except BaseException:
                file.close()
                raise
            file.close()  # the run that had it has deleted it at its end
    except OSError as error:
        raise files.unwritable(beside, error) from error


def _size(file: io.FileIO) -> int:
    return os.fstat(file.fileno()).st_size
