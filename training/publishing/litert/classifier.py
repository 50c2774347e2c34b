"""The LiteRT graph of a classifier: logits and features of its views, heat map of any output."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core import identify, images, models
from core.images.types import Pixels
from training.data.dataset import Painting
from training.publishing.litert import graphs
from training.publishing.litert.graphs import Graph

log = logging.getLogger(__name__)

PICTURES = 100  # of those that both runtimes are given
TOLERANCE = {models.CLASSIFIER: 1e-3, "heat": 1e-3, models.FEATURES: 1e-3}
"""Of logits, and of the heat map and the features as a share of their largest value."""


class UnsupportedHeadError(ValueError):
    """A head whose gradient is not written here in closed form: Keras runs the model."""


def publish(
    entry: models.Entry, paintings: Sequence[Painting], stage: Path, out: Path
) -> tuple[models.Graphs, models.LiteRTLoaded] | None:
    """Converts a classifier, compares it with Keras, and writes the archive.

    Args:
        entry: Its weights lie in `stage`, or where weights are looked for.
        paintings: To compare with; `PICTURES` of them, evenly chosen, are enough.
        stage, out: See `graphs.write`.

    Returns:
        What the catalogue is to say, and the model as LiteRT runs it; None if its heat map has
        no closed form, so that Keras has to run it.

    Raises:
        graphs.DisagreementError: If LiteRT gives something else than Keras.
    """
    own = stage / entry.file.name
    paths = {entry.id: own if own.is_file() else models.resolve(entry)}
    keras_model = models.build(entry, paths[entry.id], dtype="float32")
    if entry.base:
        paths[entry.base] = models.resolve(models.get(entry.base), ours=True)
    try:
        converted = {models.CLASSIFIER: graph(keras_model)}
    except UnsupportedHeadError as error:
        log.info("%s has no LiteRT graph, Keras will run it: %s", entry.title, error)
        return None
    file = graphs.write(converted, paths, stage, entry.id, out)
    network = models.read_graph(stage / file.name, models.CLASSIFIER, paths)
    loaded = models.LiteRTLoaded(entry, network)
    differences = []
    for painting in paintings[:: max(1, len(paintings) // PICTURES)][:PICTURES]:
        seen = identify.view(images.load(painting.path).pixels, entry)
        differences.append(_difference(keras_model, loaded, seen))
    return graphs.described(file, differences, TOLERANCE), loaded


def graph(loaded: models.KerasLoaded) -> Graph:
    """See `core.models.litert_runtime.CLASSIFIER`.

    Raises:
        UnsupportedHeadError: If there is no closed form of the heat map.
    """
    views, side = loaded.entry.views, loaded.entry.side
    layers = list(_layers(loaded.head))
    _check(layers)

    def run(picture: tf.Tensor, output: tf.Tensor) -> dict[str, tf.Tensor]:
        seen = tf.cast(picture, tf.float32)
        if views == 2:
            seen = tf.concat([seen, tf.reverse(seen, axis=[2])], axis=0)
        maps = loaded.body(seen, training=False)
        logits, channel_weights = _forward_and_back(layers, maps, output)
        return {
            "logits": tf.reduce_mean(logits, axis=0, keepdims=True),
            "heat": tf.nn.relu(tf.reduce_sum(maps[0] * channel_weights, axis=-1)),
            models.FEATURES: tf.reduce_mean(maps, axis=(0, 1, 2))[None],
        }

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


def _check(layers: Sequence[Any]) -> None:
    """Raises UnsupportedHeadError if the gradient of a head is not written here."""
    if not layers or not isinstance(layers[0], keras.layers.GlobalAveragePooling2D):
        raise UnsupportedHeadError("the head does not begin with the mean over all places")
    for layer in layers[1:]:
        _gradients(layer, tf.zeros((1, 1)))


def _forward_and_back(
    layers: Sequence[Any], maps: tf.Tensor, output: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The logits of all views, and what Grad-CAM weights the channels of the first one with.

    For a mean over the places followed by dense layers the gradient is the same at all places,
    so its mean is written down: with one dense layer this is the class activation map (Zhou et
    al., CVPR 2016), and each ReLU between more of them lets through what it let through before.
    """
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

        def through_scale(gradient: tf.Tensor) -> tf.Tensor:  # each channel by itself
            return gradient * (layer(tf.ones_like(gradient)) - layer(tf.zeros_like(gradient)))

        return [through_scale]
    raise UnsupportedHeadError(f"the head has a layer {layer.name}")


def _difference(
    keras_model: models.KerasLoaded, loaded: models.LiteRTLoaded, picture: Pixels
) -> dict[str, float]:
    logits, found = (each.logits(picture[None])[0] for each in (keras_model, loaded))
    first = int(np.argmax(logits[:-1]))
    heat, other = (each.grad_cam(picture, first) for each in (keras_model, loaded))
    features, theirs = (each.features(picture[None])[0] for each in (keras_model, loaded))
    return {
        models.CLASSIFIER: float(np.abs(found - logits).max()),
        "heat": float(np.abs(other - heat).max() / max(float(heat.max()), 1e-8)),
        models.FEATURES: float(
            np.abs(theirs - features).max() / max(float(np.abs(features).max()), 1e-8)
        ),
    }
