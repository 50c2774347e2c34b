"""Statistics of what VGG16 sees: mean and deviation of channels, and how channels go together.

All in NumPy, whatever runs the networks: what is measured of whole maps comes from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from core.images.types import Floats
from core.models import architectures
from core.stylize.regions.masks import on_grid
from core.stylize.style import CORRELATED

LAYERS = tuple(name for name, *_ in architectures.STYLE_LEVELS)

MEAN, VARIANCE, PRODUCTS = "mean", "variance", "products"
"""What an encoder measures of a layer, as `measure` names it: mean and variance of each channel,
`(batch, channels)`, and in the layers of `CORRELATED` the covariance of all channels, `(batch,
channels, channels)`, but for a factor that depends on the size of the map. All float32."""


class Statistics(NamedTuple):
    """What the decoder is to know of a style, or what there is in photos.

    Attributes:
        moments: Layer to mean and deviation of each channel, `(batch, 2, channels)` float32.
        correlations: Layer of `CORRELATED` to what its channels have in common,
            `(batch, channels, channels)` float32, with ones on the diagonal.
    """

    moments: Mapping[str, Floats]
    correlations: Mapping[str, Floats]


def measure(layer: str, what: str) -> str:
    """The name of what an encoder has measured of a layer: `MEAN`, `VARIANCE` or `PRODUCTS`."""
    return f"{layer}_{what}"


def statistics(measured: Mapping[str, Floats]) -> Statistics:
    """Moments, and correlations of some layers, of what an encoder has measured.

    Variances count as one more, so that a channel in which nothing is to be seen has one.
    """
    moments, correlations = {}, {}
    for name in LAYERS:
        mean, variance = (measured[measure(name, what)] for what in (MEAN, VARIANCE))
        deviation = np.sqrt(variance + np.float32(1))
        moments[name] = np.stack([mean, deviation], axis=1)
        if name in CORRELATED:
            together = measured[measure(name, PRODUCTS)]
            own = np.diagonal(together, axis1=1, axis2=2)
            scale = np.sqrt(variance / np.maximum(own, np.finfo(np.float32).tiny))
            one_more = np.eye(scale.shape[1], dtype=np.float32)
            covariance = together * products(scale) + one_more
            correlations[name] = covariance / products(deviation)
    return Statistics(moments, correlations)


def within(maps: Mapping[str, Any], mask: Floats) -> Statistics:
    """The statistics of a part of a picture.

    Args:
        maps: Layer of `LAYERS` to the map of one picture, `(1, height, width, channels)`.
        mask: What places of the picture count, `(height, width)` float32, 0..1.
    """
    measured = {}
    for name in LAYERS:
        map_ = np.asarray(maps[name]).astype(np.float32)[0]
        weights = on_grid(mask, *map_.shape[:2])
        if name in CORRELATED:  # a quarter of the places, as networks measure them
            map_, weights = map_[::2, ::2], weights[::2, ::2]
        counted = weights > 0
        places, share = map_[counted], weights[counted][:, None]
        share = share / share.sum()
        mean = (share * places).sum(0)
        away = places - mean
        measured[measure(name, MEAN)] = mean[None]
        measured[measure(name, VARIANCE)] = (share * away**2).sum(0)[None]
        if name in CORRELATED:
            measured[measure(name, PRODUCTS)] = ((share * away).T @ away)[None]
    return statistics(measured)


def products(values: Floats) -> Floats:
    """Each of `(batch, channels)` times each other one."""
    found: Floats = values[:, :, None] * values[:, None, :]
    return found


def towards(own: Statistics, wanted: Statistics, strength: float) -> Statistics:
    """Statistics on the way from a photo's own (strength 0) to those of a style (1)."""
    share = np.float32(strength)
    return Statistics(
        *(
            {name: here[name] + share * (there[name] - here[name]) for name in here}
            for here, there in zip(own, wanted, strict=True)
        )
    )
