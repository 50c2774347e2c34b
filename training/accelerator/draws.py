"""Which paintings an epoch of a training together shows, and how often a class is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.accelerator.options import Options


def chances(y: np.ndarray, artists: int, options: Options) -> np.ndarray:
    """The chance of each painting to be drawn, `(n,)`, summing to 1.

    Artists are drawn in proportion to their paintings to the power `1 - options.balance`;
    paintings by somebody else have the share `options.others` together.
    """
    counts = np.maximum(np.bincount(y, minlength=artists + 1), 1)
    weight = counts[y].astype(float) ** -options.balance
    others = y == artists
    share = options.others if others.any() else 0.0
    weight[~others] *= (1 - share) / weight[~others].sum()
    if others.any():
        weight[others] = share / others.sum()
    return weight


def log_prior(y: np.ndarray, artists: int, options: Options) -> np.ndarray:
    """The log of how often each class is drawn against the mean artist, `(artists + 1,)` float32.

    That of "somebody else" is 0: how likely that is belongs to what is learned.
    """
    drawn = np.bincount(y, chances(y, artists, options), minlength=artists + 1)
    prior = np.log(np.maximum(drawn, 1e-9) / drawn[:artists].mean())
    prior[artists] = 0.0
    return prior.astype(np.float32)


def draw(
    y: np.ndarray, artists: int, options: Options, key: Sequence[int], *, cycles: int
) -> list[list[np.ndarray]]:
    """The rows of the batches of an epoch, which depend on seed and `key` alone.

    Every painting is drawn as often as its chance says, up to one more or less: systematic
    sampling, then shuffled.

    Returns:
        For each of `cycles` the rows of one batch a member of `options.shown`.
    """
    rng = np.random.default_rng([options.seed, *key])
    sizes = [shown.pictures for shown in options.shown]
    count = cycles * sum(sizes)
    edges = np.cumsum(chances(y, artists, options))
    points = (np.arange(count) + rng.uniform()) / count * edges[-1]
    rows = rng.permutation(np.minimum(np.searchsorted(edges, points, side="right"), len(y) - 1))
    ends = np.cumsum(sizes * cycles)[:-1]
    found = np.split(rows, ends)
    return [found[i : i + len(sizes)] for i in range(0, len(found), len(sizes))]
