"""The filter that lets broad forms go first."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.optimization import preconditioner


def test_the_filter_is_symmetric_and_positive():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 9, 12, 3)).astype(np.float32)
    waves = preconditioner.Waves()
    assert (waves(a) * b).sum() == pytest.approx((a * waves(b)).sum(), rel=1e-3)
    assert (waves(a) * a).sum() > 0
    assert waves(np.ones_like(a)).std() < 1e-4


def test_without_power_a_gradient_stays_as_it_is():
    gradient = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)
    assert preconditioner.Waves(0.0)(gradient) is gradient
