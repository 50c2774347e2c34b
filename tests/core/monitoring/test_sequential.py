"""The comparison that may be read at any time: right, rarely wrong, and not too slow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from core.monitoring.sequential import LEVEL, Comparison


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (7, 2), (2, 7), (60, 40), (130, 90)])
def test_the_evidence_is_the_integral_of_the_likelihood_ratio(wins: int, losses: int):
    def ratio(share: float) -> float:
        likelihood = stats.binom.pmf(wins, wins + losses, share)
        fair = stats.binom.pmf(wins, wins + losses, 0.5)
        return float(stats.beta.pdf(share, 10, 10) * likelihood / fair)

    expected, _ = integrate.quad(ratio, 0, 1, points=[0.4, 0.5, 0.6], limit=200)
    assert Comparison(wins, losses).evidence == pytest.approx(expected, rel=1e-6)


def test_pairs_that_agree_say_nothing():
    comparison = Comparison(3, 1)
    assert comparison.after(True, True) == comparison.after(False, False) == comparison
    assert comparison.after(True, False) == Comparison(4, 1)
    assert comparison.after(False, True) == Comparison(3, 2)


def test_verdicts():
    assert Comparison(5, 5).verdict == "undecided"
    assert Comparison(60, 20).verdict == "better"
    assert Comparison(20, 60).verdict == "worse"
    assert Comparison(10**6, 10**5).evidence > 1e300  # no overflow


def first_verdicts(share: float, runs: int, pairs: int) -> np.ndarray:
    """The first pair at which each run decides, `pairs` if it never does; all pairs looked at."""
    wins = np.cumsum(np.random.default_rng(0).random((runs, pairs)) < share, axis=1)
    losses = np.arange(1, pairs + 1) - wins
    # The verdict depends on wins and losses alone: each pair of them is asked once.
    decided = np.full((pairs + 1, pairs + 1), False)
    for pair in {*zip(wins.ravel().tolist(), losses.ravel().tolist(), strict=True)}:
        decided[pair] = Comparison(*pair).verdict != "undecided"
    hit = decided[wins, losses]
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, pairs)


@pytest.mark.slow
def test_false_alarms_under_continuous_peeking():
    """2,000 comparisons of equals, read after each of 1,000 discordant pairs."""
    assert (first_verdicts(0.5, 2000, 1000) < 1000).mean() <= LEVEL


@pytest.mark.slow
def test_power():
    """A challenger that wins 60 of 100 discordant pairs is found in about 180 of them."""
    first = first_verdicts(0.6, 400, 1000)
    assert (first < 1000).mean() > 0.98
    assert 120 < np.median(first) < 240
