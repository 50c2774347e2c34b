"""A generator that Keras runs: while it is trained, measured or converted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.images.types import Canvas, Floats
from core.models import keras_runtime

if TYPE_CHECKING:
    import keras


class KerasNetwork:
    """A network of `core.models.architectures.monet_generator`, see `core.monet.networks.Network`.

    Args:
        lock: Held while the network runs, for who shares it.
    """

    def __init__(self, network: keras.Model, lock: threading.Lock | None = None) -> None:
        self._network = network
        self._lock = lock or threading.Lock()

    @property
    def runtime(self) -> str:
        """See `core.monet.networks.Network.runtime`."""
        return keras_runtime.version(self._network)

    def whole(self, picture: Canvas) -> Floats:
        """See `core.monet.networks.Network.whole`."""
        painted: Floats = self._run(self._whole, picture)[0]
        return painted

    def moments(self, picture: Canvas) -> Floats:
        """See `core.monet.networks.Network.moments`."""
        return self._run(self._moments, picture)

    def tile(self, picture: Canvas, moments: Floats) -> Floats:
        """See `core.monet.networks.Network.tile`."""
        painted: Floats = self._run(self._tile, picture, moments)[0]
        return painted

    def release(self) -> None:
        """See `core.monet.networks.Network.release`: TensorFlow keeps nothing of a picture."""

    def _run(self, compiled: Callable[..., Any], *inputs: Floats) -> Floats:
        with self._lock:
            found: Floats = compiled(*inputs).numpy()
        return found

    @cached_property
    def _whole(self) -> Callable[..., Any]:
        return _compiled(lambda picture: self._network(picture, training=False))

    @cached_property
    def _moments(self) -> Callable[..., Any]:
        return _compiled(lambda picture: moments(self._network, picture))

    @cached_property
    def _tile(self) -> Callable[..., Any]:
        import tensorflow as tf

        return _compiled(
            lambda picture, found: tile(self._network, picture, found),
            tf.TensorSpec((2, None), tf.float32),
        )


def whole(network: keras.Model, picture: Any, run: Callable[[Any, Any], Any] | None = None) -> Any:
    """See `core.monet.networks.Network.whole`; of and to tensors, with the axis of the batch.

    Args:
        run: Runs a layer on its input; None to call it. Normalisations are not asked for.
    """
    return _applied(network, picture, lambda _, x: moments_of(x), run)


def moments(
    network: keras.Model, picture: Any, run: Callable[[Any, Any], Any] | None = None
) -> Any:
    """See `core.monet.networks.Network.moments`; of and to tensors, with `run` as of `whole`."""
    import tensorflow as tf

    found = []

    def keep(_: Any, x: Any) -> tuple[Any, Any]:
        mean, variance = moments_of(x)
        found.append(tf.concat([mean, variance], axis=0))
        return mean, variance

    _applied(network, picture, keep, run)
    return tf.concat(found, axis=-1)[:, 0, 0]


def tile(
    network: keras.Model,
    picture: Any,
    given: Any,
    run: Callable[[Any, Any], Any] | None = None,
) -> Any:
    """See `core.monet.networks.Network.tile`; of and to tensors, with `run` as of `whole`."""
    first = 0

    def take(layer: Any, _: Any) -> tuple[Any, Any]:
        nonlocal first
        channels = slice(first, first + layer.gamma.shape[0])
        first = channels.stop
        return given[0, channels], given[1, channels]

    return _applied(network, picture, take, run)


def moments_of(maps: Any) -> tuple[Any, Any]:
    """Mean and variance of each channel, `(batch, 1, 1, channels)` float32."""
    import tensorflow as tf

    maps = tf.cast(maps, tf.float32)
    mean = tf.reduce_mean(maps, axis=(1, 2), keepdims=True)
    squares = tf.math.squared_difference(maps, mean)
    return mean, tf.reduce_mean(squares, axis=(1, 2), keepdims=True)


def _applied(
    network: keras.Model,
    picture: Any,
    statistics: Callable[[Any, Any], tuple[Any, Any]],
    run: Callable[[Any, Any], Any] | None,
) -> Any:
    """The network layer by layer, from first to last.

    Args:
        statistics: Mean and variance that a layer of normalisation is to take, from the layer
            and its input.
    """
    import keras
    import tensorflow as tf

    values: dict[int, Any] = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            values[id(layer.output)] = picture
            continue
        if isinstance(layer.input, list):
            given: Any = [values[id(each)] for each in layer.input]
        else:
            given = values[id(layer.input)]
        if layer.name.endswith("_norm"):
            mean, variance = statistics(layer, given)
            scale = layer.gamma * tf.math.rsqrt(variance + layer.epsilon)
            normal = tf.cast(given, tf.float32) * scale + (layer.beta - mean * scale)
            values[id(layer.output)] = tf.cast(normal, given.dtype)
        else:
            values[id(layer.output)] = run(layer, given) if run else layer(given)
    return values[id(network.output)]


def _compiled(run: Callable[..., Any], *more: Any) -> Callable[..., Any]:
    """A function of a picture, and of what `more` describes, that TensorFlow compiles once."""
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(
        run, input_signature=[tf.TensorSpec((1, None, None, 3), tf.float32), *more], autograph=False
    )
    return compiled
