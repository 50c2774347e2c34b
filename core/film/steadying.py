"""The taking away of flicker: what was painted before goes on where the clip itself goes on.

Each frame is a mixture of its own painting with what was painted earlier, moved by the flow: with
the anchor (`core.film.motion`), which is moved once and stays sharp, or where that does not lead,
with the frame before. Paint that differs from frame to frame averages out, and with it goes some
of the grain: its amount is measured, and the detail that is left is raised to it.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.film.motion import Motion, grid, warped
from core.images.types import Floats, Pixels
from core.jobs.checkpoint import Checkpoint

_BANDS = 1.2, 3.0  # of detail, finest first: deviations of the Gaussians that take it away, pixels
_MOST = 1.8  # times by which a band is raised at most
_FOLLOWS = 0.5  # share of what a frame needs, in how much bands are raised


class Steadied:
    """The frames of a film, each steadied by those before.

    Args:
        share: Of earlier painting in a frame, where the flow is trusted; 0..1.
    """

    def __init__(self, height: int, width: int, share: float) -> None:
        self._grid, self._share = grid(height, width), np.float32(share)
        self._held: Floats | None = None
        self._anchor: Floats | None = None
        self._raised: list[float] = []  # by which each band is multiplied

    def cut(self) -> None:
        """The next frame begins a new shot."""
        self._held, self._anchor, self._raised = None, None, []

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""
        both = {"held": self._held, "anchor": self._anchor}
        known = {name: array for name, array in both.items() if array is not None}
        return Checkpoint({"raised": self._raised}, known)

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there; from one that knows no anchor, as `motion.Tracker` does."""
        self._held = found.arrays.get("held")
        self._anchor = found.arrays.get("anchor", self._held)
        self._raised = list(found.state["raised"])

    def next(self, painted: Pixels, motion: Motion | None) -> Pixels:
        """The next frame, `(height, width, 3)` uint8 RGB.

        Args:
            painted: As it was painted by itself.
            motion: From earlier ones.
        """
        new = painted.astype(np.float32)
        if self._held is None or self._anchor is None or motion is None:
            self._held = self._anchor = new
            return painted
        moved = warped(self._held, self._grid + motion.back, cv2.INTER_LANCZOS4)
        anchor = warped(self._anchor, self._grid + motion.far, cv2.INTER_LANCZOS4)
        moved += motion.sure[..., None] * (anchor - moved)
        weight = (self._share * motion.trust)[..., None]
        self._held = np.clip(new + weight * (moved - new), 0, 255)
        if motion.anew:
            self._anchor = self._held
        shown, bands = self._held, _bands(self._held)
        needed = [
            float(np.clip(np.abs(wanted).mean() / max(np.abs(has).mean(), 1e-3), 1.0, _MOST))
            for has, wanted in zip(bands, _bands(new), strict=True)
        ]
        held = self._raised or needed
        self._raised = [old + _FOLLOWS * (n - old) for old, n in zip(held, needed, strict=True)]
        # What is shown is raised, what is held is not: it would be raised again and again.
        for band, factor in zip(bands, self._raised, strict=True):
            shown = shown + np.float32(factor - 1.0) * band
        pixels: Pixels = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
        return pixels


def _bands(picture: Floats) -> list[Floats]:
    """The detail of a picture, see `_BANDS`."""
    found = []
    for deviation in _BANDS:
        coarse = np.asarray(cv2.GaussianBlur(picture, (0, 0), deviation), np.float32)
        found.append(picture - coarse)
        picture = coarse
    return found
