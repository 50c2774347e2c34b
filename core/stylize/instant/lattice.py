"""A notch filter for the lattice that a decoder leaves: what alternates from pixel to pixel.

A decoder that doubles the size of its maps paints even and odd pixels a little differently, all
along a row or column (Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016,
doi 10.23915/distill.00003). What alternates for longer than any stroke is taken away; strokes
and edges stay.
"""

from __future__ import annotations

import numpy as np

from core.images.types import Canvas, Floats

_REACH = 15  # over which it has to alternate: side of a square, averaged over twice, pixels
_LARGEST = 30.0  # alternation of a pixel that counts, gray levels: edges have more
_SECOND = np.array([[-0.25, 0.5, -0.25]], np.float32)  # passes a period of two as it is


def without_lattice(picture: Canvas) -> Canvas:
    """The picture without what has a period of two pixels along its rows or columns.

    Args:
        picture: `(height, width, 3)` float32, RGB about 0..255.
    """
    for axis in (0, 1):
        if picture.shape[axis] > 1:
            picture = (picture - _alternating(picture, axis)).astype(np.float32, copy=False)
    return picture


def _alternating(picture: Canvas, axis: int) -> Floats:
    """What alternates along an axis: demodulated, averaged around each pixel, and put back."""
    import cv2  # a tenth of a second, which no start of a page should wait for

    signs = np.where(np.arange(picture.shape[axis]) % 2, np.float32(-1), np.float32(1))
    signs = signs[:, None, None] if axis == 0 else signs[:, None]
    second = cv2.filter2D(picture, -1, _SECOND.T if axis == 0 else _SECOND)
    amplitude = np.clip(second, -_LARGEST, _LARGEST) * signs
    for _ in range(2):
        amplitude = cv2.blur(amplitude, (_REACH, _REACH))
    found: Floats = np.asarray(amplitude, np.float32) * signs
    return found
