"""Nearest neighbors in feature space: which place of a style each place of a photo is most like.

Centered cosines, with a correction for hubs (cross-domain similarity local scaling, Conneau et al.,
arXiv 1710.04087): some places of a style, of no marked form, are rather like everything, and would
be taken everywhere. Products are computed in rows, so that memory does not grow with the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.images.types import Floats

if TYPE_CHECKING:
    import tensorflow as tf

Labels = npt.NDArray[np.int32]

HUBNESS = 0.5
"""How much of a place's similarity to its best queries is subtracted. Half of it is what the paper
subtracts, up to a factor; 0 is for plain nearest neighbors."""

_BEST = 10  # queries by which a hub is known
_ROWS = 1024  # of a product at a time
_ROUNDS = 30  # for shares to settle; two styles need one


@dataclass(frozen=True)
class Places:
    """Places of a style, ready to be compared with.

    Attributes:
        units: Centered features of length 1, `(places, channels)` in the dtype of products.
        center: Mean of the queries, by which these are centered, `(channels,)`.
        hubness: What is subtracted from each one's similarities, `(places,)` float32.
    """

    units: tf.Tensor
    center: Floats
    hubness: tf.Tensor


def prepare(
    places: Floats,
    queries: Floats,
    *,
    hubness: float = HUBNESS,
    half: bool = False,
) -> Places:
    """Makes places of a style ready.

    Args:
        places: Their features, `(places, channels)`.
        queries: Those of a fair sample of what will be compared with them, `(queries, channels)`.
        hubness: See `HUBNESS`.
        half: Whether products are computed in bfloat16.
    """
    import tensorflow as tf

    dtype = tf.bfloat16 if half else tf.float32
    units = tf.cast(unit(places - places.mean(0)), dtype)
    center = queries.mean(0)
    asked = tf.cast(unit(queries - center), dtype)
    parts = []
    for start in range(0, len(places), _ROWS):
        parts.append(_popularity()(units[start : start + _ROWS], asked))
    return Places(units, center, hubness * tf.concat(parts, 0))


def nearest(queries: Floats, places: Places) -> tuple[Floats, Labels]:
    """The place that each query is most like.

    Args:
        queries: Their features, `(queries, channels)`.
        places: See `prepare`.

    Returns:
        Similarity of the best place less its hubness, float32, and its number, int32; `(queries,)`
        each.
    """
    import tensorflow as tf

    found = []
    for start in range(0, len(queries), _ROWS):
        centered = queries[start : start + _ROWS] - places.center
        rows = tf.cast(unit(centered), places.units.dtype)
        found.append(_best()(rows, places.units, places.hubness))
    scores, numbers = zip(*found, strict=True)
    return np.concatenate(scores), np.concatenate(numbers)


def share_out(scores: Sequence[Floats], shares: Sequence[float]) -> Labels:
    """Gives each query to one style, so that each gets its share of them.

    Where one style fits much better than the others it has its way; the rest is settled by what
    is added to all scores of a style, the prices of an auction (Bertsekas, 1988).

    Args:
        scores: Of each style, `(queries,)`, see `nearest`.
        shares: Of each style, positive, summing to 1.

    Returns:
        The style of each query, `(queries,)`.
    """
    table = np.stack(scores, axis=1).astype(np.float64)
    prices = np.zeros(len(shares))
    for _ in range(_ROUNDS if len(shares) > 1 else 0):
        before = prices.copy()
        for style, share in enumerate(shares):
            others = np.delete(table + prices, style, axis=1).max(axis=1)
            prices[style] = np.quantile(others - table[:, style], share)
        if np.abs(prices - before).max() < 1e-4:
            break
    taken: Labels = np.argmax(table + prices, axis=1).astype(np.int32)
    return taken


def unit(features: Floats) -> Floats:
    """Rows of length 1, `(rows, channels)` float32; zeros stay zeros."""
    lengths = np.sqrt(np.einsum("rc,rc->r", features, features))
    units: Floats = (features / np.maximum(lengths, 1e-12)[:, None]).astype(np.float32)
    return units


@cache
def _popularity() -> Callable[..., tf.Tensor]:
    """How like their best queries places are: the mean over these."""
    import tensorflow as tf

    def run(places: tf.Tensor, queries: tf.Tensor) -> tf.Tensor:
        products = tf.cast(tf.matmul(places, queries, transpose_b=True), tf.float32)
        best = tf.minimum(_BEST, tf.shape(queries)[0])
        return tf.reduce_mean(tf.math.top_k(products, best, sorted=False).values, axis=1)

    return _compiled(run)


@cache
def _best() -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """The best score of each row, and its column."""
    import tensorflow as tf

    def run(
        queries: tf.Tensor, places: tf.Tensor, hubness: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        scores = tf.cast(tf.matmul(queries, places, transpose_b=True), tf.float32) - hubness
        return tf.reduce_max(scores, axis=1), tf.argmax(scores, 1, tf.int32)

    return _compiled(run)


def _compiled(run: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(run, autograph=False, reduce_retracing=True)
    return compiled
