"""Drift: silent without one, loud with one, and beside tests written apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.monitoring import drift


def test_equal_pictures_raise_no_alarm(draw):
    reference = draw(1000)
    alarms = [drift.is_alarm(drift.compare(reference, draw(200, seed))) for seed in range(1, 41)]
    assert sum(alarms) <= 2  # 5 of 100


def test_each_kind_of_drift_is_named(draw):
    reference = draw(1000)
    by_name = {s.name: s for s in drift.compare(reference, draw(200, 1, hard=0.6))}
    assert by_name["Probability of the first name"].drifted
    assert not by_name["Brightness"].drifted
    by_name = {s.name: s for s in drift.compare(reference, draw(200, 1, light=0.2))}
    assert by_name["Brightness"].drifted
    assert by_name["Features"].drifted
    assert not by_name["Saturation"].drifted


def test_p_values_are_scipys_and_corrected_as_by_hand(draw):
    reference, recent = draw(800), draw(150, 3, light=0.02)
    found = {s.name: s for s in drift.compare(reference, recent)}
    expected = stats.ks_2samp(reference.brightness, recent.brightness, method="asymp")
    assert found["Brightness"].p == pytest.approx(expected.pvalue)
    assert found["Brightness"].distance == pytest.approx(expected.statistic)
    p = np.array([s.p for s in found.values()])
    order = np.argsort(p)
    stepped = p[order] * len(p) / np.arange(1, len(p) + 1)
    by_hand = np.minimum.accumulate(stepped[::-1])[::-1].clip(max=1)
    np.testing.assert_allclose(np.array([s.adjusted for s in found.values()])[order], by_hand)


def test_chi_square_of_the_artists_by_hand():
    before = np.repeat([0, 1, 2, 3], [500, 300, 195, 5])
    now = np.repeat([0, 1, 2, 4], [30, 100, 65, 5])
    distance, p = drift._chi_square(before, now, 6)
    table = np.array([[500, 300, 195, 5], [30, 100, 65, 5]], float)  # 3 and 4 are rare: together
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    assert p == pytest.approx(stats.chi2.sf(statistic, 3))
    assert distance == pytest.approx(np.sqrt(statistic / table.sum()))


def test_mmd_by_loops():
    rng = np.random.default_rng(0)
    before, now = rng.normal(0, 1, (30, 5)), rng.normal(0.8, 1, (20, 5))
    both = np.concatenate([before, now])
    pairs = [np.sum((a - b) ** 2) for i, a in enumerate(both) for b in both[i + 1 :]]
    width = np.median(pairs)

    def mean(one: np.ndarray, other: np.ndarray, *, same: bool) -> float:
        kernel = [
            np.exp(-np.sum((a - b) ** 2) / width)
            for i, a in enumerate(one)
            for j, b in enumerate(other)
            if not (same and i == j)
        ]
        return float(np.mean(kernel))

    squared = mean(before, before, same=True) + mean(now, now, same=True)
    squared -= 2 * mean(before, now, same=False)
    distance, p = drift.mmd(before, now)
    assert distance == pytest.approx(np.sqrt(squared))
    assert p < 0.005
    _, p = drift.mmd(before, rng.normal(0, 1, (20, 5)))
    assert p > 0.05


def test_too_few_pictures_say_nothing(draw):
    assert drift.compare(draw(1000), draw(19)) == ()
    assert not drift.is_alarm(())


def test_what_never_varies_is_left_out(draw):
    reference, recent = draw(100), draw(100, 1)
    reference.aspect[:] = recent.aspect[:] = 1
    assert "Aspect ratio" not in {s.name for s in drift.compare(reference, recent)}
