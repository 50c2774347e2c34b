"""From logits to probabilities that are right as often as they say."""

from __future__ import annotations

import numpy as np

from core import models
from core.images.types import Floats


def calibrated(logits: Floats, calibration: models.Calibration) -> Floats:
    """Probabilities over the known artists.

    Temperature scaling (Guo et al., arXiv 1706.04599), after an optional bias an artist.

    Args:
        logits: `(n, artists + 1)`; the last output, "somebody else", is left out.

    Returns:
        `(n, artists)`, each row sums to 1.
    """
    bias = np.array(calibration.bias) if calibration.bias else 0.0
    return softmax(logits[:, :-1] / calibration.temperature + bias)


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probability: Floats = e / e.sum(axis=-1, keepdims=True)
    return probability
