"""A tiled generator: canvases of any size, in bounded memory and without seams.

Small canvases are painted in one piece. Large ones are painted in tiles: what an instance
normalisation needs of the whole picture, the mean and variance of each channel, is taken
once from a reduced copy. With these fixed a tile depends on its surroundings only as far
as the convolutions reach, so tiles that overlap by more fit together exactly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core import images
from core.images.types import Canvas, Pixels
from core.models import architectures

if TYPE_CHECKING:
    import keras

WHOLE = 1024 * 1024  # pixels up to which a canvas is painted in one piece
TILE = 640  # side of a tile without its margin, pixels
MARGIN = 72  # more than the convolutions reach, see tests/core/monet/test_tiled.py; a multiple of 4


class Stopped(Exception):
    """The work was stopped before its end."""


class Painter:
    """Paints with one network of `core.models.architectures.monet_generator`.

    Args:
        lock: Held while the network runs, for who shares it.
        soften: How much detail at the frequency of pixel pairs is taken from the result, 0..1.
            Photos have more of it than paintings, and it comes through.
    """

    def __init__(
        self, network: keras.Model, lock: threading.Lock | None = None, *, soften: float = 0.0
    ) -> None:
        self._network = network
        self._lock = lock or threading.Lock()
        self._soften = soften

    def paint(self, canvas: Pixels, stopping: Callable[[], bool] = lambda: False) -> Pixels:
        """Paints a canvas. May be called from any thread.

        Args:
            canvas: `(height, width, 3)` uint8.
            stopping: Asked before each tile.

        Returns:
            The same shape, uint8.

        Raises:
            Stopped: If `stopping` said so.
        """
        height, width = canvas.shape[:2]
        padded = _reflected(canvas)
        painted = np.empty_like(padded)
        with self._lock:
            if height * width <= WHOLE:
                run, tiles = self._whole, iter([(0, 0, padded.shape[0], padded.shape[1])])
            else:
                self._take_statistics(canvas)
                run, tiles = self._fixed, _tiles(*padded.shape[:2])
            for top, left, bottom, right in tiles:
                if stopping():
                    raise Stopped
                tile = run(padded[top:bottom, left:right])
                painted[top + MARGIN : bottom - MARGIN, left + MARGIN : right - MARGIN] = tile[
                    MARGIN:-MARGIN, MARGIN:-MARGIN
                ]
        return painted[MARGIN : MARGIN + height, MARGIN : MARGIN + width]

    def _take_statistics(self, canvas: Pixels) -> None:
        """Fixes the normalisation of all tiles to what a reduced copy of the canvas has."""
        side = max(canvas.shape[:2]) * (WHOLE / (canvas.shape[0] * canvas.shape[1])) ** 0.5
        moments = self._moments(_batch(_reflected(images.preview(canvas, int(side)))))
        for (mean, variance), layer in zip(moments, self._fixed_layers, strict=True):
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)

    @cached_property
    def _whole(self) -> Callable[[Pixels], Pixels]:
        return _compiled(self._network, self._soften)

    @cached_property
    def _fixed(self) -> Callable[[Pixels], Pixels]:
        return _compiled(self._fixed_network, self._soften)

    @cached_property
    def _fixed_network(self) -> keras.Model:
        """The same network with the same weights, its means and variances to be set."""
        import keras

        stem = self._network.get_layer("stem")
        blocks = sum(layer.name.endswith("_add") for layer in self._network.layers)
        fixed = architectures.monet_generator(
            filters=stem.filters,
            blocks=blocks,
            dtype=stem.dtype_policy.name,
            normalisation=partial(keras.layers.BatchNormalization, epsilon=1e-5),
        )
        for layer in fixed.layers:
            given = self._network.get_layer(layer.name).get_weights()
            # A batch normalisation begins with the scale and offset that it shares.
            layer.set_weights(given + layer.get_weights()[len(given) :])
        return fixed

    @property
    def _fixed_layers(self) -> list[Any]:
        return [layer for layer in self._fixed_network.layers if layer.name.endswith("_norm")]

    @cached_property
    def _moments(self) -> Callable[[Canvas], list[tuple[Any, Any]]]:
        """Mean and variance of each channel before each normalisation, from first to last."""
        import keras
        import tensorflow as tf

        names = [layer.name for layer in self._fixed_layers]
        inner = [self._network.get_layer(name).input for name in names]
        network = keras.Model(self._network.input, inner)

        def run(picture: Any) -> list[tuple[Any, Any]]:
            maps = network(picture, training=False)
            return [tf.nn.moments(tf.cast(m, tf.float32), axes=(0, 1, 2)) for m in maps]

        compiled: Callable[[Canvas], list[tuple[Any, Any]]] = tf.function(
            run, input_signature=[tf.TensorSpec((1, None, None, 3), tf.float32)]
        )
        return compiled


def _compiled(network: keras.Model, soften: float) -> Callable[[Pixels], Pixels]:
    """The network as a function from pixels to pixels, uint8."""
    import tensorflow as tf

    binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16  # nothing at pixel pairs passes it
    kernel = soften * binomial
    kernel[1, 1] += 1 - soften
    kernels = tf.constant(np.repeat(kernel[:, :, None, None], 3, axis=2), tf.float32)

    def run(picture: Any) -> Any:
        painted = network(picture, training=False)
        if soften:
            painted = tf.nn.depthwise_conv2d(painted, kernels, (1, 1, 1, 1), "SAME")
        return tf.saturate_cast(tf.round((painted[0] + 1) * 127.5), tf.uint8)

    graph = tf.function(
        run, input_signature=[tf.TensorSpec((1, None, None, 3), tf.float32)], autograph=False
    )
    return lambda pixels: graph(_batch(pixels)).numpy()


def _batch(pixels: Pixels) -> Canvas:
    return pixels[None].astype(np.float32)


def _reflected(canvas: Pixels) -> Pixels:
    """Continued beyond its border, where the network would see black; sides multiples of 4."""
    height, width = canvas.shape[:2]
    margins = ((MARGIN, MARGIN + -height % 4), (MARGIN, MARGIN + -width % 4), (0, 0))
    return np.pad(canvas, margins, mode="reflect" if min(height, width) > 1 else "edge")


def _tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Top, left, bottom and right of tiles that overlap by two margins and leave nothing out."""
    for top in range(0, height - 2 * MARGIN, TILE):
        for left in range(0, width - 2 * MARGIN, TILE):
            bottom = min(top + TILE + 2 * MARGIN, height)
            right = min(left + TILE + 2 * MARGIN, width)
            yield top, left, bottom, right
