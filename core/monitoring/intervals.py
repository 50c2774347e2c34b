"""Intervals for shares and for differences of shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A share with the interval that holds the true one in 95 of 100 cases, 0..1 each."""

    share: float
    low: float
    high: float
    of: int


def wilson(right: int, of: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of `right` out of `of` (JASA 22, 1927): honest for small numbers."""
    if of == 0:
        return Interval(float("nan"), 0.0, 1.0, 0)
    found = stats.binomtest(right, of).proportion_ci(confidence, method="wilson")
    return Interval(right / of, float(found.low), float(found.high), of)


def paired_difference(
    challenger: npt.NDArray[np.bool_],
    champion: npt.NDArray[np.bool_],
    *,
    confidence: float = 0.95,
    samples: int = 5000,
    seed: int = 0,
) -> Interval:
    """By how much a challenger is more often right on the same paintings, by the bootstrap.

    Both answers to a painting are drawn together (Efron and Tibshirani, 1993, chapter 16), so
    what is hard for both does not widen the interval.

    Args:
        challenger: `(n,)` whether it was right.
        champion: `(n,)` likewise.

    Returns:
        The difference of the accuracies and its percentile interval, -1..1.
    """
    if challenger.shape != champion.shape or challenger.ndim != 1:
        raise ValueError("Both must have answered the same paintings.")
    # Only how often each difference occurs matters: a multinomial draw in place of n indices.
    difference = challenger.astype(int) - champion.astype(int)
    n = len(difference)
    if n == 0:
        return Interval(float("nan"), -1.0, 1.0, 0)
    counts = np.array([(difference == value).sum() for value in (-1, 0, 1)])
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=samples)
    means = (drawn[:, 2] - drawn[:, 0]) / n
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(difference.mean()), float(low), float(high), n)


def is_not_worse(difference: Interval, margin: float) -> bool:
    """Whether a challenger is at most `margin` worse: non-inferior, by the interval's lower end."""
    return difference.of > 0 and difference.low > -margin
