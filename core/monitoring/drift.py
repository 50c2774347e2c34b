"""Drift: whether what is asked of late still looks like what a version was measured on.

Each number that is kept of a picture is compared by the Kolmogorov-Smirnov test, the artists named
by the chi-square test, and the projected features by the maximum mean discrepancy (Gretton et al.,
JMLR 13, 2012). All p-values are corrected together (Benjamini and Hochberg, 1995), so that a window
without drift raises an alarm with a probability of at most `LEVEL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import cdist

from core.images.types import Floats
from core.monitoring.sample import Sample

LEVEL = 0.01
WINDOW = 200  # pictures
_LEAST = 20  # pictures, below which nothing is said
_PERMUTATIONS = (200, 2000)  # more only where few leave a doubt; one over them is the smallest p
_DOUBT = 0.05
_MOST = 400  # pictures of each side that are compared by pairs


@dataclass(frozen=True)
class Signal:
    """One thing that was compared.

    Attributes:
        name: In a visitor's words.
        distance: KS statistic, Cramer's V, or the root of MMD squared; 0 for equal samples.
        p: Probability of such a distance without drift.
        adjusted: The same, corrected for the number of signals.
        drifted: Whether that is below the level.
    """

    name: str
    distance: float
    p: float
    adjusted: float
    drifted: bool


def compare(reference: Sample, recent: Sample, *, level: float = LEVEL) -> tuple[Signal, ...]:
    """Compares recent pictures with those that a version was measured on.

    Returns:
        A signal each, or nothing if there are too few pictures on a side.
    """
    if min(len(reference), len(recent)) < _LEAST:
        return ()
    found = list(_tests(reference, recent))
    adjusted = stats.false_discovery_control([p for _, _, p in found])
    return tuple(
        Signal(name, distance, p, float(q), bool(q < level))
        for (name, distance, p), q in zip(found, adjusted, strict=True)
    )


def is_alarm(signals: tuple[Signal, ...]) -> bool:
    """Whether any of them has drifted."""
    return any(signal.drifted for signal in signals)


def _tests(reference: Sample, recent: Sample) -> Iterator[tuple[str, float, float]]:
    for name, values in recent.scalars.items():
        before = reference.scalars[name]
        both = np.concatenate([before, values])
        if np.ptp(both) == 0:
            continue  # says nothing
        tested = stats.ks_2samp(before, values, method="asymp")
        yield name, float(tested.statistic), float(tested.pvalue)
    yield "Artists named", *_chi_square(reference.named, recent.named, reference.outputs)
    if reference.projections is not None and recent.projections is not None:
        yield "Features", *mmd(reference.projections, recent.projections)


def _chi_square(
    before: npt.NDArray[np.intp], now: npt.NDArray[np.intp], categories: int
) -> tuple[float, float]:
    """Cramer's V and the p-value; what is rare on both sides is counted together."""
    table = np.stack([np.bincount(each, minlength=categories) for each in (before, now)])
    # Cochran's rule: at least five expected on the smaller side.
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    rare = expected < 5
    pooled = np.concatenate([table[:, ~rare], table[:, rare].sum(axis=1, keepdims=True)], axis=1)
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    if pooled.shape[1] < 2:
        return 0.0, 1.0
    tested = stats.chi2_contingency(pooled, correction=False)
    return float(np.sqrt(tested.statistic / pooled.sum())), float(tested.pvalue)


def mmd(before: Floats, now: Floats, *, seed: int = 0) -> tuple[float, float]:
    """Maximum mean discrepancy by a Gaussian kernel of median width, tested by permutation.

    Args:
        before: `(n, d)` vectors; so many as are compared by pairs are drawn of them.
        now: `(m, d)` likewise.

    Returns:
        The root of its square (0 if the estimate is negative), and the p-value.
    """
    rng = np.random.default_rng(seed)
    drawn = [each[rng.permutation(len(each))[:_MOST]].astype(np.float64) for each in (before, now)]
    n, m = map(len, drawn)
    both = np.concatenate(drawn)
    squared = cdist(both, both, "sqeuclidean")
    width = np.median(squared[np.triu_indices(n + m, 1)])
    if width == 0:
        return 0.0, 1.0
    kernel = np.exp(-squared / width)
    np.fill_diagonal(kernel, 0)  # the unbiased estimate leaves a vector's pair with itself out
    first = np.zeros((1, n + m))
    first[0, :n] = 1
    squared_mmd = _unbiased(kernel, first, n, m)[0]
    p = 1.0
    for permutations in _PERMUTATIONS:
        sides = rng.permuted(np.repeat(first, permutations, axis=0), axis=1)
        reached = (_unbiased(kernel, sides, n, m) >= squared_mmd).sum()
        p = float(1 + reached) / (1 + permutations)
        if p > _DOUBT:
            break
    return float(np.sqrt(max(squared_mmd, 0))), p


def _unbiased(kernel: Floats, sides: Floats, n: int, m: int) -> Floats:
    """MMD squared of each way to deal `n + m` vectors to two sides, `(k, n + m)` of 1 and 0."""
    onto = sides @ kernel
    within = (onto * sides).sum(axis=1)
    across = onto.sum(axis=1) - within
    others = kernel.sum() - within - 2 * across
    found: Floats = within / (n * (n - 1)) + others / (m * (m - 1)) - 2 * across / (n * m)
    return found
