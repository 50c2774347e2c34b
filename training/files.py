"""Writing what the dataset commands leave on disk: whole or not at all, and only if it is new."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path


class DatasetError(ValueError):
    """What a person can put right. Its message is one sentence for them."""


def write(path: Path, text: str) -> bool:
    """Writes a file atomically; true if that changed it. An equal one keeps its time stamp."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return True


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
