"""Models that Keras runs, on TensorFlow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.images.types import Floats, Pixels
from core.models.entries import Entry, KerasFile
from core.models.weights import WeightsError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KerasLoaded:
    """A model in memory, ready to be called from any thread; see `core.models.runtime.Loaded`.

    Attributes:
        body: A `keras.Model`: RGB 0..255 `(n, h, w, 3)` to the last convolutional map, or to the
            painted picture.
        head: A `keras.Model`: that map to logits; None for a feature extractor or a painter.
        lock: Held while the model runs.
    """

    entry: Entry
    body: Any
    head: Any | None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def runtime(self) -> str:
        """What runs it, with its version and arithmetic."""
        return version(self.body)

    def logits(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """Runs a classifier, see `core.models.runtime.Loaded.logits`."""
        with self.lock:
            found: Floats = self._compiled(pictures)[0].numpy()
        return found

    def answer(self, pictures: npt.NDArray[np.uint8]) -> tuple[Floats, Floats | None]:
        """Logits alone, see `core.models.runtime.Loaded.answer`."""
        return self.logits(pictures), None

    def features(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """Describes paintings, see `core.models.runtime.Loaded.features`."""
        import tensorflow as tf

        seen = tf.constant(pictures, tf.float32)
        if self.entry.views == 2:
            seen = tf.concat([seen, tf.reverse(seen, axis=[2])], axis=0)
        with self.lock:
            pooled = tf.reduce_mean(
                tf.cast(self.body(seen, training=False), tf.float32), axis=(1, 2)
            )
        views = tf.reshape(pooled, (self.entry.views, -1, pooled.shape[1]))
        found: Floats = tf.reduce_mean(views, axis=0).numpy()
        return found

    def grad_cam(self, picture: Pixels, output: int) -> Floats:
        """Where a picture speaks for an output, see `core.models.runtime.Loaded.grad_cam`."""
        import tensorflow as tf

        seen = tf.constant(picture[None], tf.float32)
        assert self.head is not None, f"{self.entry.id} is not a classifier"
        with self.lock:
            maps = tf.cast(self.body(seen, training=False), tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(maps)
                logit = self.head(maps, training=False)[:, output]
            weights = tf.reduce_mean(tape.gradient(logit, maps), axis=(1, 2), keepdims=True)
            heat: Floats = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))[0].numpy()
        return heat

    @cached_property
    def _compiled(self) -> Callable[[npt.NDArray[np.uint8]], Any]:
        import tensorflow as tf

        from core.tensorflow_compat import with_constant_weights

        views, body, head = self.entry.views, self.body, self.head
        assert head is not None, f"{self.entry.id} is not a classifier"

        @tf.function(
            input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)], autograph=False
        )  # type: ignore[untyped-decorator, unused-ignore]
        def run(pictures: Any) -> Any:
            x = tf.cast(pictures, tf.float32)
            if views == 2:
                x = tf.concat([x, tf.reverse(x, axis=[2])], axis=0)
            logits = head(body(x, training=False), training=False)
            return tf.reduce_mean(tf.reshape(logits, (views, -1, logits.shape[1])), axis=0)

        # With constant weights TensorFlow prepares them once: a quarter faster.
        frozen = with_constant_weights(run.get_concrete_function())
        return lambda pictures: frozen(tf.constant(pictures))


def version(network: Any) -> str:
    """What runs a network, for evaluation files: TensorFlow's version, and the arithmetic."""
    import tensorflow as tf

    half = any(layer.compute_dtype == "bfloat16" for layer in network.layers)
    return f"TensorFlow {tf.__version__}, {'bfloat16' if half else 'float32'}"


def whole(entry: Entry, network: Any) -> KerasLoaded:
    """A network in one piece: taken apart at its layer `features` if it classifies."""
    import keras

    if entry.task != "identify":
        return KerasLoaded(entry, network, None)
    features = network.get_layer("features").output
    return KerasLoaded(
        entry, keras.Model(network.input, features), keras.Model(features, network.output)
    )


def on_base(entry: Entry, base: Any, pooled_head: Any) -> KerasLoaded:
    """A head that takes the mean of the last map of a shared feature extractor."""
    import keras

    maps = keras.Input(base.output.shape[1:])
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return KerasLoaded(entry, base, keras.Model(maps, pooled_head(pooled)))


def fill(network: Any, path: Path, entry: Entry) -> None:
    """Fills a network from a file of weights that was checked.

    Raises:
        WeightsError: If the weights do not fit.
    """
    try:
        if entry.keras_file and path.name == entry.keras_file.name:
            _fill_from_keras(network, path, entry.keras_file)
        else:
            network.load_weights(path)
    except Exception as error:
        log.exception("Weights %s do not fit", path)
        raise WeightsError(
            f"The weights {path.name} do not fit the network {entry.network}: "
            "install Atelier again, or remove the file from ATELIER_WEIGHTS."
        ) from error


def _fill_from_keras(network: Any, path: Path, file: KerasFile) -> None:
    import keras

    source = getattr(keras.applications, file.network)(weights=str(path), include_top=False)
    for layer in source.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
