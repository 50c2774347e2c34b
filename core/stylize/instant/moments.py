"""Statistics of what VGG16 sees: mean and deviation of channels, and how channels go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from core.stylize.style import CORRELATED

if TYPE_CHECKING:
    import tensorflow as tf


class Statistics(NamedTuple):
    """What the decoder is to know of a style, or what there is in photos.

    Attributes:
        moments: Layer to mean and deviation of each channel, `(batch, 2, channels)` float32.
        correlations: Layer of `CORRELATED` to what its channels have in common,
            `(batch, channels, channels)` float32, with ones on the diagonal.
    """

    moments: Mapping[str, Any]
    correlations: Mapping[str, Any]


def statistics(maps: Mapping[str, Any]) -> Statistics:
    """Moments, and correlations of some layers, of maps `(batch, height, width, channels)`."""
    import tensorflow as tf

    moments, correlations = {}, {}
    for name, map_ in maps.items():
        if name in CORRELATED:
            mean, together = covariance(map_)
            deviation = tf.sqrt(tf.linalg.diag_part(together))
            correlations[name] = together / products(deviation)
        else:
            mean, variance = tf.nn.moments(tf.cast(map_, tf.float32), axes=[1, 2])
            deviation = tf.sqrt(variance + 1.0)
        moments[name] = tf.stack([mean, deviation], axis=1)
    return Statistics(moments, correlations)


def covariance(map_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean `(batch, channels)` and covariance of the channels; variances count as one more."""
    import tensorflow as tf

    # A quarter of the places says as much. Pooling takes them much faster than a slice does.
    some = tf.cast(tf.nn.avg_pool2d(map_, 1, 2, "VALID"), tf.float32)
    batch, height, width, channels = tf.unstack(tf.shape(some))
    flat = tf.reshape(some, (batch, height * width, channels))
    mean = tf.reduce_mean(flat, axis=1)
    together = tf.matmul(flat, flat, transpose_a=True) / tf.cast(height * width, tf.float32)
    return mean, together - products(mean) + tf.eye(channels)


def products(values: tf.Tensor) -> tf.Tensor:
    """Each of `(batch, channels)` times each other one."""
    return values[:, :, None] * values[:, None, :]


def towards(own: Statistics, wanted: Statistics, strength: Any) -> Statistics:
    """Statistics on the way from a photo's own (strength 0) to those of a style (1)."""
    return Statistics(
        *(
            {name: here[name] + strength * (there[name] - here[name]) for name in here}
            for here, there in zip(own, wanted, strict=True)
        )
    )
