"""Both networks of the instant style: VGG16, which sees, and the decoder, which paints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.models import architectures
from core.stylize import extractors
from core.stylize.instant.matching import match
from core.stylize.instant.moments import Statistics

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

LAYERS = tuple(name for name, *_ in architectures.STYLE_LEVELS)


def encode(loaded: extractors.Loaded, seen: keras.Model, pictures: tf.Tensor) -> dict[str, Any]:
    """What the decoder is given of a photo, before it is matched with a style.

    Args:
        loaded: VGG16.
        seen: Its model of `LAYERS`, see `extractors.Loaded.layers`.
        pictures: `(batch, height, width, 3)` RGB 0..255; sides are multiples of 16.

    Returns:
        Layer to map, of half the pictures' size before it went through the network.
    """
    import tensorflow as tf

    half = tf.nn.avg_pool2d(pictures, 2, 2, "VALID")
    found: dict[str, Any] = seen(loaded.network.preprocessing(half), training=False)
    return found


def decode(
    decoder: keras.Model, maps: Mapping[str, Any], own: Statistics, asked: Statistics
) -> tf.Tensor:
    """Pictures from what is seen in photos, and statistics asked for: RGB, about 0..255."""
    return decoder([*match(maps, own, asked), style_vector(asked.moments)])


def style_vector(wanted: Mapping[str, Any]) -> Any:
    """Moments as the decoder reads them: one vector, of about unit size, for each style."""
    import tensorflow as tf

    flat = [tf.reshape(wanted[name], (-1, 2 * wanted[name].shape[2])) for name in LAYERS]
    return (tf.math.log1p(tf.nn.relu(tf.concat(flat, axis=1))) - 3.0) / 2.0
