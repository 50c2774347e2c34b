"""The loss of a picture and its gradient, compiled once for all sizes, photos and styles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.stylize import losses, networks

if TYPE_CHECKING:
    import tensorflow as tf

Layers = tuple[tuple[str, float], ...]  # layers and their weights, as something to remember by


@dataclass(frozen=True)
class Weights:
    """How much each part of the loss counts."""

    content: float
    style: float
    variation: float = 0.0


@dataclass(frozen=True)
class Evaluation:
    """The loss of one picture.

    Attributes:
        loss: The sum of the parts, each times its weight.
        content: See `losses.content_loss`.
        style: See `losses.style_loss`.
        gradient: Of the loss by the picture, `(height, width, 3)` float32.
    """

    loss: float
    content: float
    style: float
    gradient: np.ndarray


class Objective:
    """The losses over the features of one network. Made and remembered by `objective`."""

    def __init__(self, network: networks.Loaded, content: Layers, style: Layers) -> None:
        """Takes the network apart.

        Args:
            content: Content layers and their weights.
            style: Style layers and their weights.

        Raises:
            ValueError: If the network has no such layer.
        """
        self.network, self.content, self.style = network, dict(content), dict(style)
        self._model = network.layers({**self.content, **self.style})
        self._channels = {name: map_.shape[-1] for name, map_ in self._model.output.items()}
        self._lock = threading.Lock()
        self._compiled: dict[tuple[frozenset[str], frozenset[str]], Callable] = {}

    @cached_property
    def features(self) -> Callable[[np.ndarray], dict[str, tf.Tensor]]:
        """From a picture, float32 RGB 0..255, to the maps of all layers, float32."""
        import tensorflow as tf

        return tf.function(self._features, input_signature=[_picture()])

    def _features(self, rgb: tf.Tensor) -> dict[str, tf.Tensor]:
        import tensorflow as tf

        row = self.network.network
        maps = self._model(row.preprocessing(rgb[None]), training=False)
        maps = {name: tf.cast(map_[0], tf.float32) for name, map_ in maps.items()}
        if row.temperature is None:
            return maps
        return {name: losses.smooth(map_, row.temperature) for name, map_ in maps.items()}

    def _run(self, grams: Iterable[str], moments: Iterable[str]) -> Callable:
        """The loss and its gradient, for styles that describe layers by these statistics."""
        key = frozenset(grams), frozenset(moments)
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = self._compile(*key)
            return self._compiled[key]

    def _compile(self, grams: frozenset[str], moments: frozenset[str]) -> Callable:
        import tensorflow as tf

        # Sizes of pictures are left open: tracing takes longer than painting at a small size.
        channels = self._channels
        signature = [
            _picture(),
            {name: tf.TensorSpec((None, None, channels[name])) for name in self.content},
            {name: tf.TensorSpec((channels[name], channels[name])) for name in grams},
            {name: tf.TensorSpec((2, channels[name])) for name in moments},
            tf.TensorSpec((3,)),
        ]

        @tf.function(input_signature=signature)
        def run(rgb, photo, grams, moments, weights):
            with tf.GradientTape() as tape:
                tape.watch(rgb)
                maps = self._features(rgb)
                of_content = losses.content_loss(maps, photo, self.content)
                of_style = losses.style_loss(maps, grams, moments, self.style)
                loss = weights[0] * of_content + weights[1] * of_style
                loss += weights[2] * losses.total_variation(rgb)
            return loss, of_content, of_style, tape.gradient(loss, rgb)

        return run

    def describe(self, picture: np.ndarray) -> losses.StyleTarget:
        """The style of a picture, `(height, width, 3)` RGB 0..255."""
        maps = self.features(np.asarray(picture, np.float32))
        return losses.StyleTarget.of_features(
            self.network.network.id, {name: maps[name] for name in self.style}
        )

    def against(
        self, photo: np.ndarray, style: losses.StyleTarget, weights: Weights
    ) -> Callable[[np.ndarray], Evaluation]:
        """Fixes what pictures are compared with; what can be computed once is.

        Args:
            photo: `(height, width, 3)` RGB 0..255.
            style: Of this network; its layers are at least those of this objective.

        Returns:
            From a picture of the photo's shape, float32 RGB 0..255 and a little beyond, to its
            evaluation.

        Raises:
            ValueError: If the style is of another network, or lacks a layer.
        """
        import tensorflow as tf

        wanted = self.network.network.id
        if style.network != wanted:
            raise ValueError(f"The style was described by {style.network}, not by {wanted}.")
        if missing := set(self.style) - set(style.layers):
            raise ValueError(f"The style says nothing about {', '.join(sorted(missing))}.")
        maps = self.features(np.asarray(photo, np.float32))
        content = {name: maps[name] for name in self.content}
        grams, moments = (
            {n: tf.constant(s, tf.float32) for n, s in described.items() if n in self.style}
            for described in (style.grams, style.moments)
        )
        run = self._run(grams, moments)
        factors = tf.constant([weights.content, weights.style, weights.variation], tf.float32)

        def evaluate(picture: np.ndarray) -> Evaluation:
            x = tf.constant(picture, tf.float32)
            loss, of_content, of_style, gradient = run(x, content, grams, moments, factors)
            return Evaluation(float(loss), float(of_content), float(of_style), gradient.numpy())

        return evaluate


@lru_cache(maxsize=4)
def objective(network_id: str, dtype: str, content: Layers, style: Layers) -> Objective:
    """The losses over features of a network, compiled once.

    Raises:
        KeyError, WeightsError: See `networks.load`.
        ValueError: If the network has no such layer.
    """
    return Objective(networks.load(network_id, dtype=dtype), content, style)


def _picture() -> tf.TensorSpec:
    import tensorflow as tf

    return tf.TensorSpec((None, None, 3), tf.float32)
