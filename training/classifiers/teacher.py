"""The teacher of a distillation: a model whose predictions become part of the targets.

Distillation after Hinton et al. (arXiv 1503.02531), with teacher and student given the same
view of a picture, mixed ones included (Beyer et al., arXiv 2106.05237).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from core import artists, models
from core.errors import InvalidRequest
from core.identify import softmax
from training.data.inputs import some


def check(model_id: str, names: Sequence[str]) -> None:
    """Makes sure, without loading it, that a model can teach these artists in this order.

    Raises:
        InvalidRequest: If it cannot.
    """
    known = {entry.id: entry for entry in models.classifiers()}
    if model_id not in known:
        raise InvalidRequest(
            f"There is no classifier {model_id!r} to teach; there are {', '.join(known)}."
        )
    entry = known[model_id]
    found = [artists.find(name) for name in names]
    ids = [artist.id if artist else "" for artist in found]
    if list(entry.artists) == ids:
        return
    strangers = [n for n, artist in zip(names, ids, strict=True) if artist not in entry.artists]
    absent = len(set(entry.artists) - set(ids))
    difference = "in another order"
    if strangers or absent:
        parts = [f"it does not know {some(strangers)}"] if strangers else []
        parts += [f"{absent} of its artists are not among the paintings"] if absent else []
        difference = " and ".join(parts)
    raise InvalidRequest(
        f"{entry.title} cannot teach: it knows other artists ({difference}). Train without a "
        "teacher: --set 'teacher=\"\"'."
    )


def predictor(model_id: str, names: Sequence[str]) -> Callable[[np.ndarray], np.ndarray]:
    """The predictions of a model, as targets for another.

    Args:
        names: The artists that the student learns, in the order of its outputs.

    Returns:
        From RGB 0..255 `(n, height, width, 3)` float32 to probabilities `(n, artists + 1)`, the
        last one that of somebody else.

    Raises:
        InvalidRequest: If there is no such model, or it knows other artists.
        core.models.WeightsError: If it cannot be loaded.
    """
    check(model_id, names)
    loaded = models.load_keras(model_id)
    assert loaded.head is not None, f"{model_id} is not a classifier"
    whole = keras.Model(loaded.body.input, loaded.head(loaded.body.output))

    def predict(pictures: np.ndarray) -> np.ndarray:
        return softmax(np.asarray(whole.predict_on_batch(pictures), np.float32))

    return predict
