"""The LiteRT graph of a classifier: logits of its views, and the heat map of any output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core import models
from core.images.types import Pixels
from training.publishing import graphs
from training.publishing.graphs import Graph

TOLERANCE = {models.CLASSIFIER: 1e-3, "heat": 1e-3}
"""Of logits, and of the heat map as a share of its largest value."""


class UnsupportedHeadError(ValueError):
    """A head whose gradient is not written here in closed form: Keras runs the model."""


def publish(
    entry: models.Entry,
    keras_model: models.KerasLoaded,
    pictures: Sequence[Pixels],
    paths: dict[str, Path],
    stage: Path,
    out: Path,
) -> tuple[models.Graphs, models.LiteRTLoaded]:
    """Converts a classifier, compares it with Keras, and writes the archive.

    Args:
        keras_model: In float32.
        pictures: `(side, side, 3)` uint8 each, to compare with.
        paths: Id to file of weights, of the model and of its base.
        stage, out: See `graphs.write`.

    Returns:
        What the catalogue is to say, and the model as LiteRT runs it.

    Raises:
        UnsupportedHeadError: If there is no closed form of the heat map.
        graphs.DisagreementError: If LiteRT gives something else than Keras.
    """
    file = graphs.write({models.CLASSIFIER: graph(keras_model)}, paths, stage, entry.id, out)
    network = models.read_graph(stage / file.name, models.CLASSIFIER, paths)
    loaded = models.LiteRTLoaded(entry, network)
    differences = [_difference(keras_model, loaded, picture) for picture in pictures]
    return graphs.described(file, differences, TOLERANCE), loaded


def graph(loaded: models.KerasLoaded) -> Graph:
    """See `core.models.litert_runtime.CLASSIFIER`.

    Raises:
        UnsupportedHeadError: If there is no closed form of the heat map.
    """
    views, side = loaded.entry.views, loaded.entry.side
    layers = list(_layers(loaded.head))

    def run(picture: tf.Tensor, output: tf.Tensor) -> dict[str, tf.Tensor]:
        seen = tf.cast(picture, tf.float32)
        if views == 2:
            seen = tf.concat([seen, tf.reverse(seen, axis=[2])], axis=0)
        maps = loaded.body(seen, training=False)
        logits, channel_weights = _forward_and_back(layers, maps, output)
        heat = tf.nn.relu(tf.reduce_sum(maps[0] * channel_weights, axis=-1))
        return {"logits": tf.reduce_mean(logits, axis=0, keepdims=True), "heat": heat}

    return Graph(
        run,
        {
            "picture": tf.TensorSpec((1, side, side, 3), tf.uint8),
            "output": tf.TensorSpec((), tf.int32),
        },
    )


def _layers(head: Any) -> Iterator[Any]:
    """The layers of a head one after the other, those of a network within it as well."""
    for layer in head.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer | keras.layers.Dropout):
            yield layer


def _forward_and_back(
    layers: Sequence[Any], maps: tf.Tensor, output: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The logits of all views, and what Grad-CAM weights the channels of the first one with.

    For a mean over the places followed by dense layers the gradient is the same at all places,
    so its mean is written down: with one dense layer this is the class activation map (Zhou et
    al., CVPR 2016), and each ReLU between more of them lets through what it let through before.
    """
    if not layers or not isinstance(layers[0], keras.layers.GlobalAveragePooling2D):
        raise UnsupportedHeadError("the head does not begin with the mean over all places")
    places = float(np.prod(maps.shape[1:3]))
    x = tf.reduce_mean(maps, axis=(1, 2))
    back: list[Callable[[tf.Tensor], tf.Tensor]] = []  # each the gradient by what a layer took
    for layer in layers[1:]:
        x = layer(x)
        back.extend(_gradients(layer, x[:1]))
    gradient = tf.gather(tf.eye(x.shape[-1]), output)[None]  # (1, outputs)
    for step in reversed(back):
        gradient = step(gradient)
    return x, gradient[0] / places


def _gradients(layer: Any, given: tf.Tensor) -> list[Callable[[tf.Tensor], tf.Tensor]]:
    """What turns the gradient by what a layer gave into that by what it took, first step last."""

    def through_relu(gradient: tf.Tensor) -> tf.Tensor:
        return gradient * tf.cast(given > 0, tf.float32)

    if isinstance(layer, keras.layers.Dense):
        through = [lambda gradient: tf.matmul(gradient, layer.kernel, transpose_b=True)]
        kind = keras.activations.serialize(layer.activation)
        if kind in ("linear", "relu"):
            return through + ([through_relu] if kind == "relu" else [])
    if isinstance(layer, keras.layers.ReLU) and not layer.max_value and not layer.negative_slope:
        return [through_relu]
    if isinstance(layer, keras.layers.Rescaling | keras.layers.BatchNormalization):
        scale = layer(tf.ones_like(given)) - layer(tf.zeros_like(given))  # each channel by itself
        return [lambda gradient: gradient * scale]
    raise UnsupportedHeadError(f"the head has a layer {layer.name}")


def _difference(
    keras_model: models.KerasLoaded, loaded: models.LiteRTLoaded, picture: Pixels
) -> dict[str, float]:
    logits, found = (each.logits(picture[None])[0] for each in (keras_model, loaded))
    first = int(np.argmax(logits[:-1]))
    heat, other = (each.grad_cam(picture, first) for each in (keras_model, loaded))
    return {
        models.CLASSIFIER: float(np.abs(found - logits).max()),
        "heat": float(np.abs(other - heat).max() / max(float(heat.max()), 1e-8)),
    }
