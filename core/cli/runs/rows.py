"""A row of the table that `identify` writes, and files of rows: CSV, Parquet, lines of JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import files
from core.errors import InvalidRequest

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".csv", ".parquet")
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
_BEGINNING = b'{"file": '  # of a line


def check(path: Path) -> None:
    """Makes sure that a table can be written as its name says.

    Raises:
        InvalidRequest: If its ending is none of `ENDINGS`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InvalidRequest(
            f"{files.printable(path)}: the ending of a table is one of {', '.join(ENDINGS)}."
        )


def line(row: Row) -> bytes:
    """A row as a line of JSON."""
    return json.dumps(asdict(row)).encode() + b"\n"


def of_lines(data: bytes) -> list[Row]:
    """Rows of lines; one that a kill has cut off is none.

    Raises:
        ValueError: If they are of somebody else.
    """
    found = []
    lines = [each for each in data.splitlines() if each]
    for each in lines:
        with suppress(ValueError, TypeError):
            found.append(Row(**json.loads(each)))
    if not found and not all(_BEGINNING.startswith(each[: len(_BEGINNING)]) for each in lines):
        raise ValueError("These are no rows of ours")
    return found


def read(path: Path) -> list[Row]:
    """Rows of a table; none if there is none, or nothing in it.

    Raises:
        files.OutputError: If it is none of ours.
    """
    try:
        data = path.read_bytes()
        of = _of_parquet if path.suffix.lower() == ".parquet" else _of_csv
        return [Row(**each) for each in of(data)] if data else []
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, NotImplementedError, csv.Error) as error:
        raise files.OutputError(
            f"{files.printable(path)} is not a table of this command: name another file, or move "
            "it away."
        ) from error


def write(path: Path, rows: Sequence[Row]) -> None:
    """Writes a table whole, or leaves what was there.

    Raises:
        files.OutputError: If it cannot be written.
    """
    if path.suffix.lower() == ".csv":
        cells = (
            [json.dumps(v) if isinstance(v, list) else v for v in asdict(row).values()]
            for row in rows
        )
        files.write(path, files.csv_text([_HEAD, *cells]))
        return
    import pyarrow as pa  # which is large, and only this needs
    import pyarrow.parquet as pq

    with files.replacing(path) as part:
        try:
            pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], _schema()), part)
        except OSError as error:
            raise files.unwritable(path, error) from error


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {float: pa.float64(), bool: pa.bool_(), str: pa.string()}
    of = {"probability": float, "known": bool, "known_score": float, "seconds": float}
    return pa.schema(
        [
            *((name, kinds[of.get(name, str)]) for name in _HEAD if name not in _LISTS),
            ("artists", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float64())),
        ]
    )


def _of_parquet(data: bytes) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, schema = pq.read_table(pa.BufferReader(data)), _schema()
    if sorted(table.column_names) != sorted(schema.names):
        raise ValueError("Its columns are others")
    found: list[dict[str, Any]] = table.select(schema.names).cast(schema).to_pylist()
    return found


def _of_csv(data: bytes) -> list[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    if rows.fieldnames != _HEAD:
        raise ValueError("Its columns are others")
    return [{name: _typed(name, value) for name, value in row.items()} for row in rows]


def _typed(name: str, value: str) -> Any:
    if name in _LISTS:
        return json.loads(value)
    if name in ("probability", "known_score", "seconds"):
        return float(value) if value else None
    if name == "known":
        return {"True": True, "False": False}.get(value)
    return value or None if name == "kind" else value
