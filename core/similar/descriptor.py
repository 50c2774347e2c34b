"""The unit vector by which a painting is compared with others.

It comes from the default classifier's features, the mean of its last convolutional map over all
places and over the picture and its mirror image, so that a mirrored painting is the same painting.
Projected onto fewer dimensions they take a quarter of the memory.
"""

from __future__ import annotations

import numpy as np

from core import identify, models
from core.identify.projection import projected
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
    return projected(loaded.features(np.stack(views)).mean(axis=0), DIMENSION, seed=_SEED)
