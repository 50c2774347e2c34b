"""Made-up maps, and their covariance in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.models import architectures


@pytest.fixture
def drawn() -> Callable[[int], dict[str, np.ndarray]]:
    """Makes two maps a layer, as positive as those of a ReLU; the same for the same seed."""

    def draw(seed: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        return {
            name: rng.gamma(1.0, 20.0, (2, 6, 5, channels)).astype(np.float32)
            for name, channels, _ in architectures.STYLE_LEVELS
        }

    return draw


@pytest.fixture
def covariance() -> Callable[[np.ndarray], np.ndarray]:
    """The covariance as `instant.statistics` has it."""

    def compute(maps: np.ndarray) -> np.ndarray:
        """Of the channels of one picture's map, at every second place, variances one larger."""
        some = maps[::2, ::2].reshape(-1, maps.shape[-1]).astype(np.float64)
        return np.cov(some.T, bias=True) + np.eye(maps.shape[-1])

    return compute
