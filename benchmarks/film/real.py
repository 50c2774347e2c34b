"""A clip from a file, whose motion is estimated."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from benchmarks.film.measures import Way
from core.film.clips.reading import Reader
from core.film.motion import grid, warped
from core.images.types import Floats, Pixels

_RELATIVE, _ABSOLUTE = 0.01, 0.5  # of Sundaram et al.: how far there and back may miss, squared
_UNLIKE = 20.0  # gray levels by which frames may differ there


class Real:
    """The beginning of a clip.

    Args:
        path: The file.
        count: Frames of it.
        width: To which it is made smaller.
    """

    def __init__(self, path: Path, count: int, width: int) -> None:
        self.name = path.stem
        self._path, self._count, self._width = path, count, width

    @cached_property
    def _frames(self) -> list[Pixels]:
        with Reader(self._path) as reader:
            width = min(self._width, reader.clip.width) // 2 * 2
            height = round(width * reader.clip.height / reader.clip.width / 2) * 2
            frames = reader.frames(height, width)
            return [frame.pixels for frame, _ in zip(frames, range(self._count), strict=False)]

    def frames(self) -> list[Pixels]:
        """See `measures.Moving`."""
        return self._frames

    def ways(self, gap: int) -> list[Way]:
        """See `measures.Moving`; by a finer flow than films are painted with, in one step."""
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        grays = [np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY)) for each in self._frames]
        at = grid(*grays[0].shape)
        found = []
        for number in range(gap, len(grays)):
            now, before = grays[number], grays[number - gap]
            back, forth = (
                # Without any guess, it would begin with what it kept of an earlier one.
                np.asarray(flow.calc(*pair, np.zeros_like(at)), np.float32)
                for pair in ((now, before), (before, now))
            )
            places = at + back
            returned = warped(forth, places)
            most = _RELATIVE * (_square(back) + _square(returned)) + _ABSOLUTE
            same = _square(back + returned) < most
            same &= np.abs(warped(before.astype(np.float32), places) - now) < _UNLIKE
            x, y = places[..., 0], places[..., 1]
            height, width = now.shape
            same &= (x >= 2) & (y >= 2) & (x < width - 3) & (y < height - 3)
            eroded = cv2.erode(same.astype(np.uint8), np.ones((5, 5), np.uint8))
            found.append(Way(number, places, np.asarray(eroded, np.float32)))
        return found


def _square(vectors: Floats) -> Floats:
    squares: Floats = (vectors**2).sum(2)
    return squares
