"""Three answers told apart: by a painter whom a model knows, by another one, no painting at all.

Whether a picture is a photograph is told by a logit that is linear in what is kept of it anyway;
whether a painting is by a known painter, by `core.identify.unknown`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from core import models
from core.identify import taught
from core.identify.unknown import known_score
from core.images.types import Floats

Kind = Literal["known", "unknown", "photograph"]
KINDS: tuple[Kind, ...] = ("known", "unknown", "photograph")
_SURE = 0.5  # from which probability on a picture is called a photograph


def probabilities(logits: Floats, projections: Floats, entry: models.Entry) -> Floats:
    """Probabilities `(n, 3)` of the `KINDS`, for all three equally frequent.

    Args:
        logits: `(n, artists + 1)`.
        projections: `(n, d)`, see `core.identify.observation`.
    """
    head = entry.photograph
    assert head is not None, f"{entry.id} does not tell photographs"
    assert entry.known is not None, f"{entry.id} does not tell strangers"
    given = taught.inputs(taught.own(logits, entry), projections)
    z = given @ np.array(head.weights, np.float32) + head.intercept
    photograph = 1 / (1 + np.exp(-np.clip(z, -50, 50)))
    known = known_score(logits, entry.known)
    found: Floats = np.stack(
        [(1 - photograph) * known, (1 - photograph) * (1 - known), photograph], axis=1
    )
    return found


def answers(probability: Floats, entry: models.Entry) -> npt.NDArray[np.intp]:
    """`(n,)` numbers of the `KINDS` that are answered.

    Args:
        probability: `(n, 3)` as from `probabilities`.
    """
    assert entry.known is not None, f"{entry.id} does not tell kinds"
    painting = np.maximum(probability[:, :2].sum(axis=1), 1e-12)
    is_known = probability[:, 0] >= entry.known.threshold * painting
    found: npt.NDArray[np.intp] = np.where(is_known, 0, 1)
    found[probability[:, 2] > _SURE] = 2
    return found
