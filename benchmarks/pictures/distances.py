"""Distances from a style, and from a painter, in the features of a network that no way was made by.

The network is the EfficientNet-Lite0 that ships, trained on paintings: two-way distances to the
nearest neighbor compare the places of one painting with those of its style, the kernel inception
distance (KID) all paintings of a way with real ones by the same painters.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from core import models
from core.images.resize import resize
from core.images.types import Floats, Pixels
from training.cyclegan import kernel_distance
from training.cyclegan.kernel_distance import Distance

MODEL = "efficientnet_lite0"
PLACES = "b10_add"  # a sixteenth of the picture, 112 channels: forms, not yet things
WHOLE = "features"


def places(picture: Pixels) -> Floats:
    """Features at every sixteenth pixel, `(places, 112)`."""
    maps = np.asarray(_network(PLACES).predict_on_batch(picture[None].astype(np.float32)))[0]
    return maps.reshape(-1, maps.shape[-1])


def whole(pictures: Sequence[Pixels]) -> Floats:
    """Mean features of square crops that are as high as the pictures, `(crops, 1280)`."""
    rows = []
    for picture in pictures:
        scale = kernel_distance.CROP / min(picture.shape[:2])
        height, width = (max(kernel_distance.CROP, round(s * scale)) for s in picture.shape[:2])
        crops = kernel_distance.crops(resize(picture, height, width).clip(0, 255))
        maps = _network(WHOLE).predict_on_batch(np.stack(crops).astype(np.float32))
        rows.append(np.asarray(maps).mean(axis=(1, 2)))
    return np.concatenate(rows)


def kid(painted: Floats, real: Floats) -> Distance:
    """The kernel inception distance (Binkowski et al., arXiv 1801.01401) with its error."""
    return kernel_distance.spread(painted, real)


def nearest(painted: Floats, style: Floats) -> tuple[float, float]:
    """Two-way distance: mean of 1 - cosine to the nearest neighbor, painting to style, and back.

    The second grows if something of the style is nowhere in the painting.

    Args:
        painted, style: Features of places, `(m, channels)` and `(n, channels)`.
    """
    from sklearn.metrics.pairwise import cosine_distances

    between = cosine_distances(painted, style)
    return float(between.min(axis=1).mean()), float(between.min(axis=0).mean())


@functools.cache
def _network(layer: str) -> Any:
    import keras

    body = models.load_keras(MODEL).body
    network = keras.Model(body.input, body.get_layer(layer).output)
    network.jit_compile = False
    return network
