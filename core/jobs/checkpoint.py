"""The checkpoint of a piece of work: what it takes to go on exactly from between two steps."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]

_STATE = "state"  # name of the JSON among the arrays of a file


@dataclass(frozen=True)
class Checkpoint:
    """A moment of a piece of work.

    Attributes:
        state: What JSON can hold.
        arrays: What changes from one checkpoint to the next.
        pieces: What never changes, by names that are not used twice: each is written once, and
            forgotten when a later checkpoint does not have it any more.
    """

    state: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)
    pieces: Mapping[str, Arrays] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Mapping[str, Checkpoint]) -> Checkpoint:
        """The moments of several things that work together as one, by their names."""
        arrays, pieces = (
            {
                f"{name}/{inner}": value
                for name, each in parts.items()
                for inner, value in getattr(each, kind).items()
            }
            for kind in ("arrays", "pieces")
        )
        return cls({name: each.state for name, each in parts.items()}, arrays, pieces)

    def part(self, name: str) -> Checkpoint:
        """One of those that `joined` was given."""
        prefix = f"{name}/"
        return Checkpoint(
            self.state[name],
            {n.removeprefix(prefix): a for n, a in self.arrays.items() if n.startswith(prefix)},
            {n.removeprefix(prefix): a for n, a in self.pieces.items() if n.startswith(prefix)},
        )


class Checkpoints(Protocol):
    """Where a task finds the checkpoint to go on from, and offers the next ones."""

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What an earlier process has left; None if this is the first, or it left nothing."""

    def offer(self, make: Callable[[], Checkpoint], *, urgent: bool = False) -> None:
        """Says how a checkpoint is made of what is there now.

        It is called if one is due, while the task waits to draw its next step.

        Args:
            urgent: Whether one is due in any case, since the step before was long or dear.
        """


def packed(arrays: Arrays, state: Mapping[str, Any] | None = None) -> bytes:
    """Arrays, and what JSON can hold, as an `.npz` file without pickle.

    Raises:
        ValueError: If an array holds Python objects, or is called `state`.
    """
    if _STATE in arrays:
        raise ValueError(f"An array cannot be called {_STATE!r}")
    text = np.frombuffer(json.dumps(state or {}).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{_STATE: text}, **arrays)
    return file.getvalue()


def unpacked(data: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """What `packed` was given: the arrays, and the rest.

    Raises:
        ValueError: If it is damaged, or holds Python objects, which are not read.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(arrays.pop(_STATE).tobytes())
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(f"This is no checkpoint, or a damaged one: {error!r}") from error
