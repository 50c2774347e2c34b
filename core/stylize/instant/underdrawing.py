"""An underdrawing of strokes for the instant network, where a photo has nothing to follow.

A network of convolutions paints the same everywhere where it sees the same: in a clear sky one
weave from edge to edge, whatever the style. So before it looks, such places are given what a
brush would leave there: noise smeared along smooth random currents (line integral convolution,
Cabral & Leedom, SIGGRAPH 1993, doi 10.1145/166117.166151). The network makes the strokes of the
style of it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from core.images.types import Canvas, Floats

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
    rng = np.random.default_rng(0)

    def smooth(breadth: float) -> Floats:
        noise = rng.standard_normal(FIELD).astype(np.float32)
        return _normalized(_blurred(noise, breadth))

    noise, along_x, along_y = smooth(_BREADTH), smooth(_CURRENT), smooth(_CURRENT)
    speed = np.hypot(along_x, along_y) + 1e-6
    currents = np.stack([along_y / speed, along_x / speed]).reshape(2, -1)
    smeared, flat = noise.flatten(), noise.reshape(-1)
    for way in (1, -1):
        place: Floats = np.indices(FIELD, np.float32).reshape(2, -1)
        at = _nearest(place)
        for _ in range(_LENGTH):
            step = currents.take(at, axis=1)
            place = place + step if way > 0 else place - step
            at = _nearest(place)
            smeared += flat.take(at)
    return _normalized(smeared.reshape(FIELD))


def _blurred(values: Floats, breadth: float) -> Floats:
    """A Gaussian blur of `FIELD` values that goes on over the borders, by Fourier transforms."""
    spectra = []
    for count in FIELD:
        reach = round(4 * breadth)  # nothing is left beyond it
        places = np.arange(-reach, reach + 1)
        shares = np.exp(-0.5 * (places / breadth) ** 2)
        kernel = np.zeros(count)
        np.add.at(kernel, places % count, shares / shares.sum())
        spectra.append(np.fft.fft(kernel).real)  # it is symmetric
    down, right = spectra
    right = right[: FIELD[1] // 2 + 1]
    found = np.fft.irfft2(np.fft.rfft2(values) * np.outer(down, right), FIELD)
    blurred: Floats = found.astype(np.float32)
    return blurred


def _normalized(values: Floats) -> Floats:
    normalized: Floats = (values - values.mean()) / values.std()
    return normalized


def _nearest(place: Floats) -> npt.NDArray[np.int32]:
    """The nearest pixels of the field, `(height * width,)`, to places `(2, height * width)`."""
    down, right = np.rint(place).astype(np.int32)
    found: npt.NDArray[np.int32] = (down % FIELD[0]) * np.int32(FIELD[1]) + right % FIELD[1]
    return found


def covering(height: int, width: int) -> Floats:
    """Strokes for a picture of that size, even numbers: `(1, height / 2, width / 2, 1)`."""
    rows, columns = np.arange(height // 2) % FIELD[0], np.arange(width // 2) % FIELD[1]
    strokes: Floats = field()[np.ix_(rows, columns)]
    return strokes[None, ..., None]


def draw(photos: Canvas, strokes: Floats, strength: float) -> Canvas:
    """Draws strokes where photos are flat.

    Args:
        photos: `(batch, height, width, 3)` RGB 0..255, sides even.
        strokes: `(batch or 1, height / 2, width / 2, 1)`, of deviation 1, see `covering`.
        strength: 0 draws nothing, 1 and more all of it.

    Returns:
        Photos of the same shape, float32 RGB 0..255.
    """
    rows = photos[:, ::2] + photos[:, 1::2]  # step by step: a mean over three axes takes long
    quads = rows[:, :, ::2] + rows[:, :, 1::2]
    gray = (quads[..., 0] + quads[..., 1] + quads[..., 2]) / np.float32(12)
    gray -= 127.5  # or the difference of squares would be rounded away
    variance = np.maximum(_around(gray**2) - _around(gray) ** 2, 0.0)
    flat = np.exp(variance * np.float32(-1 / _FLAT**2))
    drawn = np.float32(_DEPTH * min(strength, 1.0)) * flat * strokes[..., 0]
    large: Floats = drawn.repeat(2, axis=1).repeat(2, axis=2)
    found: Canvas = (photos + large[..., None]).astype(np.float32, copy=False)
    return np.clip(found, 0.0, 255.0, out=found)


def _around(values: Floats) -> Floats:
    """Means of squares of `_AROUND` places a side, at borders of what there is of them.

    Args:
        values: `(batch, height, width)` float32.
    """
    for axis in (1, 2):
        count = values.shape[axis]
        sums = np.cumsum(values, axis, dtype=np.float64)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis)
        places = np.arange(count)
        first, last = (np.clip(places + n, 0, count) for n in (-(_AROUND // 2), _AROUND // 2 + 1))
        shape = [1, 1, 1]
        shape[axis] = count
        values = (sums.take(last, axis) - sums.take(first, axis)) / (last - first).reshape(shape)
    return values.astype(np.float32)
