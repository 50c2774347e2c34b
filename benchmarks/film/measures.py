"""What is measured of a painted film: warping error, sharpness, distance from the style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from core.film.motion import warped
from core.images.types import Floats, Pixels
from core.stylize import instant


class Way(NamedTuple):
    """How a frame follows from an earlier one.

    Attributes:
        number: Of the frame.
        places: Those of its pixels in the earlier one, `(height, width, 2)`.
        same: Where both show the same, `(height, width)`, 0 or 1.
    """

    number: int
    places: Floats
    same: Floats


class Moving(Protocol):
    """A clip of whose motion something is known."""

    @property
    def name(self) -> str:
        """For the figures."""

    def frames(self) -> list[Pixels]:
        """All of them, `(height, width, 3)` uint8."""

    def ways(self, gap: int) -> list[Way]:
        """Those of all frames that have one so many frames earlier in the same shot."""


def warping_error(painted: Sequence[Pixels], ways: Sequence[Way], gap: int) -> float:
    """Root of the mean square, gray levels, between frames and earlier ones that were moved.

    See Lai et al., arXiv 1808.00449. NaN where nothing can be compared: in clips that are shorter
    than the gap an error of 0 would pass for perfect steadiness.
    """
    total = weight = 0.0
    for number, places, same in ways:
        moved = warped(painted[number - gap].astype(np.float32), places, cv2.INTER_CUBIC)
        square = ((moved - painted[number]) ** 2).mean(2)
        total, weight = total + float((square * same).sum()), weight + float(same.sum())
    return math.sqrt(total / weight) if weight else math.nan


def sharpness(painted: Sequence[Pixels]) -> float:
    """Mean length of the gradient, gray levels a pixel."""
    found = []
    for pixels in painted:
        gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        down, right = np.gradient(gray)
        found.append(float(np.hypot(down, right).mean()))
    return float(np.mean(found))


def style_loss(painted: Sequence[Pixels], style: Pixels, engine: instant.Engine) -> float:
    """Distance of means and deviations of VGG16's channels from the style's, as a share of it."""
    described = instant.target(
        [style], painted[0], style_weights=None, brush=1.0, keep_colors=False, engine=engine
    )
    found = []
    for pixels in painted[:: max(1, len(painted) // 6)]:
        seen = engine.look(instant.padded(pixels)).moments
        found += [
            float(((seen[name] - wanted) ** 2).mean() / (wanted**2).mean())
            for name, wanted in described.moments.items()
        ]
    return float(np.mean(found))
