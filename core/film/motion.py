"""How a clip moves from one frame to the next: optical flow, where it can be trusted, and cuts.

The flow is that of dense inverse search (Kroeger et al., arXiv 1603.03590). It is trusted where
the way back leads to where one came from (Sundaram et al., ECCV 2010) and the pictures agree.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from core.images.types import Floats, Pixels
from core.jobs.checkpoint import Checkpoint

_LARGEST = 400_000  # pixels in which flow is looked for; it is as good for larger frames
_SMALL = 48  # pixels of the short side; at a quarter of that, OpenCV reads where nothing is
_ASTRAY = 0.75  # pixels by which there and back may miss, at a share of 1 / e
_OF_LENGTH = 0.05  # and of the length of the way
_UNLIKE = 14.0  # gray levels by which pictures may differ, likewise
_CUT = 0.3  # mean trust below which nothing goes on from the frame before


class Motion(NamedTuple):
    """What lies between a frame and the one before.

    Attributes:
        back: `(height, width, 2)` float32: from each pixel to where it was before, x and y.
        trust: `(height, width)` float32, 0..1.
        cut: Whether a new shot begins.
    """

    back: Floats
    trust: Floats
    cut: bool


class Tracker:
    """Follows a clip frame by frame."""

    def __init__(self) -> None:
        """Has seen nothing yet."""
        self._flow: cv2.DISOpticalFlow | None = None
        self._before: Pixels | None = None

    def next(self, frame: Pixels) -> Motion | None:
        """What lies between this frame and the last one; None for the first.

        Args:
            frame: `(height, width, 3)` uint8 RGB, each time of the same size.
        """
        height, width = frame.shape[:2]
        gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        shrink = min(1.0, (_LARGEST / gray.size) ** 0.5)
        if shrink < 1:
            size = max(1, round(width * shrink)), max(1, round(height * shrink))
            gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
        now = np.asarray(gray, np.uint8)
        before, self._before = self._before, now
        if before is None:
            return None
        if min(now.shape) < 12:  # too small for the patches that are looked for
            nothing = np.zeros((height, width, 2), np.float32)
            return Motion(nothing, np.zeros((height, width), np.float32), cut=False)
        back, forth = self._between(now, before), self._between(before, now)
        trust = _trust(before, now, back, forth)
        cut = float(trust.mean()) < _CUT
        if shrink < 1:
            scale = np.array([width / now.shape[1], height / now.shape[0]], np.float32)
            back = np.asarray(cv2.resize(back, (width, height)), np.float32) * scale
            trust = np.asarray(cv2.resize(trust, (width, height)), np.float32)
        return Motion(back, trust, cut)

    def _between(self, first: Pixels, second: Pixels) -> Floats:
        """From each pixel of one gray picture to its place in another one."""
        if self._flow is None:
            self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
            if min(first.shape) < _SMALL:
                self._flow.setFinestScale(0)
        return np.asarray(self._flow.calc(first, second, None), np.float32)  # type: ignore[call-overload]

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""
        return Checkpoint({}, {} if self._before is None else {"before": self._before})

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there."""
        self._before = found.arrays.get("before")


def _trust(before: Pixels, now: Pixels, back: Floats, forth: Floats) -> Floats:
    places = grid(*now.shape) + back
    astray = np.linalg.norm(back + warped(forth, places), axis=2)
    length = np.linalg.norm(back, axis=2)
    consistent = np.exp(-((astray / (_ASTRAY + _OF_LENGTH * length)) ** 2))
    moved = warped(before.astype(np.float32), places)
    # Of a neighborhood: grain is no reason to distrust.
    unlike = cv2.blur(np.abs(moved - now), (3, 3))
    alike = np.exp(-((unlike / _UNLIKE) ** 2))
    height, width = now.shape
    x, y = places[..., 0], places[..., 1]
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    trust: Floats = (consistent * alike * inside).astype(np.float32)
    return np.asarray(cv2.blur(trust, (5, 5)), np.float32)


def grid(height: int, width: int) -> Floats:
    """The place of each pixel, `(height, width, 2)` float32, x and y."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y], 2).astype(np.float32)


def warped(values: Floats, places: Floats, interpolation: int = cv2.INTER_LINEAR) -> Floats:
    """Values from elsewhere, `(height, width)` or with channels; at borders those of the border.

    Args:
        places: From where, see `grid`.
    """
    found = cv2.remap(values, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(found, np.float32)
