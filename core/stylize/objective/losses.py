"""What style transfer minimizes: the terms of `terms`, over layers, weighted and summed.

Written once for all who minimize it: refine in one piece (`whole`) and in tiles (`tiled`), and
the training of the instant network. Features are dictionaries from layer name to a float map
`(height, width, channels)`, weights of layers dictionaries of the same names. Terms have a module
of their own since there will be more of them, while the sums stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.images.types import Floats
from core.stylize.objective.terms import CONTENT, MEASURED, STYLE, TINY, TOTAL_VARIATION
from core.stylize.style import StyleTarget

if TYPE_CHECKING:
    import tensorflow as tf

Features = Mapping[str, Any]
"""Layer to its map, a tensor or an array."""

Weights = Mapping[str, float]
"""Layer to what it counts."""

Described = Mapping[str, Mapping[str, Any]]
"""Name in `STYLE` to layer to statistics."""


def accumulate(
    features: Features, wanted: Mapping[str, Iterable[str]], masks: Features | None = None
) -> dict[str, dict[str, tf.Tensor]]:
    """Statistics of a picture's features.

    Args:
        features: Those of the picture.
        wanted: Name in `STYLE` to the layers that it is to describe.
        masks: Layer to the weights of its places, see `Term.accumulate`; None for all alike.
    """
    masks = masks or {}
    return {
        term: {name: STYLE[term].accumulate(features[name], masks.get(name)) for name in layers}
        for term, layers in wanted.items()
    }


def merge(
    parts: Sequence[Described], counts: Mapping[str, Sequence[float]]
) -> dict[str, dict[str, Floats]]:
    """The statistics of a picture from those of its tiles.

    Args:
        parts: Statistics of the tiles, see `accumulate`.
        counts: Layer to the places of each tile, see `places`.
    """
    return {
        term: {
            name: STYLE[term].merge([part[term][name] for part in parts], counts[name])
            for name in layers
        }
        for term, layers in parts[0].items()
    }


def style_distances(
    statistics: Described, target: Described, layers: Iterable[str]
) -> dict[str, tf.Tensor]:
    """How far a picture is from a style, layer by layer.

    Args:
        statistics: Those of the picture, see `accumulate`.
        target: Those that it is to have.
        layers: Which to compare; the target has one kind of statistics for each, or several.

    Returns:
        Layer to the mean of its terms' distances.
    """
    found = {}
    for name in layers:
        terms = [
            term.distance(statistics[kind][name], target[kind][name])
            for kind, term in STYLE.items()
            if name in target.get(kind, ())
        ]
        found[name] = sum(terms[1:], terms[0]) / len(terms)
    return found


def style_loss(statistics: Described, target: Described, weights: Weights) -> tf.Tensor:
    """How far a picture is from a style: the weighted mean over layers of `style_distances`."""
    return weighted_mean(style_distances(statistics, target, weights), weights)


def content_loss(
    features: Features,
    targets: Features,
    weights: Weights,
    energies: Features | None = None,
    masks: Features | None = None,
) -> tf.Tensor:
    """How far a picture is from the photo, in features: the weighted mean over layers.

    Args:
        features: Those of the picture.
        targets: Those of the photo, as `Content.accumulate` weighs them.
        weights: What layers count.
        energies: Of the whole photo's maps, if these are of a tile; see `Content`.
        masks: See `accumulate`.
    """
    masks = masks or {}
    distances = {
        name: CONTENT.distance(
            CONTENT.accumulate(features[name], masks.get(name)),
            targets[name],
            None if energies is None else energies[name],
        )
        for name in weights
    }
    return weighted_mean(distances, weights)


def total_variation(picture: tf.Tensor) -> tf.Tensor:
    """See `TotalVariation`.

    Args:
        picture: `(height, width, 3)`, RGB 0..255.
    """
    return TOTAL_VARIATION.distance(TOTAL_VARIATION.accumulate(picture))


def weighted_mean(distances: Features, weights: Weights) -> tf.Tensor:
    """The mean over layers; 0 if there are none."""
    if not weights:
        return 0.0
    return sum(distances[name] * weight for name, weight in weights.items()) / sum(weights.values())


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

    spread = tf.sqrt(tf.math.reduce_variance(features) + TINY)
    heights = tf.exp((features - tf.reduce_max(features)) / (temperature * spread))
    return heights / tf.reduce_mean(heights) - 1.0


def described(network: str, features: Features) -> StyleTarget:
    """The style of a picture, by the statistics of its features that `terms.MEASURED` names.

    Args:
        network: Id of the network that sees them.
    """
    found = accumulate(features, dict.fromkeys(MEASURED, features))
    return StyleTarget(
        network,
        **{
            term: {name: np.asarray(values) for name, values in layers.items()}
            for term, layers in found.items()
        },
    )
