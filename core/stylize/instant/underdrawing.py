"""An underdrawing of strokes for the instant network, where a photo has nothing to follow.

A network of convolutions paints the same everywhere where it sees the same: in a clear sky one
weave from edge to edge, whatever the style. So before it looks, such places are given what a
brush would leave there: noise smeared along smooth random currents (line integral convolution,
Cabral & Leedom, SIGGRAPH 1993, doi 10.1145/166117.166151). The network makes the strokes of the
style of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.images.types import Floats

if TYPE_CHECKING:
    import tensorflow as tf

# All in pixels of a picture at half its size, which is what the network looks at.
FIELD = 512, 768  # height and width, after which the strokes repeat, without a seam
_BREADTH = 2.0  # of a stroke: deviation of the Gaussian that blurs the noise
_LENGTH = 24  # that a stroke follows its current, either way
_CURRENT = 60.0  # over which currents turn: deviation of the Gaussian that blurs directions
_AROUND = 11  # sides of the square in which a photo is to be flat

_DEPTH = 20.0  # deviation of the strokes in flat places, gray levels
_FLAT = 6.0  # deviation of a photo, gray levels, at which a third (1 / e) of them is left


@cache
def field() -> Floats:
    """The strokes, always the same: `FIELD` float32 of mean 0 and deviation 1."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)

    def smooth(breadth: float) -> Floats:
        noise = rng.standard_normal(FIELD).astype(np.float32)
        return _normalized(gaussian_filter(noise, breadth, mode="wrap"))

    noise, along_x, along_y = smooth(_BREADTH), smooth(_CURRENT), smooth(_CURRENT)
    speed = np.hypot(along_x, along_y) + 1e-6
    currents = np.stack([along_y / speed, along_x / speed])
    smeared = noise.copy()
    for way in (1, -1):
        place = np.indices(FIELD, np.float32)
        down, right = _wrapped(place)
        for _ in range(_LENGTH):
            place += way * currents[:, down, right]
            down, right = _wrapped(place)
            smeared += noise[down, right]
    return _normalized(smeared)


def _normalized(values: Floats) -> Floats:
    normalized: Floats = (values - values.mean()) / values.std()
    return normalized


def _wrapped(place: Floats) -> npt.NDArray[np.int64]:
    """The nearest pixels of the field, `(2, height, width)`."""
    nearest: npt.NDArray[np.int64] = np.rint(place).astype(np.int64)
    return nearest % np.array(FIELD, np.int64)[:, None, None]


def covering(height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """Strokes for a picture of that size, even numbers: `(1, height / 2, width / 2, 1)`."""
    import tensorflow as tf

    strokes = tf.constant(field())
    sides = [height // 2, width // 2]
    times = [-(-side // whole) for side, whole in zip(sides, FIELD, strict=True)]
    return tf.tile(strokes, times)[None, : sides[0], : sides[1], None]


def draw(photos: tf.Tensor, strokes: tf.Tensor, strength: tf.Tensor | float) -> tf.Tensor:
    """Draws strokes where photos are flat.

    Args:
        photos: `(batch, height, width, 3)` RGB 0..255, sides even.
        strokes: `(batch or 1, height / 2, width / 2, 1)`, of deviation 1, see `covering`.
        strength: 0 draws nothing, 1 and more all of it.

    Returns:
        Photos of the same shape, RGB 0..255.
    """
    import tensorflow as tf

    gray = tf.reduce_mean(tf.nn.avg_pool2d(photos, 2, 2, "VALID"), axis=3, keepdims=True)
    gray -= 127.5  # or the difference of squares would be rounded away

    def around(values: tf.Tensor) -> tf.Tensor:
        return tf.nn.avg_pool2d(values, _AROUND, 1, "SAME")

    variance = tf.nn.relu(around(gray**2) - around(gray) ** 2)
    flat = tf.exp(-variance / _FLAT**2)
    drawn = _DEPTH * tf.minimum(strength, 1.0) * flat * strokes
    drawn = tf.repeat(tf.repeat(drawn, 2, axis=1), 2, axis=2)
    return tf.clip_by_value(photos + drawn, 0.0, 255.0)
