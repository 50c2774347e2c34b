"""Optimizers, on a loss whose lowest point is known."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import get_args

import numpy as np
import pytest

from core.stylize.objective.evaluation import Evaluation
from core.stylize.optimization import optimizers, preconditioner
from core.stylize.request import Optimizer

TRUE = np.random.default_rng(0).uniform(20, 235, (6, 7, 3)).astype(np.float32)
STIFFNESS = np.random.default_rng(1).uniform(0.5, 20, TRUE.shape).astype(np.float32) / 1000


def bowl(x: np.ndarray) -> Evaluation:
    away = x - TRUE
    return Evaluation(float((STIFFNESS * away**2).sum()), 0.0, 0.0, 2 * STIFFNESS * away)


@pytest.mark.parametrize("power", [0.0, 1.0])
@pytest.mark.parametrize("name", get_args(Optimizer))
def test_optimizers_find_the_lowest_point(name, power):
    descent = optimizers.make(name, preconditioner.Waves(power)).descend(
        np.full_like(TRUE, 128), bowl
    )
    steps = list(islice(descent, 150))
    found = [evaluation.loss for _, evaluation in steps]
    assert all(later <= earlier for earlier, later in pairwise(found))
    assert found[-1] < 0.02 * found[0]
    x, last = steps[-1]
    assert bowl(x).loss == pytest.approx(last.loss)
    assert x.min() >= 0
    assert x.max() <= 255


def test_lbfgs_stays_within_limits_that_the_lowest_point_is_beyond():
    def beyond(x: np.ndarray) -> Evaluation:
        away = x - 3 * (TRUE - 80)
        return Evaluation(float((STIFFNESS * away**2).sum()), 0.0, 0.0, 2 * STIFFNESS * away)

    descent = optimizers.Lbfgs(preconditioner.Waves(0.0)).descend(np.full_like(TRUE, 50), beyond)
    *_, (x, _) = islice(descent, 100)
    np.testing.assert_allclose(x, np.clip(3 * (TRUE - 80), 0, 255), atol=1.0)


def test_lbfgs_goes_on_with_what_it_learned_at_a_smaller_size():
    def twice(x: np.ndarray) -> np.ndarray:
        return x.repeat(2, axis=0).repeat(2, axis=1)

    def large(x: np.ndarray) -> Evaluation:
        away = x - twice(TRUE) - 20
        loss = (twice(STIFFNESS) * away**2).sum() / 4
        return Evaluation(float(loss), 0.0, 0.0, twice(STIFFNESS) * away / 2)

    optimizer = optimizers.Lbfgs(preconditioner.Waves(0.0))
    *_, (x, _) = islice(optimizer.descend(np.full_like(TRUE, 128), bowl), 30)
    optimizer.enlarge(twice)
    fresh = optimizers.Lbfgs(preconditioner.Waves(0.0))
    after = [list(islice(each.descend(twice(x), large), 5))[-1] for each in (optimizer, fresh)]
    assert after[0][1].loss < after[1][1].loss


def test_lbfgs_survives_a_loss_that_is_not_a_number():
    def cliff(x: np.ndarray) -> Evaluation:
        if x.max() > 129:
            return Evaluation(float("nan"), 0.0, 0.0, np.full_like(x, np.nan))
        return Evaluation(float(-x.mean()), 0.0, 0.0, np.full_like(x, -1 / x.size))

    descent = optimizers.Lbfgs(preconditioner.Waves(0.0)).descend(np.full_like(TRUE, 128), cliff)
    *_, (x, last) = islice(descent, 30)
    assert 128 < x.max() <= 129
    assert np.isfinite(last.loss)
