"""The kernel distance against its definition, and the measure of checkerboards."""

from __future__ import annotations

import numpy as np
import pytest

from training.cyclegan import kernel_distance as kd


def slow_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Sums written out, as in the paper."""
    d = x.shape[1]

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / d + 1) ** 3)

    m, n = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    within_y = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    between = sum(k(a, b) for a in x for b in y) / (m * n)
    return within_x + within_y - 2 * between


def test_the_distance_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 5)), rng.normal(1, 2, size=(9, 5))
    assert kd.kernel_distance(x, y) == pytest.approx(slow_distance(x, y), rel=1e-9)


def test_samples_of_one_distribution_are_at_no_distance():
    rng = np.random.default_rng(1)
    same = kd.spread(rng.normal(size=(400, 16)), rng.normal(size=(400, 16)))
    other = kd.spread(rng.normal(size=(400, 16)), rng.normal(0.5, 1, size=(400, 16)))
    assert abs(same.value) < 0.02
    assert other.value > 0.2
    assert 0 < other.error < other.value / 5


@pytest.mark.parametrize("count", [40, 300])
def test_the_error_is_how_much_fresh_draws_vary(count: int):
    rng = np.random.default_rng(2)

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(count, 16)), rng.normal(0.3, 1, size=(count, 16))

    varies = np.std([kd.kernel_distance(*drawn()) for _ in range(60)])
    told = np.mean([kd.spread(*drawn()).error for _ in range(5)])
    assert told == pytest.approx(varies, rel=0.3)
    assert np.isnan(kd.spread(*(z[:3] for z in drawn())).error)


def test_crops_reach_from_border_to_border():
    picture = np.arange(300 * 500).reshape(300, 500, 1).repeat(3, 2)
    first, last = kd.crops(picture)
    assert first.shape == last.shape == (224, 224, 3)
    assert first[0, 0, 0] == 0
    assert last[0, -1, 0] == 499
    assert len(kd.crops(picture[:256, :256])) == 1
    assert len(kd.crops(np.zeros((448, 448, 3)))) == 4


def test_a_checkerboard_is_seen_and_a_soft_picture_has_none():
    y, x = np.mgrid[:64, :64]
    soft = np.sin(x / 9)[..., None] * np.cos(y / 7)[..., None] * np.ones(3)
    board = soft + 0.1 * ((-1.0) ** (x + y))[..., None]
    stripes = soft + 0.1 * ((-1.0) ** x)[..., None]
    assert kd.checkerboard(soft) < 1e-3
    assert kd.checkerboard(board) > 50 * kd.checkerboard(soft)
    assert kd.checkerboard(stripes) > 50 * kd.checkerboard(soft)
    assert kd.checkerboard(np.zeros((16, 16, 3))) == 0
