"""What the frames of one shot of a film have in common, so that paint does not pump.

Statistics that are taken of each frame by itself change with every leaf that moves, and the whole
painting with them. They are held, and follow what really changes slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from core.images.types import Floats
from core.jobs.checkpoint import Checkpoint
from core.stylize.instant.moments import Statistics

_FOLLOWS = 0.4  # share of what a frame has, in what is held
_MISSED_EVERY = 6  # frames after which a sketch is painted again
_MISSED_FOLLOWS = 0.5

Parts: TypeAlias = Mapping[str, Floats]
Missed: TypeAlias = tuple[Parts, Parts, float]
"""What `correction.sketch` gives."""


class Shot:
    """Held from the first frame of a shot to its last. Frames come in their order."""

    def __init__(self) -> None:
        """Nothing has been seen yet."""
        self._own: Statistics | None = None
        self._missed: Missed | None = None
        self._sketches = 0

    def own(self, found: Statistics) -> Statistics:
        """The statistics by which a frame is painted.

        Args:
            found: Its own.
        """
        if self._own is None:
            self._own = found
        else:
            parts = zip(self._own, found, strict=True)
            self._own = Statistics(*(_between(held, new, _FOLLOWS) for held, new in parts))
        return self._own

    def missed(self, measure: Callable[[], Missed]) -> Missed:
        """What a sketch of the frame misses, see `correction.sketch`.

        Args:
            measure: Paints a sketch; not called for every frame.
        """
        due = self._sketches % _MISSED_EVERY == 0
        self._sketches += 1
        if self._missed is None:
            self._missed = measure()
        elif due:
            held, new = self._missed, measure()
            self._missed = (
                _between(held[0], new[0], _MISSED_FOLLOWS),
                _between(held[1], new[1], _MISSED_FOLLOWS),
                new[2],
            )
        return self._missed

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""
        arrays: dict[str, Floats] = {}
        state: dict[str, Any] = {"sketches": self._sketches}
        if self._own is not None:
            arrays |= parts_as_arrays(OWN, self._own)
        if self._missed is not None:
            arrays |= parts_as_arrays(MISSED, self._missed[:2])
            state["missed"] = float(self._missed[2])
        return Checkpoint(state, arrays)

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there."""
        self._sketches = found.state["sketches"]
        own, missed = (parts_of_arrays(name, found.arrays) for name in (OWN, MISSED))
        self._own = Statistics(*own) if own[0] else None
        self._missed = (*missed, found.state["missed"]) if "missed" in found.state else None


OWN, MISSED = "own", "missed"


def parts_as_arrays(name: str, parts: Iterable[Parts]) -> dict[str, Floats]:
    """Statistics, or the like, as arrays of a checkpoint."""
    return {f"{name}/{n}/{layer}": a for n, part in enumerate(parts) for layer, a in part.items()}


def parts_of_arrays(name: str, arrays: Mapping[str, Floats]) -> tuple[Parts, Parts]:
    """What `parts_as_arrays` was given, if it were two."""
    found: tuple[dict[str, Floats], dict[str, Floats]] = {}, {}
    for path, array in arrays.items():
        whose, number, layer = path.split("/", 2)
        if whose == name:
            found[int(number)][layer] = array
    return found


def _between(held: Parts, new: Parts, share: float) -> dict[str, Floats]:
    return {name: held[name] + np.float32(share) * (new[name] - held[name]) for name in held}
