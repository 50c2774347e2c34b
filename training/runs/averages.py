"""The exponential moving average of weights, which ships in place of the last ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def update(
    averages: Sequence[np.ndarray], weights: Sequence[np.ndarray], momentum: float, step: int
) -> None:
    """Moves averages, in place, towards the weights of a step, counted from 0.

    Young averages forget faster, or the first steps would linger.
    """
    momentum = min(momentum, (step + 1) / (step + 10))
    for mean, value in zip(averages, weights, strict=True):
        mean *= momentum
        mean += (1 - momentum) * value
