"""The file of an index: one row of features a painting, whole or refused.

After a mark and the SHA-256 of all that follows comes a JSON header (`Header`) and the rows,
float16. Whatever does not agree with its digest, or was made of other weights, is as good as not
there: an index is a cache. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from core import files
from core.collection import store

log = logging.getLogger(__name__)

Rows = npt.NDArray[np.float16]
State = tuple[int, int]  # of a file, see `core.collection.features.state`

_MARK = b"Atelier: similar paintings, 1\n"
_STORED = np.dtype("<f2")
_DIGEST = 32  # bytes of a SHA-256
_LENGTH = 8  # bytes of the header's length, little-endian


class Header(BaseModel):
    """What an index says of itself.

    Attributes:
        made_by: What made the rows, see `descriptor.signature`.
        dimension: Length of a row.
        paintings: File and state of each row, sorted by file.
        left_out: The same of files that no features could be computed of.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    made_by: str
    dimension: NonNegativeInt
    paintings: list[tuple[str, NonNegativeInt, NonNegativeInt]]
    left_out: list[tuple[str, NonNegativeInt, NonNegativeInt]]


@dataclass(frozen=True)
class Index:
    """The rows of a collection, in memory.

    Attributes:
        states: File, as a path inside the directory, to the state that its row was made in; in
            the order of the rows.
        rows: `(n, dimension)` float16 unit vectors.
        left_out: Files that cannot be described, and the state they were in.
        digest: Of its file; empty if it is in none.
    """

    states: dict[str, State]
    rows: Rows
    left_out: dict[str, State] = field(default_factory=dict)
    digest: bytes = b""


def path(directory: Path) -> Path:
    """Where the index of a directory is kept: beside its scan."""
    return store.path(directory).with_suffix(".similar")


def write(file: Path, index: Index, made_by: str) -> bytes:
    """Writes an index, whole or not at all.

    Returns:
        Its digest.

    Raises:
        core.files.OutputError: If it cannot be written.
    """
    header = Header(
        made_by=made_by,
        dimension=index.rows.shape[1],
        paintings=[(name, *state) for name, state in index.states.items()],
        left_out=[(name, *state) for name, state in index.left_out.items()],
    )
    text = header.model_dump_json().encode()
    rows = np.ascontiguousarray(index.rows, _STORED)
    return seal(
        file, (len(text).to_bytes(_LENGTH, "little"), text, rows.reshape(-1).view(np.uint8).data)
    )


def read(file: Path, made_by: str) -> Index | None:
    """Reads an index; None if there is none, or none of use: damaged, or by other weights."""
    opened = unseal(file)
    if opened is None:
        return None
    digest, content = opened
    length = int.from_bytes(content[:_LENGTH], "little")
    rows = content[_LENGTH + length :]
    try:
        header = Header.model_validate_json(bytes(content[_LENGTH : _LENGTH + length]))
    except ValidationError as error:
        log.warning("The index %s is none (%s): it is made anew", file, error)
        return None
    if header.made_by != made_by:
        log.info("The index %s was made by %s: it is made anew", file, header.made_by)
        return None
    states = {name: (size, changed) for name, size, changed in header.paintings}
    shape = len(states), header.dimension
    if len(rows) != shape[0] * shape[1] * _STORED.itemsize:
        log.warning("The index %s has other rows than it says: it is made anew", file)
        return None
    return Index(
        states,
        np.frombuffer(rows, _STORED).reshape(shape),
        {name: (size, changed) for name, size, changed in header.left_out},
        digest,
    )


def seal(file: Path, parts: Iterable[bytes | memoryview]) -> bytes:
    """Writes a file that `unseal` reads: mark, digest, content.

    Returns:
        The digest.

    Raises:
        core.files.OutputError: If it cannot be written.
    """
    digest = hashlib.sha256()
    with files.replacing(file) as part:
        try:
            with part.open("wb") as out:
                out.write(_MARK + bytes(_DIGEST))
                for each in parts:
                    digest.update(each)
                    out.write(each)
                out.seek(len(_MARK))
                out.write(digest.digest())
        except OSError as error:
            raise files.OutputError(
                f"{files.printable(file)} could not be written: {error.strerror or error}."
            ) from error
    return digest.digest()


def head(file: BinaryIO, length: int) -> bytes:
    """The first bytes of a sealed file's content, unchecked."""
    file.seek(len(_MARK) + _DIGEST)
    return file.read(length)


def unseal(file: Path) -> tuple[bytes, memoryview] | None:
    """The digest and the content of a sealed file; None if there is none, or it is damaged."""
    try:
        content = memoryview(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s cannot be read (%r): it is made anew", file, error)
        return None
    begin = len(_MARK) + _DIGEST
    digest = bytes(content[len(_MARK) : begin])
    if content[: len(_MARK)] != _MARK or hashlib.sha256(content[begin:]).digest() != digest:
        log.warning("%s is damaged: it is made anew", file)
        return None
    return digest, content[begin:]
