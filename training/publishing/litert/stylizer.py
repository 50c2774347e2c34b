"""The LiteRT graphs of the instant painter: what VGG16 sees in a photo, and the decoder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core import models
from core.images.types import Pixels
from core.models import architectures
from core.stylize import extractors, instant
from core.stylize.instant.litert_networks import LiteRTNetworks
from core.stylize.instant.moments import measure
from core.stylize.instant.networks import FACTOR, PICTURE, SHIFT, STYLE
from core.stylize.style import CORRELATED
from training.publishing.litert import graphs
from training.publishing.litert.graphs import Graph

ROWS = 256  # of the pictures that are compared
TOLERANCE = {instant.ENCODER: 1e-4, instant.DECODER: 0.01, PICTURE: 1.0}
"""Of what VGG16 sees: moments, as a share of the largest of their layer, and correlations; of the
decoder for the same maps, and of whole paintings, which are rounded: gray levels."""

_TRACED = 64  # pixels, the sides of the picture that graphs are traced with
_HALVINGS = {"block4_conv1": 16, "block3_conv1": 8, "block2_conv1": 4, "block1_conv1": 2}


def publish(
    entry: models.Entry,
    decoder: keras.Model,
    pairs: Iterable[tuple[Pixels, Pixels]],
    paths: Mapping[str, Path],
    stage: Path,
    out: Path,
) -> models.Graphs:
    """Converts both networks, compares them with Keras, and writes the archive.

    Args:
        entry: Of the painter.
        decoder: Its network with its weights, in float32.
        pairs: Photos and styles, RGB uint8 of any size, to compare with.
        paths: Id to file of weights, of the painter and of its base.
        stage, out: See `graphs.write`.

    Returns:
        What the catalogue is to say.

    Raises:
        graphs.DisagreementError: If LiteRT gives something else than Keras.
    """
    assert entry.base is not None
    base = models.build(models.get(entry.base), paths[entry.base], dtype="float32").body
    converted = {instant.ENCODER: encoder_graph(base), instant.DECODER: decoder_graph(decoder)}
    file = graphs.write(converted, paths, stage, entry.id, out)
    quick = LiteRTNetworks(
        *(models.read_graph(stage / file.name, name, paths) for name in converted)
    )
    exact = instant.TensorFlowNetworks(extractors.load("vgg16"), decoder)
    differences = [_difference(exact, quick, *pair) for pair in pairs]
    return graphs.described(file, differences, TOLERANCE)


def encoder_graph(base: keras.Model) -> Graph:
    """The graph from `picture`, `(1, height, width, 3)`, to maps and what is measured of them."""
    outputs = {name: base.get_layer(name).output for name in instant.LAYERS}
    seen = keras.Model(base.get_layer("bgr_mean").output, outputs)
    # What the layer holds was rounded to half precision, and style transfer never used it. A
    # convolution reverses colors where LiteRT's fast kernels reverse nothing.
    mean = np.array(extractors.get("vgg16").preprocessing.mean, np.float32)
    reversed_ = np.eye(3, dtype=np.float32)[None, None, :, ::-1]

    def look(half: tf.Tensor) -> Any:
        return seen(tf.nn.conv2d(half, reversed_, 1, "SAME") - mean, training=False)

    def run(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        return instant.look(look, picture, reshape=False)

    return Graph(run, {PICTURE: tf.TensorSpec((1, _TRACED, _TRACED, 3), tf.float32)})


def decoder_graph(decoder: keras.Model) -> Graph:
    """The graph from maps, their changes and the style to `picture`."""
    enlarging = keras.models.clone_model(decoder, clone_function=_resizable)
    inputs, styles = {}, 0
    for name, channels, _ in architectures.STYLE_LEVELS:
        side = _TRACED // _HALVINGS[name]
        square = (channels, channels) if name in CORRELATED else (channels,)
        inputs[name] = tf.TensorSpec((1, side, side, channels), tf.float32)
        inputs[measure(name, FACTOR)] = tf.TensorSpec((1, *square), tf.float32)
        inputs[measure(name, SHIFT)] = tf.TensorSpec((1, channels), tf.float32)
        styles += 2 * channels
    inputs[STYLE] = tf.TensorSpec((1, styles), tf.float32)

    def run(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        changes = {
            name: (given[measure(name, FACTOR)], given[measure(name, SHIFT)])
            for name in instant.LAYERS
        }
        maps = instant.matched(given, changes, reshape=False)
        return {PICTURE: enlarging([*maps, given[STYLE]], training=False)}

    return Graph(run, inputs)


class Enlarge(keras.layers.Layer):  # type: ignore[misc, unused-ignore]  # Keras is untyped
    """Repeats each place twice in both directions, without looking at the sizes of a map."""

    def call(self, maps: Any) -> Any:
        """`(batch, height, width, channels)` to twice the height and width."""
        return tf.nn.depth_to_space(tf.concat([maps] * 4, axis=-1), 2)


def _resizable(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A layer of a decoder as the graph has it; those with weights are the decoder's own."""
    return Enlarge() if isinstance(layer, keras.layers.UpSampling2D) else layer


def _difference(
    exact: instant.TensorFlowNetworks, quick: LiteRTNetworks, photo: Pixels, style: Pixels
) -> dict[str, float]:
    """How far LiteRT is from Keras for one photo and style, by what of `TOLERANCE`."""
    one, other = (instant.Engine(each) for each in (exact, quick))
    ours, theirs = (
        instant.paint(photo, [style], rows=ROWS, engine=engine).astype(int)
        for engine in (one, other)
    )
    sides = (side // 32 * 32 for side in ours.shape[:2])
    small = instant.shrunk(ours[None].astype(np.float32), *sides)
    wanted, seen, found = exact.encode(small[:, ::-1]), exact.encode(small), quick.encode(small)
    given = (
        instant.changes(seen.statistics, wanted.statistics),
        instant.style_vector(wanted.statistics.moments),
    )
    painted = exact.decode(seen.maps, *given)
    alike = quick.decode({name: each.numpy() for name, each in seen.maps.items()}, *given)
    return {
        instant.ENCODER: max(
            float(np.abs(there - here).max() / np.abs(here).max())
            for ours, theirs in zip(seen.statistics, found.statistics, strict=True)
            for here, there in ((ours[name], theirs[name]) for name in ours)
        ),
        instant.DECODER: float(np.abs(painted - alike).max()),
        PICTURE: float(np.abs(ours - theirs).max()),
    }
