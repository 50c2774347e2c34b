"""Maps given the statistics of a style: scaled channel by channel, or moved by a transport map.

What is computed of statistics alone (`scaling`, `transport`, `changes`) is kept apart from what
is done with whole maps (`match`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from core.models import architectures
from core.stylize.instant.moments import Statistics, products
from core.stylize.style import CORRELATED

if TYPE_CHECKING:
    import tensorflow as tf


class Change(NamedTuple):
    """What turns the features `f` of a place into those of a style.

    Attributes:
        factor: `(batch, channels)`, for `factor * f + shift`; or, in the layers of `CORRELATED`,
            a symmetric `(batch, channels, channels)`, for `factor @ f + shift`.
        shift: `(batch, channels)`.
    """

    factor: Any
    shift: Any


def match(maps: Mapping[str, Any], own: Statistics, asked: Statistics) -> list[Any]:
    """Gives maps the statistics of a style.

    Args:
        maps: `(batch, height, width, channels)`, by layer.
        own: Their statistics.
        asked: Those that they are to have.

    Returns:
        The maps in the order of `STYLE_LEVELS`, of about unit size, as the decoder takes them.
    """
    import tensorflow as tf

    matched = []
    for name, change in changes(own, asked).items():
        map_ = maps[name]
        factor, shift = (tf.cast(each, map_.dtype) for each in change)
        if name in CORRELATED:
            pictures = [
                tf.nn.bias_add(
                    tf.nn.conv2d(map_[n : n + 1], factor[n][None, None], 1, "SAME"), shift[n]
                )
                for n in range(map_.shape[0])
            ]
            matched.append(tf.concat(pictures, axis=0))
        else:
            matched.append(map_ * factor[:, None, None] + shift[:, None, None])
    return matched


def changes(own: Statistics, asked: Statistics) -> dict[str, Change]:
    """How maps are to be changed: by `transport` in the layers of `CORRELATED`, else by `scaling`.

    Args:
        own: The statistics of the maps.
        asked: Those that they are to have.

    Returns:
        Layer of `STYLE_LEVELS`, in this order, to its change, divided by the layer's size.
    """
    import tensorflow as tf

    found = {}
    for name, _, size in architectures.STYLE_LEVELS:
        (mean, deviation), (new_mean, new_deviation) = (
            tf.unstack(each.moments[name], axis=1) for each in (own, asked)
        )
        if name in CORRELATED:
            factor = transport(
                own.correlations[name] * products(deviation),
                asked.correlations[name] * products(new_deviation),
            )
            shift = new_mean - tf.linalg.matvec(factor, mean)  # it is symmetric
        else:
            factor, shift = scaling(mean, deviation, new_mean, new_deviation)
        found[name] = Change(factor / size, shift / size)
    return found


def scaling(mean: Any, deviation: Any, new_mean: Any, new_deviation: Any) -> Change:
    """Adaptive instance normalization (Huang & Belongie, arXiv 1703.06868, equation 8).

    Args:
        mean, deviation: Of the channels of a map, `(batch, channels)`.
        new_mean, new_deviation: Those that they are to have.
    """
    factor = new_deviation / deviation
    return Change(factor, new_mean - mean * factor)


def transport(own: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """The linear map that turns one covariance into another and moves least.

    It is `A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2`, symmetric (Lu et al., arXiv 1906.00668; Mroueh, arXiv
    1905.12828).

    Args:
        own, wanted: `(batch, channels, channels)` float32, `A` and `B`.

    Returns:
        `(batch, channels, channels)` float32.
    """
    import tensorflow as tf

    def power(matrix: tf.Tensor, exponents: tuple[float, ...], least: float) -> list[tf.Tensor]:
        values, vectors = tf.linalg.eigh(matrix)
        values = tf.maximum(values, least)  # rounding, or a strength beyond 1
        return [
            tf.matmul(vectors * (values**each)[:, None, :], vectors, transpose_b=True)
            for each in exponents
        ]

    own, wanted = (tf.cast(each, tf.float64) for each in (own, wanted))
    root, inverse = power(own, (0.5, -0.5), 0.1)
    (between,) = power(root @ wanted @ root, (0.5,), 0.0)
    return tf.cast(inverse @ between @ inverse, tf.float32)
