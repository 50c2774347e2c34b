"""What the frames of one shot of a film have in common, so that paint does not pump.

Statistics that are taken of each frame by itself change with every leaf that moves, and the whole
painting with them. They are held, and follow what really changes slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from core.images.types import Floats
from core.stylize.instant.moments import Statistics

_FOLLOWS = 0.08  # share of what a frame has, in what is held
_MISSED_EVERY = 12  # frames after which a sketch is painted again
_MISSED_FOLLOWS = 0.25

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


def _between(held: Parts, new: Parts, share: float) -> dict[str, Floats]:
    return {name: held[name] + np.float32(share) * (new[name] - held[name]) for name in held}
