"""What a sketch of half the size misses, asked of the picture in addition.

What comes out of the decoder never has quite the statistics that were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.stylize import extractors
from core.stylize.instant.moments import Statistics, statistics, towards
from core.stylize.instant.networks import LAYERS, decode, encode

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

STEP = 16  # sides of what the networks see are multiples of it

_SKETCH = 2  # how many times smaller than the picture the sketch is
_SURE = 208  # pixels, its shorter side; what a smaller one missed counts as much less
_AT_MOST = 1.6  # factor of a correction: what is far off is not within the decoder's reach


def sketch(
    loaded: extractors.Loaded,
    seen: keras.Model,
    decoder: keras.Model,
    photos: tf.Tensor,
    wanted: Statistics,
    strength: Any,
) -> tuple[Mapping[str, Any], Mapping[str, Any], Any]:
    """Paints photos in a small size.

    Returns:
        The moments asked for there, those that came of it, and the share of what was missed that
        is to be asked for in addition.
    """
    import tensorflow as tf

    sides = tf.maximum(tf.shape(photos)[1:3] // (_SKETCH * STEP), 2) * STEP
    maps = encode(loaded, seen, tf.image.resize(photos, sides, "area"))
    own = statistics(maps)
    asked = towards(own, wanted, strength)
    painted = tf.clip_by_value(decode(decoder, maps, own, asked), 0.0, 255.0)
    sure = tf.minimum(tf.cast(tf.reduce_min(sides), tf.float32) / _SURE, 1.0)
    return asked.moments, statistics(encode(loaded, seen, painted)).moments, sure


def corrected(
    statistics: Statistics, asked: Mapping[str, Any], got: Mapping[str, Any], share: Any
) -> Statistics:
    """What to ask for, once the moments `asked` have brought `got`: a share of it more."""
    import tensorflow as tf

    found = {}
    for name in LAYERS:
        (mean, deviation), (asked_mean, asked_deviation), (got_mean, got_deviation) = (
            tf.unstack(each[name], axis=1) for each in (statistics.moments, asked, got)
        )
        # A strength beyond 1 may ask for less than nothing.
        factor = (tf.maximum(asked_deviation, 0.0) / got_deviation) ** share
        most = (_AT_MOST - 1) * tf.abs(asked_deviation)
        shift = tf.clip_by_value(share * (asked_mean - got_mean), -most, most)
        factor = tf.clip_by_value(factor, 1 / _AT_MOST, _AT_MOST)
        found[name] = tf.stack([mean + shift, deviation * factor], axis=1)
    return statistics._replace(moments=found)
