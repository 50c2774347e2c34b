"""Whether a painter is one of those that a model knows."""

from __future__ import annotations

import numpy as np

from core import models
from core.images.types import Floats


def known_features(logits: Floats) -> Floats:
    """What tells a known painter from another one, `(n, artists + 1)` to `(n, 3)`.

    The log-odds of "somebody else", the largest logit, and the energy of the known
    artists (Liu et al., arXiv 2010.03759).
    """
    known, other = logits[:, :-1], logits[:, -1]
    largest = known.max(axis=1)
    energy = largest + np.log(np.exp(known - largest[:, None]).sum(axis=1))
    return np.stack([other - energy, largest, energy], axis=1)


def known_score(logits: Floats, known: models.KnownScore) -> Floats:
    """Probability `(n,)` that the painter is known, for known and unknown equally frequent."""
    z: Floats = known_features(logits) @ np.array(known.weights) + known.intercept
    score: Floats = 1 / (1 + np.exp(-z))
    return score
