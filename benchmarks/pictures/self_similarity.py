"""The content feature structural distance (CFSD): whether what was alike stays alike.

Chung et al., "Style Injection in Diffusion" (arXiv 2312.09008), section 5.1: the KL divergence
between the softmaxed self-similarities of the features of photo and painting, place by place,
since these do not hang on color and stroke. Here they are of VGG16's conv3_1 (VGG19's there), at
every eighth pixel (every fourth there); each picture's features are divided by their root mean
square, so that the measure does not hang on the scale of a network's activations, and divergences
are averaged over places, not added.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from core import models
from core.images.types import Floats, Pixels

LAYER = "block3_conv1"
_BLUE_GREEN_RED = np.array([103.939, 116.779, 123.68], np.float32)
_CHUNK = 1024  # places at a time, for memory


def features(picture: Pixels) -> Floats:
    """VGG16's features of a picture at every eighth pixel, `(places, 256)` float32."""
    ready = np.asarray(picture, np.float32)[..., ::-1] - _BLUE_GREEN_RED
    maps = np.asarray(_network().predict_on_batch(ready[None]))[0, ::2, ::2]
    return maps.reshape(-1, maps.shape[-1])


def distance(photo: Floats, painting: Floats) -> float:
    """The mean divergence of the photo's self-similarity from the painting's, in nats.

    Args:
        photo, painting: Features of pictures of one size, `(places, channels)`.
    """
    a, b = _scaled(photo), _scaled(painting)
    total = 0.0
    for start in range(0, len(a), _CHUNK):
        p, q = (_log_softmax(x[start : start + _CHUNK] @ x.T) for x in (a, b))
        total += float((np.exp(q) * (q - p)).sum(dtype=np.float64))
    return total / len(a)


def _scaled(x: Floats) -> Floats:
    """So that the dot product of two places is of order one."""
    x = x.astype(np.float32)
    found: Floats = x / np.sqrt(max(float((x**2).mean()), 1e-12) * x.shape[1])
    return found


def _log_softmax(x: Floats) -> Floats:
    x = x - x.max(axis=1, keepdims=True)
    found: Floats = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return found


@functools.cache
def _network() -> Any:
    import keras

    base = models.load_keras("vgg16_base").body
    network = keras.Model(base.input, base.get_layer(LAYER).output)
    network.jit_compile = False
    return network
