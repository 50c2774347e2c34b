"""A model of the catalogue that teaches another one: its opinions become part of the targets.

Distillation after Hinton et al. (arXiv 1503.02531), with teacher and pupil looking at the same
view of a picture, mixed ones included (Beyer et al., arXiv 2106.05237).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from core import artists, models
from core.identify import softmax


def opinions(model_id: str, names: Sequence[str]) -> Callable[[np.ndarray], np.ndarray]:
    """What a model thinks of pictures.

    Args:
        names: The artists that the pupil learns, in the order of its outputs.

    Returns:
        From RGB 0..255 `(n, height, width, 3)` float32 to probabilities `(n, artists + 1)`, the
        last one that of somebody else.

    Raises:
        KeyError: If there is no such model.
        ValueError: If it knows other artists.
        core.models.WeightsError: If it cannot be loaded.
    """
    entry = models.get(model_id)
    found = [artists.find(name) for name in names]
    if list(entry.artists) != [artist.id if artist else "" for artist in found]:
        raise ValueError(f"{entry.title} cannot teach: it knows other artists")
    loaded = models.load(model_id)
    assert loaded.head is not None, f"{model_id} is not a classifier"
    whole = keras.Model(loaded.body.input, loaded.head(loaded.body.output))

    def think(pictures: np.ndarray) -> np.ndarray:
        return softmax(np.asarray(whole.predict_on_batch(pictures), np.float32))

    return think
