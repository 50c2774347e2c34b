"""The LiteRT graphs of a generator: in one piece, its moments, and tiles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core import images, models
from core.images.types import Canvas, Floats
from core.monet import keras_network
from core.monet.keras_network import KerasNetwork
from core.monet.networks import MOMENTS, TILE, WHOLE, LiteRTNetwork, Network
from training.publishing.litert import graphs
from training.publishing.litert.graphs import Graph

TOLERANCE = {WHOLE: 0.05, MOMENTS: 1e-3, TILE: 0.05}
"""Of what is painted, before it is rounded to 0..255; and of moments against their deviation."""
PICTURES = 100  # of those that both runtimes are given

_SIDE = 256  # longest one of pictures to compare with
_TRACED = 64  # side at which the graphs are traced; they are resized


def publish(
    entry: models.Entry, pictures: Sequence[Path], stage: Path, out: Path
) -> tuple[models.Graphs, LiteRTNetwork]:
    """Converts a generator, compares it with Keras in float32, and writes the archive.

    Args:
        entry: Its weights lie in `stage`, or where weights are looked for.
        pictures: To compare with, such as it is to paint; `PICTURES` of them, evenly chosen, are
            enough.
        stage, out: See `graphs.write`.

    Returns:
        What the catalogue is to say, and the generator as LiteRT runs it.

    Raises:
        graphs.DisagreementError: If LiteRT gives something else than Keras.
        core.images.UnreadablePicture: If one of the pictures is none.
    """
    own = stage / entry.file.name
    paths = {entry.id: own if own.is_file() else models.resolve(entry)}
    network = models.build(entry, paths[entry.id], dtype="float32").body
    file = graphs.write(converted(network), paths, stage, entry.id, out)
    archive, known, found = stage / file.name, KerasNetwork(network), {}
    for name in TOLERANCE:
        found[name] = models.read_graph(archive, name, paths)
    loaded = LiteRTNetwork(found.__getitem__)
    differences = []
    for path in pictures[:: max(1, len(pictures) // PICTURES)][:PICTURES]:
        seen = images.preview(images.load(path, enough=_SIDE).pixels, _SIDE)
        height, width = (side - side % 4 for side in seen.shape[:2])
        differences.append(_difference(known, loaded, seen[None, :height, :width].astype("f")))
    return graphs.described(file, differences, TOLERANCE), loaded


def converted(network: keras.Model) -> dict[str, Graph]:
    """The graphs of a network, see `core.monet.networks.WHOLE`."""
    rgb = {"rgb": tf.TensorSpec((1, _TRACED, _TRACED, 3), tf.float32)}
    channels = sum(layer.gamma.shape[0] for layer in network.layers if layer.name.endswith("_norm"))
    given = {"moments": tf.TensorSpec((2, channels), tf.float32)}
    whole, moments, tile = (
        partial(part, network, run=_resizable)
        for part in (keras_network.whole, keras_network.moments, keras_network.tile)
    )
    return {
        WHOLE: Graph(lambda rgb: {"painted": whole(rgb)}, rgb),
        MOMENTS: Graph(lambda rgb: {"moments": moments(rgb)}, rgb),
        TILE: Graph(lambda rgb, moments: {"painted": tile(rgb, moments)}, rgb | given),
    }


def _resizable(layer: Any, given: Any) -> Any:
    """What a layer gives, by operations that XNNPACK has and that do not depend on sizes."""
    if isinstance(layer, keras.layers.UpSampling2D):
        return tf.nn.depth_to_space(tf.concat([given] * 4, axis=-1), 2)
    if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (7, 7):
        return _by_rows(layer, given) if layer.filters > given.shape[-1] else _by_sums(layer, given)
    return layer(given)


# XNNPACK notes where each pixel of a window lies: 392 bytes a pixel for one of 7 by 7, several
# times what the picture takes. By two convolutions, along rows and along columns, it is 112.


def _by_rows(layer: Any, given: Any) -> Any:
    """A convolution of 7 by 7: the pixels of a row become channels, then one along columns."""
    channels = 7 * given.shape[-1]
    beside = tf.constant(np.eye(channels).reshape(1, 7, -1, channels), tf.float32)
    kernel = tf.reshape(layer.kernel, (7, 1, channels, layer.filters))
    return _with_bias(layer, _convolved(_convolved(given, beside), kernel))


def _by_sums(layer: Any, given: Any) -> Any:
    """A convolution of 7 by 7: along columns for each place of the row, then these are added.

    Where it gives few channels this is less work, too: XNNPACK computes sixteen at a time.
    """
    places = layer.filters * 7
    by_place = tf.transpose(layer.kernel, (0, 2, 3, 1))  # (7, given, filters, 7)
    kernel = tf.reshape(by_place, (7, 1, given.shape[-1], places))
    sums = tf.constant(np.eye(places).reshape(1, 7, places, layer.filters), tf.float32)
    return _with_bias(layer, _convolved(_convolved(given, kernel), sums))


def _convolved(given: Any, kernel: Any) -> Any:
    return tf.nn.conv2d(given, kernel, 1, "SAME")


def _with_bias(layer: Any, given: Any) -> Any:
    return tf.nn.bias_add(given, layer.bias) if layer.use_bias else given


def _difference(known: Network, loaded: Network, seen: Canvas) -> dict[str, float]:
    """How far two runtimes are apart on one picture, and on a part with the moments of it all."""
    moments, found = (each.moments(seen) for each in (known, loaded))
    mean, variance = moments
    deviation = np.sqrt(variance + 1e-5)  # as the networks themselves do
    part = seen[:, : seen.shape[1] // 8 * 4, : seen.shape[2] // 8 * 4]

    def apart(a: Floats, b: Floats) -> float:
        return float(np.abs(a - b).max() * 127.5)

    return {
        WHOLE: apart(known.whole(seen), loaded.whole(seen)),
        MOMENTS: max(
            float((np.abs(found[0] - mean) / deviation).max()),
            float((np.abs(found[1] - variance) / deviation**2).max()),
        ),
        TILE: apart(known.tile(part, moments), loaded.tile(part, moments)),
    }
