"""Dabs laid under a photo where it is flat, for the generator to paint over.

A network of convolutions paints the same everywhere where it sees the same: in a clear sky or in
mist one even weave. So such places are given what breaks a surface up, faint blurred noise, of
which the generator makes short strokes of broken color. A night sky stays as it is: there every
stroke would show.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from core.images.types import Floats, Pixels

FIELD = 512, 768  # height and width, after which the dabs repeat, without a seam
_BREADTH = 2.0  # of a dab: deviation of the Gaussian that blurs the noise, pixels of the canvas
_DEPTH = 5.0  # deviation of the dabs in bright and flat places, gray levels
_FLAT = 6.0  # deviation of a photo, gray levels, at which a third (1 / e) of them is left
_AROUND = 21  # sides of the square in which a photo is to be flat


def laid_under(canvas: Pixels, bright: Floats) -> Pixels:
    """The canvas with dabs where it is bright and flat, always the same ones.

    Args:
        canvas: `(height, width, 3)` uint8 RGB.
        bright: How bright it is there, see `core.monet.shade.brightness`.
    """
    import cv2  # a tenth of a second, which no start of a page should wait for

    def around(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (_AROUND, _AROUND)), np.float32)

    gray = canvas.mean(axis=2, dtype=np.float32) - np.float32(127.5)  # lest squares be rounded
    variance = np.maximum(around(gray**2) - around(gray) ** 2, 0)
    flat = np.exp(variance * np.float32(-1 / _FLAT**2))
    height, width = gray.shape
    dabs = _field()[np.ix_(np.arange(height) % FIELD[0], np.arange(width) % FIELD[1])]
    drawn = canvas + np.float32(_DEPTH) * bright * (flat * dabs)[..., None]
    pixels: Pixels = np.rint(drawn).clip(0, 255).astype(np.uint8)
    return pixels


@cache
def _field() -> Floats:
    """Noise of mean 0 and deviation 1, blurred over the borders, `FIELD` float32."""
    import cv2

    reach = int(4 * _BREADTH)  # nothing is left beyond it
    noise = np.random.default_rng(0).standard_normal(FIELD).astype(np.float32)
    blurred = cv2.GaussianBlur(np.pad(noise, reach, "wrap"), (0, 0), _BREADTH)
    inner = np.asarray(blurred, np.float32)[reach:-reach, reach:-reach]
    field: Floats = (inner - inner.mean()) / inner.std()
    return field
