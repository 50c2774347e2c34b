"""What the dataset commands share: their errors, tables as text, and looks at directories."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import AtelierError


class DatasetError(AtelierError, ValueError):
    """What a person can put right. Its message is one sentence for them."""

    code = "dataset"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, with `\\n` at the end of lines on every system."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def within(path: Path, directory: Path) -> bool:
    """Whether a path is a directory or lies in it, however the two are written."""
    return path.resolve().is_relative_to(directory.resolve())


def bytes_below(directory: Path) -> int:
    """The size of all files below a directory, in bytes."""
    return sum(
        (Path(folder) / name).lstat().st_size
        for folder, _, names in os.walk(directory)
        for name in names
    )
