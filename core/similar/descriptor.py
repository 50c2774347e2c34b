"""The unit vector by which a painting is compared with others.

It comes from the default classifier's features, the mean of its last convolutional map over all
places and over the picture and its mirror image, so that a mirrored painting is the same painting.
A random projection onto fewer dimensions keeps the angles between them nearly (Achlioptas,
Database-friendly random projections, 2003), takes a quarter of the memory, and needs no file.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from core import identify, models
from core.images.types import Floats, Pixels

DIMENSION = 320
_VERSION = 1  # another one makes all paintings be described again
_SEED = 18


def signature() -> str:
    """What makes the vectors here: those of another signature cannot be compared with them."""
    entry = models.get(models.DEFAULT)
    return f"{_VERSION} {entry.id} {entry.side} {entry.views} {entry.file.sha256}"


def describe(pixels: Pixels) -> Floats:
    """Describes a painting. May be called from any thread.

    Args:
        pixels: `(height, width, 3)` uint8.

    Returns:
        `(DIMENSION,)` float32 of length 1.

    Raises:
        core.models.WeightsError: If the classifier cannot be loaded.
        core.tensorflow_compat.TensorFlowMissing: If only Keras can run it, and is not there.
    """
    on_litert = models.runs_on_litert(models.DEFAULT, models.FEATURES)
    loaded = models.load(models.DEFAULT) if on_litert else models.load_keras(models.DEFAULT)
    seen = identify.view(pixels, loaded.entry)
    views = [seen] if loaded.entry.views == 2 else [seen, seen[:, ::-1]]
    return projected(loaded.features(np.stack(views)).mean(axis=0))


def projected(features: Floats) -> Floats:
    """Brings features `(channels,)` to `(DIMENSION,)` and to length 1."""
    row = features @ _signs(len(features))
    found: Floats = row / max(float(np.linalg.norm(row)), 1e-12)
    return found


@cache
def _signs(channels: int) -> Floats:
    """`(channels, DIMENSION)` of -1 and 1, the same on every machine and for all times."""
    # Unlike those of a Generator, the raw numbers of a bit generator never change with NumPy.
    numbers = np.random.PCG64(_SEED).random_raw(-(-channels * DIMENSION // 64))
    bits = np.unpackbits(numbers.astype("<u8").view(np.uint8))[: channels * DIMENSION]
    return np.where(bits.reshape(channels, DIMENSION), 1, -1).astype(np.float32)
