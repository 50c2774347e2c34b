"""What a sketch of half the size misses, asked of the picture in addition.

What comes out of the decoder never has quite the statistics that were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.images.types import Canvas, Floats
from core.stylize.instant.matching import changes
from core.stylize.instant.moments import LAYERS, Statistics, towards
from core.stylize.instant.networks import Networks, statistics_of, style_vector

STEP = 16  # sides of what the networks see are multiples of it

_SKETCH = 2  # how many times smaller than the picture the sketch is
_SURE = 208  # pixels, its shorter side; what a smaller one missed counts as much less
_AT_MOST = 1.6  # factor of a correction: what is far off is not within the decoder's reach


def sketch(
    networks: Networks,
    photos: Canvas,
    wanted: Statistics,
    strength: float,
    mask: Floats | None = None,
) -> tuple[Mapping[str, Floats], Mapping[str, Floats], float]:
    """Paints photos in a small size.

    Args:
        photos: `(batch, height, width, 3)` RGB 0..255, sides multiples of `STEP`.
        mask: See `networks.statistics_of`.

    Returns:
        The moments asked for there, those that came of it, and the share of what was missed that
        is to be asked for in addition.
    """
    height, width = (max(side // (_SKETCH * STEP), 2) * STEP for side in photos.shape[1:3])
    seen = networks.encode(shrunk(photos, height, width))
    own = statistics_of(seen, mask)
    asked = towards(own, wanted, strength)
    painted = networks.decode(seen.maps, changes(own, asked), style_vector(asked.moments))
    got = statistics_of(networks.encode(painted.clip(0.0, 255.0)), mask)
    return asked.moments, got.moments, min(min(height, width) / _SURE, 1.0)


def shrunk(pictures: Canvas, height: int, width: int) -> Canvas:
    """Means over the area of each new pixel.

    Args:
        pictures: `(batch, height, width, channels)` float32.
        height, width: New sides.
    """
    for axis, size in ((1, height), (2, width)):
        old = pictures.shape[axis]
        edges = np.linspace(0, old, size + 1)
        first = np.floor(edges[:-1]).astype(int)
        total: Canvas | float = 0.0
        for place in (first + n for n in range(int(np.ceil(old / size)) + 1)):
            covered = np.minimum(place + 1, edges[1:]) - np.maximum(place, edges[:-1])
            share = np.maximum(covered, 0) * size / old
            if share.any():
                part = pictures.take(np.minimum(place, old - 1), axis)
                # All that is inside of an axis in one loop: one over three channels takes longer.
                inside = part.reshape(*part.shape[:axis], -1)
                inside *= share.astype(np.float32).repeat(inside.shape[-1] // size)
                total = total + part
        assert isinstance(total, np.ndarray)
        pictures = total
    return pictures


def corrected(
    statistics: Statistics,
    asked: Mapping[str, Floats],
    got: Mapping[str, Floats],
    share: float,
) -> Statistics:
    """What to ask for, once the moments `asked` have brought `got`: a share of it more."""
    found = {}
    for name in LAYERS:
        (mean, deviation), (asked_mean, asked_deviation), (got_mean, got_deviation) = (
            each[name].swapaxes(0, 1) for each in (statistics.moments, asked, got)
        )
        # A strength beyond 1 may ask for less than nothing.
        factor = (np.maximum(asked_deviation, 0.0) / got_deviation) ** np.float32(share)
        most = (_AT_MOST - 1) * np.abs(asked_deviation)
        shift = np.clip(share * (asked_mean - got_mean), -most, most)
        factor = np.clip(factor, 1 / _AT_MOST, _AT_MOST)
        found[name] = np.stack([mean + shift, deviation * factor], axis=1).astype(np.float32)
    return statistics._replace(moments=found)
