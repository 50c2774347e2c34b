"""Colors in the dark, where a generator that has seen hardly any night paints colored specks.

Monet's shadows have colors of their own, which is what it learned. Where a photo is dark the
change of color (chrominance) is therefore laid on broadly, strokes stay in light and dark
(luminance) alone; where it is bright nothing is changed.
"""

from __future__ import annotations

import numpy as np

from core.images.types import Floats, Pixels

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_DARK, _BRIGHT = 24.0, 130.0  # luminance around a place: none of the specks to all of them
_AROUND = 4.0  # deviation of the Gaussian that says how dark a place is, pixels of the canvas
_BROAD = 8.0  # of that which lays color on


def without_specks(photo: Pixels, painted: Pixels, bright: Floats) -> Pixels:
    """What was painted, calm where the photo is dark.

    Args:
        photo, painted: `(height, width, 3)` uint8 RGB.
        bright: How bright the photo is there, see `brightness`.
    """
    if bright.min() >= 1:
        return painted
    change = painted.astype(np.float32) - photo
    chroma = change - (change @ _LUMA)[..., None]
    calm = painted + (1 - bright) * (_blurred(chroma, _BROAD) - chroma)
    pixels: Pixels = np.rint(calm).clip(0, 255).astype(np.uint8)
    return pixels


def brightness(photo: Pixels) -> Floats:
    """How bright the places of a photo are, `(height, width, 1)` float32: 0 for night, 1 for day.

    Args:
        photo: `(height, width, 3)` uint8 RGB.
    """
    bright = (_blurred(photo.astype(np.float32) @ _LUMA, _AROUND) - _DARK) / (_BRIGHT - _DARK)
    bright = np.clip(bright, 0, 1)
    smooth: Floats = bright**2 * (3 - 2 * bright)  # without an edge at either end
    return smooth[..., None]


def _blurred(values: Floats, deviation: float) -> Floats:
    import cv2  # a tenth of a second, which no start of a page should wait for

    return np.asarray(cv2.GaussianBlur(values, (0, 0), deviation), np.float32)
