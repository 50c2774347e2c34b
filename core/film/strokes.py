"""The underdrawing of a film, which moves with what it lies under.

Fixed to the screen it would show as a pane of glass behind which the film goes by. So it is known
of each pixel from where in the endless field of strokes it has its stroke, and that place is
carried on by the flow; the strokes themselves are drawn anew each time and do not blur.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.film.motion import grid, warped
from core.images.types import Floats
from core.jobs.checkpoint import Checkpoint
from core.stylize.instant import MARGIN, underdrawing

_TRUSTED = 0.5  # trust below which they are not carried on
_STRETCH = 2.0  # how much larger or smaller than drawn strokes may become


class Strokes:
    """Strokes for frames of one size, `(height, width)`."""

    def __init__(self, height: int, width: int) -> None:
        self._grid = grid(height, width)
        self._away = np.zeros_like(self._grid)  # from a pixel to its place in the field

    def cut(self) -> None:
        """The next frame begins a new shot."""
        self._away = np.zeros_like(self._grid)

    def move(self, back: Floats, trust: Floats) -> None:
        """Carries strokes on to the next frame, see `Motion`."""
        self._away = warped(self._away, self._grid + back) + back
        # Between what moves and what it uncovers, flow stretches: there, strokes are drawn as they
        # are in most of the picture.
        self._away[trust < _TRUSTED] = np.median(self._away, axis=(0, 1))
        # What is stretched too far, by zooming or where flow goes apart, is drawn anew.
        step = [np.gradient(self._away[..., n], axis=1 - n) + 1 for n in (0, 1)]
        area = np.clip(step[0] * step[1], 1e-3, None)
        if np.median(area) < _STRETCH**-2 or np.median(area) > _STRETCH**2:
            self.cut()

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""
        return Checkpoint({}, {"away": self._away})

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there."""
        self._away = found.arrays["away"]

    def drawn(self, height: int, width: int, top: int, left: int) -> Floats:
        """Strokes for a frame with its borders, as `underdrawing.draw` takes them.

        Args:
            height, width: With borders; even numbers.
            top, left: How wide the borders are there, pixels.

        Returns:
            `(1, height / 2, width / 2, 1)` float32.
        """
        places = grid(height // 2, width // 2)
        # In the frame, and from there in the field, whose first stroke lies a margin before it.
        at = 2 * places + np.array([0.5 - left, 0.5 - top], np.float32)
        away = warped(self._away, at)
        field = underdrawing.field()
        found = cv2.remap(
            field,
            (at + away + np.float32(MARGIN - 0.5)) / 2,
            None,  # type: ignore[call-overload]
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        return np.asarray(found, np.float32)[None, ..., None]
