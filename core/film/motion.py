"""How a clip moves: optical flow, where it can be trusted, and cuts.

The flow is that of dense inverse search (Kroeger et al., arXiv 1603.03590). It is trusted where
the way back leads to where one came from (Sundaram et al., ECCV 2010) and the pictures agree.

Each frame is led back to the one before, and to an anchor, a frame some way back. Steps that
follow one another add up their errors, and a picture that is moved again and again blurs: so the
way to the anchor is looked for at once, from where the steps lead.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from core.images.types import Floats, Pixels
from core.jobs.checkpoint import Checkpoint

_LARGEST = 400_000  # pixels in which flow is looked for; it is as good for larger frames
_SMALL = 48  # pixels of the short side; at a quarter of that, OpenCV reads where nothing is
_FINEST = 1  # times that frames are halved for the finest flow; at 2, paint shifts a little
_ASTRAY = 0.75  # pixels by which there and back may miss, at a share of 1 / e
_OF_LENGTH = 0.05  # and of the length of the way
_UNLIKE = 14.0  # gray levels by which pictures may differ, likewise
_CUT = 0.3  # mean trust below which nothing goes on from the frame before
_LASTS = 16  # frames after which another one becomes the anchor
_WORN = 0.5  # or mean trust in the way to it below which one does
_STRAY = 2.0  # pixels by which that way may leave the one of steps, at a share of 1 / e


class Motion(NamedTuple):
    """What lies between a frame and the one before.

    Attributes:
        back: `(height, width, 2)` float32: from each pixel to where it was before, x and y.
        trust: In that, `(height, width)` float32, 0..1.
        far: Like `back`, to where it was in the anchor.
        sure: Trust in that.
        anew: Whether this frame becomes the anchor of those that follow.
        cut: Whether a new shot begins.
    """

    back: Floats
    trust: Floats
    far: Floats
    sure: Floats
    anew: bool
    cut: bool


class Tracker:
    """Follows a clip frame by frame."""

    def __init__(self) -> None:
        """Has seen nothing yet."""
        self._flow: cv2.DISOpticalFlow | None = None
        self._before: Pixels | None = None
        self._anchor: Pixels | None = None
        self._age = 0  # of the anchor, frames
        self._far: Floats | None = None  # see `Motion`, in the size in which flow is looked for
        self._sure: Floats | None = None

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
            self._drop(now)
            return None
        if min(now.shape) < 12:  # too small for the patches that are looked for
            nowhere, nothing = np.zeros((height, width, 2), np.float32), np.zeros_like(now, float)
            return Motion(nowhere, nothing, nowhere, nothing, anew=True, cut=False)
        back, forth = self._between(now, before), self._between(before, now)
        trust = _trust(before, now, back, forth)
        cut = float(trust.mean()) < _CUT
        far, sure = self._led(now, back, trust)
        anew = cut or self._age == _LASTS or float(sure.mean()) < _WORN
        if anew:
            self._drop(now)
        if shrink < 1:
            scale = np.array([width / now.shape[1], height / now.shape[0]], np.float32)
            back, far, trust, sure = (
                np.asarray(cv2.resize(each, (width, height)), np.float32)
                for each in (back, far, trust, sure)
            )
            back, far = back * scale, far * scale
        return Motion(back, trust, far, sure, anew, cut)

    def _drop(self, now: Pixels) -> None:
        """Makes a frame the anchor."""
        self._anchor, self._age = now, 0
        self._far = np.zeros((*now.shape, 2), np.float32)
        self._sure = np.ones(now.shape, np.float32)

    def _led(self, now: Pixels, back: Floats, trust: Floats) -> tuple[Floats, Floats]:
        """The way to the anchor and the trust in it, a frame later."""
        assert self._anchor is not None
        assert self._far is not None
        assert self._sure is not None
        self._age += 1
        places = grid(*now.shape) + back
        steps = warped(self._far, places) + back
        at_once = self._between(now, self._anchor, steps)
        stray = np.linalg.norm(at_once - steps, axis=2)[..., None]
        self._far = steps + np.exp(-((stray / _STRAY) ** 2)) * (at_once - steps)
        self._sure = np.minimum(warped(self._sure, places), trust)
        alike = _alike(self._anchor, now, grid(*now.shape) + self._far)
        return self._far, self._sure * np.asarray(cv2.blur(alike, (5, 5)), np.float32)

    def _between(self, first: Pixels, second: Pixels, guess: Floats | None = None) -> Floats:
        """From each pixel of one gray picture to its place in another one."""
        if self._flow is None:
            self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
            self._flow.setFinestScale(0 if min(first.shape) < _SMALL else _FINEST)
        # Without any guess, it would begin with what it kept of an earlier one.
        begin = np.zeros((*first.shape, 2), np.float32) if guess is None else guess.copy()
        return np.asarray(self._flow.calc(first, second, begin), np.float32)

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""
        arrays = {
            "before": self._before,
            "anchor": self._anchor,
            "far": self._far,
            "sure": self._sure,
        }
        known = {name: array for name, array in arrays.items() if array is not None}
        return Checkpoint({"age": self._age}, known)

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there; from one that knows no anchor, as if the last frame were one."""
        self._age = found.state.get("age", 0)
        self._before, self._anchor, self._far, self._sure = (
            found.arrays.get(name) for name in ("before", "anchor", "far", "sure")
        )
        if self._before is not None and self._anchor is None:  # the release before wrote none
            self._drop(self._before)


def _trust(before: Pixels, now: Pixels, back: Floats, forth: Floats) -> Floats:
    places = grid(*now.shape) + back
    astray = np.linalg.norm(back + warped(forth, places), axis=2)
    length = np.linalg.norm(back, axis=2)
    consistent = np.exp(-((astray / (_ASTRAY + _OF_LENGTH * length)) ** 2))
    trust: Floats = (consistent * _alike(before, now, places)).astype(np.float32)
    return np.asarray(cv2.blur(trust, (5, 5)), np.float32)


def _alike(earlier: Pixels, now: Pixels, places: Floats) -> Floats:
    """How alike an earlier frame that is moved is to one, `(height, width)` 0..1; 0 outside."""
    moved = warped(earlier.astype(np.float32), places)
    # Of a neighborhood: grain is no reason to distrust.
    unlike = cv2.blur(np.abs(moved - now), (3, 3))
    height, width = now.shape
    x, y = places[..., 0], places[..., 1]
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    return np.asarray(np.exp(-((unlike / _UNLIKE) ** 2)) * inside, np.float32)


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
