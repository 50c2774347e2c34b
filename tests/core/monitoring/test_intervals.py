"""Intervals beside formulas written apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.monitoring import intervals


@pytest.mark.parametrize(("right", "of"), [(0, 5), (3, 5), (5, 5), (80, 100), (812, 1000)])
def test_wilson_is_the_formula(right: int, of: int):
    z, p = 1.959963984540054, right / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    found = intervals.wilson(right, of)
    assert found.share == p
    np.testing.assert_allclose([found.low, found.high], [middle - half, middle + half], atol=1e-9)


def test_of_nothing_nothing_is_known():
    found = intervals.wilson(0, 0)
    assert math.isnan(found.share)
    assert (found.low, found.high, found.of) == (0, 1, 0)


def test_a_paired_difference_is_what_drawing_paintings_gives():
    rng = np.random.default_rng(1)
    champion = rng.random(400) < 0.7
    challenger = np.where(rng.random(400) < 0.2, rng.random(400) < 0.8, champion)
    found = intervals.paired_difference(challenger, champion, samples=20_000)
    rows = rng.integers(0, 400, (20_000, 400))
    drawn = challenger[rows].mean(axis=1) - champion[rows].mean(axis=1)
    assert found.share == pytest.approx(challenger.mean() - champion.mean())
    np.testing.assert_allclose(
        [found.low, found.high], np.quantile(drawn, [0.025, 0.975]), atol=0.004
    )


def test_the_same_answers_differ_by_nothing():
    answers = np.random.default_rng(0).random(50) < 0.5
    found = intervals.paired_difference(answers, answers)
    assert (found.share, found.low, found.high) == (0, 0, 0)
    assert intervals.is_not_worse(found, 0.015)


def test_a_worse_challenger_is_worse_and_few_paintings_prove_nothing():
    champion = np.ones(1000, bool)
    challenger = champion.copy()
    challenger[:50] = False
    assert not intervals.is_not_worse(intervals.paired_difference(challenger, champion), 0.015)
    few = np.array([True, False, True, True, False])
    assert not intervals.is_not_worse(intervals.paired_difference(few, few[::-1]), 0.015)
    nothing = np.array([], bool)
    assert not intervals.is_not_worse(intervals.paired_difference(nothing, nothing), 0.015)


def test_answers_to_other_paintings_are_refused():
    with pytest.raises(ValueError, match="same paintings"):
        intervals.paired_difference(np.ones(3, bool), np.ones(4, bool))
