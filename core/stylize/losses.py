"""What style transfer minimises, written once over named feature maps.

Features are dictionaries from layer name to a float map `(height, width, channels)`; targets
are dictionaries of the same names. Content is the map itself, style what of it does not
depend on place (Gatys et al., arXiv 1508.06576). One departure: every term is divided by the
energy of its target, so that 1 means "nothing in common" for any layer of any network, and
weights mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InvalidRequest

if TYPE_CHECKING:
    import tensorflow as tf

Features = Mapping[str, Any]  # layer name to a tensor or array

_TINY = 1e-12  # a black picture has features of no energy at all


@dataclass(frozen=True)
class StyleTarget:
    """A style in figures: what the features of a picture are to have in common with it.

    Attributes:
        network: Id of the network whose features were described.
        grams: Layer to Gram matrix, `(channels, channels)` float32.
        moments: Layer to mean and standard deviation of each channel, `(2, channels)` float32;
            for styles that are stored in little space (Li et al., arXiv 1701.01036).
        correlations: Layer to correlations of its channels, `(channels, channels)` float32; for
            `core.stylize.instant` only.
    """

    network: str
    grams: Mapping[str, np.ndarray] = field(default_factory=dict)
    moments: Mapping[str, np.ndarray] = field(default_factory=dict)
    correlations: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are described, either way."""
        return tuple(dict.fromkeys((*self.grams, *self.moments)))

    @classmethod
    def of_features(cls, network: str, features: Mapping[str, np.ndarray]) -> StyleTarget:
        """Describes the features of one picture, by its Gram matrices."""
        grams = {name: np.asarray(gram(map_)) for name, map_ in features.items()}
        return cls(network, grams)


def mix(targets: Sequence[StyleTarget], weights: Sequence[float] | None = None) -> StyleTarget:
    """Blends styles: the weighted mean of their statistics.

    Args:
        targets: At least one, of one network and with the same layers.
        weights: One a target, none negative, not all zero; equal if None.

    Raises:
        InvalidRequest: If styles and weights do not fit each other.
    """
    weights = [1.0] * len(targets) if weights is None else list(weights)
    if not targets or len(weights) != len(targets):
        raise InvalidRequest(
            f"{len(targets)} styles and {len(weights)} weights: one each is needed."
        )
    if min(weights) < 0 or not 0 < sum(weights) < np.inf:
        raise InvalidRequest("Weights of styles are positive numbers.")
    first = targets[0]
    for other in targets[1:]:
        if _names(other) != _names(first):
            raise InvalidRequest("Only styles of one network and the same layers can be mixed.")
    shares = [weight / sum(weights) for weight in weights]

    def mean(statistics: Sequence[np.ndarray]) -> np.ndarray:
        terms = [share * each for share, each in zip(shares, statistics, strict=True)]
        return np.asarray(sum(terms[1:], terms[0]), np.float32)

    return StyleTarget(
        first.network,
        {name: mean([target.grams[name] for target in targets]) for name in first.grams},
        {name: mean([target.moments[name] for target in targets]) for name in first.moments},
        {name: mean([each.correlations[name] for each in targets]) for name in first.correlations},
    )


def _names(target: StyleTarget) -> tuple[str, set[str], set[str], set[str]]:
    return target.network, set(target.grams), set(target.moments), set(target.correlations)


def smooth(features: tf.Tensor, temperature: float) -> tf.Tensor:
    """Levels the few high peaks of a map, by a softmax over all of it (arXiv 2104.05623).

    Args:
        features: `(height, width, channels)`.
        temperature: Differences that count, in standard deviations of the map: activations are
            of another size in every layer.

    Returns:
        As large, of mean 0: the paper's values times their number, so that they do not depend
        on the size of the picture, less 1, since what all have in common would be most of the
        energy that losses are divided by.
    """
    import tensorflow as tf

    spread = tf.sqrt(tf.math.reduce_variance(features) + _TINY)
    heights = tf.exp((features - tf.reduce_max(features)) / (temperature * spread))
    return heights / tf.reduce_mean(heights) - 1.0


def gram(features: tf.Tensor) -> tf.Tensor:
    """How often features occur together, wherever that is: the Gram matrix.

    Args:
        features: `(height, width, channels)`.

    Returns:
        `(channels, channels)`, the mean over places of the products of two channels.
    """
    import tensorflow as tf

    flat = tf.reshape(features, (-1, features.shape[-1]))
    places = tf.cast(tf.shape(flat)[0], flat.dtype)
    return tf.matmul(flat, flat, transpose_a=True) / places


def moments(features: tf.Tensor) -> tf.Tensor:
    """Mean and standard deviation of each channel: `(2, channels)`."""
    import tensorflow as tf

    mean, variance = tf.nn.moments(features, axes=[0, 1])
    # The gradient of a root has no bounds at zero, and many channels of a flat picture are dead.
    return tf.stack([mean, tf.sqrt(variance + 1e-6)])


def content_loss(features: Features, targets: Features, weights: Mapping[str, float]) -> tf.Tensor:
    """How far a picture is from the photo, in features: the weighted mean over layers."""
    return _weighted([distance(features[n], targets[n]) for n in weights], list(weights.values()))


def style_loss(
    features: Features, grams: Features, moments_: Features, weights: Mapping[str, float]
) -> tf.Tensor:
    """How far a picture is from a style, in statistics of features: the weighted mean over layers.

    Args:
        features: Those of the picture.
        grams: Target Gram matrices of some layers.
        moments_: Target means and deviations of others.
        weights: Layer to weight; each layer has one target or both.
    """
    terms = []
    for name in weights:
        found = []
        if name in grams:
            found.append(distance(gram(features[name]), grams[name]))
        if name in moments_:
            found.append(distance(moments(features[name]), moments_[name]))
        terms.append(sum(found[1:], found[0]) / len(found))
    return _weighted(terms, list(weights.values()))


def total_variation(picture: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of neighbours, in RGB 0..1: what noise has and strokes have not.

    Args:
        picture: `(height, width, 3)`, RGB 0..255.
    """
    import tensorflow as tf

    down = (picture[1:] - picture[:-1]) / 255.0
    right = (picture[:, 1:] - picture[:, :-1]) / 255.0
    return tf.reduce_mean(tf.square(down)) + tf.reduce_mean(tf.square(right))


def distance(value: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """The squared difference as a share of the target's energy: 0 for equals."""
    import tensorflow as tf

    energy = tf.reduce_sum(tf.square(target))
    return tf.reduce_sum(tf.math.squared_difference(value, target)) / (energy + _TINY)


def _weighted(terms: list[tf.Tensor], weights: list[float]) -> tf.Tensor:
    if not terms:
        return 0.0
    return sum(term * weight for term, weight in zip(terms, weights, strict=True)) / sum(weights)
