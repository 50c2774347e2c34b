"""Terms of the loss: what of a picture's features is compared, and how far apart two of it are.

A term has `accumulate`, which makes statistics of the features of one layer, and `distance`,
which compares them with a target. Content is the map itself, style what of it does not depend
on place (Gatys et al., arXiv 1508.06576). Statistics of style add up over tiles, and masks weigh
the places.

One departure from the papers: a distance is divided by the energy of its target, so that 1 means
"nothing in common" for any layer of any network, and weights mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from core.images.types import Floats

if TYPE_CHECKING:
    import tensorflow as tf

TINY = 1e-12  # a black picture has features of no energy at all


class Term(Protocol):
    """One kind of comparison."""

    @property
    def tiles(self) -> bool:
        """Whether a picture can be compared tile by tile, with the same result."""

    def accumulate(self, features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Statistics of a map.

        Args:
            features: `(height, width, channels)` float32.
            mask: Weights of the places, `(height, width)` float32, not negative; None for all
                places alike.

        Returns:
            Of a shape that the term gives, float32.
        """

    def distance(self, statistics: tf.Tensor, target: Any) -> tf.Tensor:
        """How far statistics are from those of a target: a scalar, 0 for equals."""


class StyleTerm(Term, Protocol):
    """A comparison of what does not depend on place, so that statistics of tiles add up."""

    def shape(self, channels: int) -> tuple[int, ...]:
        """Of the statistics of a layer of so many channels."""

    def merge(self, parts: Sequence[Any], counts: Sequence[float]) -> Floats:
        """The statistics of a map from those of the tiles it was cut into.

        Args:
            parts: Statistics of the tiles.
            counts: Their places, see `places`.

        Returns:
            A float32 array.
        """

    def gradient(
        self,
        features: tf.Tensor,
        statistics: tf.Tensor,
        by: tf.Tensor,
        count: tf.Tensor | float,
        mask: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Takes a gradient back from the statistics to the features of a tile.

        Args:
            features: Those of the tile, `(height, width, channels)`.
            statistics: Of the whole map.
            by: The gradient of a loss by these.
            count: Places of the whole map, see `places`.
            mask: As in `accumulate`, of the tile.

        Returns:
            As large as the features.
        """


def places(features: Any, mask: Any = None) -> float:
    """How many places a map has, each as its mask weighs it: what its statistics count.

    Args:
        features: An array, or a tensor that has a value.
        mask: See `Term.accumulate`.
    """
    height, width, _ = features.shape
    return float(height * width) if mask is None else float(np.sum(mask))


class Gram:
    """How often features occur together, wherever that is: the Gram matrix.

    The statistics are `(channels, channels)`: G_ij, the mean over the places k of F_ik F_jk (Gatys
    et al., arXiv 1508.06576, equation 3; the paper has the sum).
    """

    tiles = True

    def accumulate(self, features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See `Term`."""
        import tensorflow as tf

        flat = tf.reshape(features, (-1, features.shape[-1]))
        if mask is None:
            count = tf.cast(tf.shape(flat)[0], flat.dtype)
            return tf.matmul(flat, flat, transpose_a=True) / count
        weights = tf.reshape(mask, (-1, 1))
        products = tf.matmul(flat * weights, flat, transpose_a=True)
        return products / tf.maximum(tf.reduce_sum(weights), TINY)

    def distance(self, statistics: tf.Tensor, target: Any) -> tf.Tensor:
        """See `Term`; equation 4 of the paper, up to the energy by which it is divided."""
        return relative(statistics, target)

    def shape(self, channels: int) -> tuple[int, ...]:
        """See `StyleTerm`."""
        return channels, channels

    def merge(self, parts: Sequence[Any], counts: Sequence[float]) -> Floats:
        """See `StyleTerm`."""
        return _mean(parts, counts).astype(np.float32)

    def gradient(
        self,
        features: tf.Tensor,
        statistics: tf.Tensor,
        by: tf.Tensor,
        count: tf.Tensor | float,
        mask: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """See `StyleTerm`; equation 6 of the paper."""
        import tensorflow as tf

        slope = (by + tf.transpose(by)) / tf.maximum(count, TINY)
        return _weighted(tf.tensordot(features, slope, 1), mask)


class Moments:
    """Mean and standard deviation of each channel.

    The statistics are `(2, channels)`, for styles that are stored in little space (Li et al., arXiv
    1701.01036, "BN statistics matching").
    """

    tiles = True

    def accumulate(self, features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See `Term`."""
        import tensorflow as tf

        if mask is None:
            mean, variance = tf.nn.moments(features, axes=[0, 1])
        else:
            share = (mask / tf.maximum(tf.reduce_sum(mask), TINY))[..., None]
            mean = tf.reduce_sum(share * features, axis=[0, 1])
            variance = tf.reduce_sum(share * tf.square(features - mean), axis=[0, 1])
        # The gradient of a root has no bounds at zero, and many channels of a flat picture are
        # dead.
        return tf.stack([mean, tf.sqrt(variance + 1e-6)])

    def distance(self, statistics: tf.Tensor, target: Any) -> tf.Tensor:
        """See `Term`."""
        return relative(statistics, target)

    def shape(self, channels: int) -> tuple[int, ...]:
        """See `StyleTerm`."""
        return 2, channels

    def merge(self, parts: Sequence[Any], counts: Sequence[float]) -> Floats:
        """See `StyleTerm`; Chan, Golub and LeVeque, 1979."""
        means, deviations = np.moveaxis(np.asarray(parts, np.float64), 1, 0)
        mean = _mean(means, counts)
        # Not from sums of squares, in which a small variance would be lost.
        variance = _mean(deviations**2 + (means - mean) ** 2, counts)
        return np.stack([mean, np.sqrt(variance)]).astype(np.float32)

    def gradient(
        self,
        features: tf.Tensor,
        statistics: tf.Tensor,
        by: tf.Tensor,
        count: tf.Tensor | float,
        mask: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """See `StyleTerm`."""
        import tensorflow as tf

        mean, deviation = tf.unstack(statistics)
        by_mean, by_deviation = tf.unstack(by / tf.maximum(count, TINY))
        slope = by_deviation / deviation
        return _weighted(slope * features + (by_mean - slope * mean), mask)


class Content:
    """Where the features are: the map itself (Gatys et al., arXiv 1508.06576, equation 1).

    The statistics are `(height, width, channels)`, times the root of a place's weight, since
    distances are squared. A tile is compared with the same tile of the target; with the energy
    of the whole target, such distances add up.
    """

    tiles = True

    def accumulate(self, features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See `Term`."""
        import tensorflow as tf

        return features if mask is None else features * tf.sqrt(mask)[..., None]

    def distance(
        self, statistics: tf.Tensor, target: Any, energy: tf.Tensor | None = None
    ) -> tf.Tensor:
        """See `Term`.

        Args:
            energy: Sum of the squares of the whole target, if this is a tile of it.
        """
        return relative(statistics, target, energy)


class TotalVariation:
    """Squared differences of neighbors, in RGB 0..1: what noise has and strokes have not.

    It reads pixels, not features: `(height, width, 3)` RGB 0..255. The statistic is a scalar, the
    mean over pairs one above the other, plus that over pairs side by side (Mahendran & Vedaldi,
    arXiv 1412.0035, where β is 2).
    """

    tiles = False  # a pair across a cut is in neither tile; it needs no network, nor tiles

    def accumulate(self, features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See `Term`; a pair weighs as much as its two pixels multiplied."""
        import tensorflow as tf

        down = (features[1:] - features[:-1]) / 255.0
        right = (features[:, 1:] - features[:, :-1]) / 255.0
        if mask is None:
            return tf.reduce_mean(tf.square(down)) + tf.reduce_mean(tf.square(right))
        return sum(
            tf.reduce_sum(tf.reduce_mean(tf.square(steps), axis=2) * weights)
            / tf.maximum(tf.reduce_sum(weights), TINY)
            for steps, weights in (
                (down, mask[1:] * mask[:-1]),
                (right, mask[:, 1:] * mask[:, :-1]),
            )
        )

    def distance(self, statistics: tf.Tensor, target: None = None) -> tf.Tensor:
        """See `Term`; there is no target but a picture without any variation."""
        return statistics


STYLE: Mapping[str, StyleTerm] = {"grams": Gram(), "moments": Moments()}
"""The terms that make a style, by the name of what holds their targets in a `StyleTarget`."""

MEASURED = ("grams",)
"""Those of them that a style picture is described by; the others come with stored styles."""

CONTENT = Content()
TOTAL_VARIATION = TotalVariation()


def relative(value: tf.Tensor, target: tf.Tensor, energy: tf.Tensor | None = None) -> tf.Tensor:
    """The squared difference as a share of the target's energy: 0 for equals."""
    import tensorflow as tf

    if energy is None:
        energy = tf.reduce_sum(tf.square(target))
    return tf.reduce_sum(tf.math.squared_difference(value, target)) / (energy + TINY)


def _weighted(values: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """Values of places times their weights."""
    return values if mask is None else values * mask[..., None]


def _mean(values: Iterable[Any], counts: Sequence[float]) -> Floats:
    """The mean over all places from means over tiles; a tile that is masked counts nothing.

    In float64, or many small tiles would lose digits.
    """
    total = max(sum(counts), TINY)
    mean: Any = np.float64(0)
    for value, count in zip(values, counts, strict=True):
        mean = mean + np.asarray(value, np.float64) * (count / total)
    found: Floats = mean
    return found
