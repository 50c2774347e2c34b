"""The table that `identify` writes: a row a picture, as CSV or Parquet.

Each row is written down at once, as a line of JSON in a file beside the table, so that a kill loses
nothing; the table itself is made of them at the end. What is in it and unchanged is not done again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core import files
from core.cli.console import say
from core.cli.runs import sources
from core.cli.runs.sources import Source
from core.errors import InvalidRequest
from core.identify import Identification

ENDINGS = (".csv", ".parquet")
ADDED = ".rows"  # what the name of the file beside it has more
_LISTS = ("artists", "probabilities")


@dataclass(frozen=True)
class Row:
    """What is known of a picture.

    Attributes:
        file: Path or URL.
        digest: SHA-256 of the file; empty if it could not be read.
        request: Digest of what was asked for.
        artist: Id of the first.
        name: Of the first.
        probability: Of the first, calibrated, 0..1.
        known: Whether the painter is likely one whom the model knows; None if it cannot tell.
        known_score: 0..1; None likewise.
        kind: See `core.identify.kinds`; None if the model does not tell.
        artists: Ids of all that were asked for, best first.
        probabilities: Of them.
        error: Why there is nothing of it; empty if there is.
    """

    file: str
    digest: str
    request: str
    artist: str = ""
    name: str = ""
    probability: float | None = None
    known: bool | None = None
    known_score: float | None = None
    kind: str | None = None
    artists: list[str] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    model: str = ""
    version: str = ""
    seconds: float | None = None
    error: str = ""


_HEAD = [each.name for each in fields(Row)]


def check(path: Path) -> None:
    """Makes sure that a table can be written as its name says.

    Raises:
        InvalidRequest: If its ending is none of `ENDINGS`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InvalidRequest(
            f"{files.printable(path)}: the ending of a table is one of {', '.join(ENDINGS)}."
        )


class Table:
    """A table, as a context manager that ends with its being written.

    Args:
        path: Of the table.
        asked: All that decides what is said of a picture, but the picture.

    Raises:
        files.OutputError: If it cannot be written, or is somebody else's.
    """

    def __init__(self, path: Path, asked: Iterable[object]) -> None:
        files.check_output(path)
        self._path, self._beside = path, path.with_name(path.name + ADDED)
        self._request = hashlib.sha256("\n".join(map(repr, asked)).encode()).hexdigest()[:16]
        self._rows = {row.file: row for row in [*_table(path), *_lines(self._beside)]}
        self._is_torn = self._beside.exists()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._beside.exists():
            rows = sorted(self._rows.values(), key=lambda row: row.file)
            _write(self._path, rows)
            self._beside.unlink()

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
            OSError: If it cannot be.
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
        """Writes down why nothing was."""
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
        self._rows[row.file] = row
        with self._beside.open("a", encoding="utf-8") as file:
            # On a line of its own, also where a kill has cut off the one before.
            file.write("\n" * self._is_torn + json.dumps(asdict(row)) + "\n")
        self._is_torn = False


def _lines(path: Path) -> list[Row]:
    """Rows of the file beside a table; a line that a kill has cut off is none.

    Raises:
        files.OutputError: If it is a file of somebody else.
    """
    found = []
    lines: list[str] = []
    with suppress(FileNotFoundError):
        lines = path.read_text("utf-8", errors="replace").splitlines()
    for line in lines:
        with suppress(ValueError, TypeError):
            found.append(Row(**json.loads(line)))
    if len(lines) > 1 and not found:
        raise files.OutputError(
            f"{files.printable(path)} is in the way, and not of this command: name another table, "
            "or move it away."
        )
    return found


def _table(path: Path) -> list[Row]:
    """Rows of a table.

    Raises:
        files.OutputError: If it is none of ours.
    """
    if not path.exists():
        return []
    try:
        read = _of_parquet if path.suffix.lower() == ".parquet" else _of_csv
        return [Row(**each) for each in read(path.read_bytes())]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise files.OutputError(
            f"{files.printable(path)} is not a table of this command: name another file, or move "
            "it away."
        ) from error


def _write(path: Path, rows: Sequence[Row]) -> None:
    if path.suffix.lower() == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEAD)
        for row in rows:
            writer.writerow(json.dumps(v) if isinstance(v, list) else v for v in _values(row))
        files.write(path, text.getvalue())
        return
    import pyarrow as pa  # which is large, and only this needs
    import pyarrow.parquet as pq

    kinds = {float: pa.float64(), bool: pa.bool_(), str: pa.string()}
    of = {"probability": float, "known": bool, "known_score": float, "seconds": float}
    schema = pa.schema(
        [
            *((name, kinds[of.get(name, str)]) for name in _HEAD if name not in _LISTS),
            ("artists", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float64())),
        ]
    )
    with files.replacing(path) as part:
        pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema), part)


def _values(row: Row) -> list[Any]:
    return list(asdict(row).values())


def _of_parquet(data: bytes) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = pq.read_table(pa.BufferReader(data)).to_pylist()
    return found


def _of_csv(data: bytes) -> list[dict[str, Any]]:
    return [
        {name: _typed(name, value) for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(data.decode("utf-8")), strict=True)
    ]


def _typed(name: str, value: str) -> Any:
    if name in _LISTS:
        return json.loads(value)
    if name in ("probability", "known_score", "seconds"):
        return float(value) if value else None
    if name == "known":
        return {"True": True, "False": False}.get(value)
    return value or None if name == "kind" else value
