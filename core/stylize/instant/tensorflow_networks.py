"""The two networks on TensorFlow: in the fastest arithmetic of the processor, and for training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.images.types import Canvas, Floats
from core.models import architectures
from core.stylize import extractors
from core.stylize.instant.matching import Change
from core.stylize.instant.moments import LAYERS, MEAN, PRODUCTS, VARIANCE, measure, statistics
from core.stylize.instant.networks import Seen
from core.stylize.style import CORRELATED

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def look(
    seen: Callable[[Any], Mapping[str, Any]], pictures: tf.Tensor, *, reshape: bool = True
) -> dict[str, tf.Tensor]:
    """What an encoder gives: the maps of pictures by layer, and what it has measured of them.

    Args:
        seen: From pictures of half the size, RGB 0..255, to the maps of `LAYERS`.
        pictures: `(batch, height, width, 3)` RGB 0..255; sides are multiples of 16.
        reshape: See `measured`.
    """
    import tensorflow as tf

    maps = seen(tf.nn.avg_pool2d(pictures, 2, 2, "VALID"))
    return {name: maps[name] for name in LAYERS} | measured(maps, reshape=reshape)


def measured(maps: Mapping[str, tf.Tensor], *, reshape: bool = True) -> dict[str, tf.Tensor]:
    """What `moments.statistics` needs to know of maps, float32.

    Args:
        maps: `(batch, height, width, channels)`, by layer.
        reshape: Whether maps whose channels are looked at together are made one long row first:
            one large product of matrices takes half as long as one a row. A graph for LiteRT must
            not, since a reshaped map would keep the size with which it was traced.
    """
    import tensorflow as tf

    found = {}
    for name in LAYERS:
        map_ = maps[name]
        if name in CORRELATED:
            # A quarter of the places says as much. Pooling takes them much faster than a slice.
            map_ = tf.nn.avg_pool2d(map_, 1, 2, "VALID")
            map_ = _one_row(map_) if reshape else map_
        map_ = tf.cast(map_, tf.float32)
        mean = tf.reduce_mean(map_, axis=(1, 2), keepdims=True)
        found[measure(name, MEAN)] = mean[:, 0, 0]
        away = map_ - mean
        found[measure(name, VARIANCE)] = tf.reduce_mean(tf.square(away), axis=(1, 2))
        if name in CORRELATED:
            rows = tf.matmul(away, away, transpose_a=True)
            found[measure(name, PRODUCTS)] = tf.reduce_mean(rows, axis=1)
    return found


def _one_row(map_: tf.Tensor) -> tf.Tensor:
    """A map as `(batch, 1, height * width, channels)`."""
    import tensorflow as tf

    return tf.reshape(map_, (tf.shape(map_)[0], 1, -1, map_.shape[3]))


def matched(
    maps: Mapping[str, tf.Tensor], changes: Mapping[str, Sequence[Any]], *, reshape: bool = True
) -> list[tf.Tensor]:
    """Maps given the statistics of a style.

    Args:
        maps: `(batch, height, width, channels)`, by layer.
        changes: Factor and shift of each, see `matching.Change`.
        reshape: See `measured`.

    Returns:
        The maps in the order of `STYLE_LEVELS`, of about unit size, as the decoder takes them.
    """
    import tensorflow as tf

    found = []
    for name in LAYERS:
        map_ = maps[name]
        factor, shift = (tf.cast(each, map_.dtype) for each in changes[name])
        if name in CORRELATED:
            rows = _one_row(map_) if reshape else map_
            moved = tf.matmul(rows, factor[:, None]) + shift[:, None, None]
            found.append(tf.reshape(moved, tf.shape(map_)) if reshape else moved)
        else:
            found.append(map_ * factor[:, None, None] + shift[:, None, None])
    return found


class TensorFlowNetworks:
    """Both networks, each compiled once for all sizes; see `networks.Networks`.

    Attributes:
        decoder: The decoder as it was given, for who trains it.

    Args:
        eye: VGG16.
        decoder: See `core.models.architectures.style_decoder`; None for who only looks.
        batch: Of all pictures; None if it changes from call to call, which only `encode` allows.
    """

    def __init__(
        self, eye: extractors.Loaded, decoder: keras.Model | None, *, batch: int | None = 1
    ) -> None:
        import tensorflow as tf

        self.decoder = decoder
        layers = eye.layers(LAYERS)

        def seen(half: tf.Tensor) -> Any:
            return layers(eye.network.preprocessing(half), training=False)

        def encode(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
            return look(seen, pictures)

        def decode(maps: Any, changes: Any, style: tf.Tensor) -> tf.Tensor:
            assert decoder is not None, "these networks only look"
            return decoder([*matched(maps, changes), style], training=False)

        channels = {name: count for name, count, _ in architectures.STYLE_LEVELS}
        arithmetic = eye.body.compute_dtype
        maps = {
            name: tf.TensorSpec((batch, None, None, count), arithmetic)
            for name, count in channels.items()
        }
        changes = {
            name: (
                tf.TensorSpec((batch, *(2 if name in CORRELATED else 1) * [count]), tf.float32),
                tf.TensorSpec((batch, count), tf.float32),
            )
            for name, count in channels.items()
        }
        style = tf.TensorSpec((batch, 2 * sum(channels.values())), tf.float32)
        # No branch or loop here depends on a tensor: AutoGraph would only read all this code
        # again, half a second of the first picture. So it is with the other graphs of `core`.
        self._encode, self._decode = (
            tf.function(function, input_signature=signature, autograph=False)
            for function, signature in (
                (encode, [tf.TensorSpec((batch, None, None, 3), tf.float32)]),
                (decode, [maps, changes, style]),
            )
        )

    def encode(self, pictures: Canvas) -> Seen:
        """Sees pictures; the maps are tensors."""
        found = self._encode(pictures)
        figures = {name: each.numpy() for name, each in found.items() if name not in LAYERS}
        return Seen({name: found[name] for name in LAYERS}, statistics(figures))

    def decode(
        self, maps: Mapping[str, tf.Tensor], changes: Mapping[str, Change], style: Floats
    ) -> Canvas:
        """Paints what was seen."""
        import tensorflow as tf

        given = {name: tuple(map(tf.constant, change)) for name, change in changes.items()}
        painted: Canvas = self._decode(dict(maps), given, tf.constant(style)).numpy()
        return painted

    def release(self) -> None:
        """See `networks.Networks`: TensorFlow keeps nothing of a picture."""
