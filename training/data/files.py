"""The writing of what the trainer leaves on disk: tables, JSON without NaN and arrays."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.errors import AtelierError

_SETTLED = 2_000_000_000  # nanoseconds after which a change would show in a file's times


class DatasetError(AtelierError, ValueError):
    """What a person can put right. Its message is one sentence for them."""

    code = "dataset"


def json_text(value: Any) -> str:
    """Indented JSON with a last line end. What is no number is null there: JSON has no NaN."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """The same value, with None in place of NaN and infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray], *, compress: bool = False) -> None:
    """Writes an `.npz`, whole or not at all."""
    save = np.savez_compressed if compress else np.savez
    with files.replacing(path) as part, part.open("wb") as file:
        save(file, **arrays)  # type: ignore[arg-type]


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, with `\\n` at the end of lines on every system."""
    return files.csv_text([header, *rows])


def digest(path: Path) -> bytes:
    """The SHA-256 of a file, which is read but once while it does not change.

    Raises:
        OSError: If it cannot be read.
    """
    now = path.stat()
    if time.time_ns() - now.st_mtime_ns < _SETTLED:
        return hashlib.sha256(path.read_bytes()).digest()
    return _digest(path, (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns))


@cache
def _digest(path: Path, as_it_is: tuple[int, ...]) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def name_for(path: Path, digest: str) -> Path:
    """A path, or, where other content lies there, one with part of the digest in its name.

    So what a catalogue lists stays until the catalogue lists something else.

    Args:
        digest: SHA-256 of the content to be written, in hexadecimal.
    """
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        stem, dot, ending = path.name.partition(".")
        return path.with_name(f"{stem}-{digest[:8]}{dot}{ending}")
    return path


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
