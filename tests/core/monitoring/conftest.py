"""Samples without a network: logits and properties drawn at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core import models
from core.monitoring.reference import Reference
from core.monitoring.sample import Sample, judged

Draw = Callable[..., Sample]
Drawn = Callable[..., Reference]


@pytest.fixture
def drawn() -> Drawn:
    """Draws `n` pictures; `hard` makes the network less sure, `light` the pictures brighter."""

    def one(n: int, seed: int = 0, *, hard: float = 0.0, light: float = 0.0) -> Reference:
        entry = models.get(models.DEFAULT)
        rng = np.random.default_rng(seed)
        outputs = len(entry.artists) + 1
        logits = rng.normal(0, 1, (n, outputs))
        painters = rng.integers(0, outputs - 1, n).astype(np.int16)
        logits[np.arange(n), painters] += rng.uniform(2, 8, n) * (1 - hard)
        directions = rng.normal(0, 1, (n, 64))
        directions[:, 0] += 5 * light
        units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        ranges = {
            "brightness": (0.2 + light, 0.7 + light),
            "saturation": (0.1, 0.6),
            "aspect": (0.7, 1.5),
            "side": (300, 3000),
        }
        return Reference(
            logits.astype(np.float32),
            Sample(
                **judged(entry, logits.astype(np.float32)).__dict__,
                projections=units.astype(np.float32),
                **{k: rng.uniform(*v, n).astype(np.float32) for k, v in ranges.items()},
            ),
            painters,
        )

    return one


@pytest.fixture
def draw(drawn: Drawn) -> Draw:
    """Likewise, the sample alone."""
    return lambda *arguments, **options: drawn(*arguments, **options).sample
