"""Made-up maps, and their covariance in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.models import architectures
from core.stylize import instant


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


@pytest.fixture
def seen_in() -> Callable[[dict[str, np.ndarray]], instant.Statistics]:
    """The statistics of maps."""

    def look(maps: dict[str, np.ndarray]) -> instant.Statistics:
        return instant.statistics({n: v.numpy() for n, v in instant.measured(maps).items()})

    return look


@pytest.fixture
def changed(seen_in) -> Callable[..., list[np.ndarray]]:
    """Gives maps the statistics of others."""

    def change(maps: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> list[np.ndarray]:
        found = instant.matched(maps, instant.changes(seen_in(maps), seen_in(others)))
        return [np.asarray(each) for each in found]

    return change
