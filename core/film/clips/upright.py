"""Frames as they are to be shown: turned, mirrored, with square pixels, in RGB.

A phone holds its sensor as it likes and says how in a display matrix; that of a camera on the
front may mirror, too.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from av.buffer import Buffer
from av.video.frame import VideoFrame

from core.images.types import Pixels

_MATRIX = "=9i"  # rows of three in the byte order of the machine, see FFmpeg's libavutil/display.h
_HD = 720  # rows from which colors that are not named are those of BT.709
_UNNAMED = 2  # of color spaces


class _Turn(NamedTuple):
    """From a frame as it is stored to one as it is shown, in this order."""

    transposed: bool
    upside_down: bool
    mirrored: bool


def size(frame: VideoFrame, aspect: Fraction | None) -> tuple[int, int]:
    """Width and height of a frame as it is shown, in square pixels.

    Args:
        aspect: Width of a stored pixel against its height, if that is known.
    """
    stretch = float(aspect) if aspect and Fraction(1, 4) <= aspect <= 4 else 1.0
    width, height = max(1, round(frame.width * stretch)), frame.height
    return (height, width) if _turn(frame).transposed else (width, height)


class Upright:
    """Puts the frames of one clip upright."""

    def __init__(self) -> None:
        """Has seen none yet."""
        self._turns: dict[int, _Turn] = {}  # by angle

    def pixels(self, frame: VideoFrame, height: int, width: int) -> Pixels:
        """A frame as it is shown, `(height, width, 3)` uint8 RGB, transparent parts over white."""
        # A frame whose matrix is looked at refers to itself, and stays in memory: one is enough.
        if frame.rotation not in self._turns:
            self._turns[frame.rotation] = _turn(frame)
        return _shown(frame, self._turns[frame.rotation], height, width)


def _shown(frame: VideoFrame, turn: _Turn, height: int, width: int) -> Pixels:
    if frame.format.name in ("bgra", "rgba", "argb", "abgr", "pal8", "yuva420p"):
        layered = np.asarray(frame.to_ndarray(format="rgba")).astype(np.uint16)
        cover = layered[..., 3:]
        merged = (layered[..., :3] * cover + 255 * (255 - cover) + 127) // 255
        frame = VideoFrame.from_ndarray(merged.astype(np.uint8), format="rgb24")
    unnamed = frame.colorspace == _UNNAMED and frame.height >= _HD
    fitting = frame.reformat(
        width=height if turn.transposed else width,
        height=width if turn.transposed else height,
        format="rgb24",
        src_colorspace="itu709" if unnamed else None,
        interpolation="AREA" if frame.height > height else "BICUBIC",
    )
    found = np.asarray(fitting.to_ndarray())
    if turn.transposed:
        found = found.swapaxes(0, 1)
    return found[:: -1 if turn.upside_down else 1, :: -1 if turn.mirrored else 1].astype(np.uint8)


def _turn(frame: VideoFrame) -> _Turn:
    """What the display matrix says, by quarter turns: it leads from `(x, y)` to `(x, y) @ it`."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # there is something beside it that PyAV has no name for
        quarters = round(frame.rotation / 90) % 4  # counter-clockwise
        return _Turn(quarters % 2 == 1, quarters in (1, 2), quarters in (2, 3))
    if not isinstance(matrix, Buffer):
        return _Turn(transposed=False, upside_down=False, mirrored=False)
    across, across_down, _, down_across, down, *_ = struct.unpack(_MATRIX, bytes(matrix))
    if abs(across_down) + abs(down_across) > abs(across) + abs(down):
        return _Turn(transposed=True, upside_down=across_down < 0, mirrored=down_across < 0)
    return _Turn(transposed=False, upside_down=down < 0, mirrored=across < 0)
