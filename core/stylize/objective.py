"""The loss of a picture and its gradient, compiled once for all sizes, photos and styles.

Pictures too large for one pass are evaluated tile by tile, with the same result. A first pass
over the tiles adds up what the losses compare: Gram matrices, moments and distances. From these
follow the losses, and a map, linear and the same at all places, from the features of a place to
the gradient of the losses by them. A second pass takes that gradient back to the pixels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InvalidRequest
from core.stylize import extractors, losses, tiling

if TYPE_CHECKING:
    import tensorflow as tf

Layers = tuple[tuple[str, float], ...]  # layers and their weights, as something to remember by
Maps = dict[str, Any]  # layer to a tensor or array


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

    def __init__(self, network: extractors.Loaded, content: Layers, style: Layers) -> None:
        """Takes the network apart.

        Args:
            content: Content layers and their weights.
            style: Style layers and their weights.

        Raises:
            InvalidRequest: If the network has no such layer.
        """
        self.network, self.content, self.style = network, dict(content), dict(style)
        self._model = network.layers({**self.content, **self.style})
        self._channels = {name: map_.shape[-1] for name, map_ in self._model.output.items()}
        # A softmax over the whole map is no sum over tiles.
        smoothed = network.network.temperature is not None
        self._reach = None if smoothed else tiling.reach(self._model)
        self._strides = self._reach.strides if self._reach else {}
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

    def describe(self, picture: np.ndarray, *, largest: int | None = None) -> losses.StyleTarget:
        """The style of a picture.

        Args:
            picture: `(height, width, 3)` RGB 0..255.
            largest: See `against`.
        """
        network = self.network.network.id
        picture = np.asarray(picture, np.float32)
        if parts := self._parts(picture, largest):
            return losses.StyleTarget(network, self._look(picture, parts, grams=self.style)[0])
        maps = self.features(picture)
        return losses.StyleTarget.of_features(network, {name: maps[name] for name in self.style})

    def against(
        self,
        photo: np.ndarray,
        style: losses.StyleTarget,
        weights: Weights,
        *,
        largest: int | None = None,
    ) -> Callable[[np.ndarray], Evaluation]:
        """Fixes what pictures are compared with; what can be computed once is.

        Args:
            photo: `(height, width, 3)` RGB 0..255.
            style: Of this network; its layers are at least those of this objective.
            largest: Pixels that memory allows to evaluate in one pass: larger pictures are cut
                into tiles, if the network is a plain chain, see `tiles.reach`. None for any.

        Returns:
            From a picture of the photo's shape, float32 RGB 0..255 and a little beyond, to its
            evaluation.

        Raises:
            InvalidRequest: If the style is of another network, or lacks a layer.
            ValueError: If there is no room for the margins of a tile.
        """
        import tensorflow as tf

        wanted = self.network.network.id
        if style.network != wanted:
            raise InvalidRequest(f"The style was described by {style.network}, not by {wanted}.")
        if missing := set(self.style) - set(style.layers):
            raise InvalidRequest(f"The style says nothing about {', '.join(sorted(missing))}.")
        photo = np.asarray(photo, np.float32)
        grams, moments = (
            {n: tf.constant(s, tf.float32) for n, s in described.items() if n in self.style}
            for described in (style.grams, style.moments)
        )
        if parts := self._parts(photo, largest):
            return self._against_in_tiles(photo, parts, grams, moments, weights)
        maps = self.features(photo)
        content = {name: maps[name] for name in self.content}
        run = self._run(grams, moments)
        factors = tf.constant([weights.content, weights.style, weights.variation], tf.float32)

        def evaluate(picture: np.ndarray) -> Evaluation:
            x = tf.constant(picture, tf.float32)
            loss, of_content, of_style, gradient = run(x, content, grams, moments, factors)
            return Evaluation(float(loss), float(of_content), float(of_style), gradient.numpy())

        return evaluate

    # In tiles.

    def _parts(self, picture: np.ndarray, largest: int | None) -> list[tiling.Tile]:
        """The tiles of a picture; none if it is taken whole."""
        height, width = picture.shape[:2]
        if self._reach is None or largest is None or height * width <= largest:
            return []
        return tiling.cut(height, width, largest, self._reach)

    def _own(self, rgb: tf.Tensor, own: tf.Tensor) -> dict[str, tf.Tensor]:
        """The maps of a tile without what its margins have spoilt, see `tiles.Tile.own`."""
        import tensorflow as tf

        found = {}
        for name, map_ in self._features(rgb).items():
            top, bottom, left, right = tf.unstack(own // self._strides[name])
            found[name] = map_[top:bottom, left:right]
        return found

    @cached_property
    def _own_features(self) -> Callable[[np.ndarray, list[int]], dict[str, tf.Tensor]]:
        import tensorflow as tf

        signature = [_picture(), tf.TensorSpec((4,), tf.int32)]
        return tf.function(self._own, input_signature=signature)

    @cached_property
    def _pull(self) -> Callable[..., tf.Tensor]:
        """The gradient by the pixels of a tile, its margins included.

        The gradient by features `f` of a place is `slopes @ f + offsets` for the style, and
        `pulls * (f - photo)` for the content.
        """
        import tensorflow as tf

        channels = self._channels
        signature = [
            _picture(),
            tf.TensorSpec((4,), tf.int32),
            {name: tf.TensorSpec((None, None, channels[name])) for name in self.content},
            {name: tf.TensorSpec(()) for name in self.content},
            {name: tf.TensorSpec((channels[name], channels[name])) for name in self.style},
            {name: tf.TensorSpec((channels[name],)) for name in self.style},
        ]

        @tf.function(input_signature=signature)
        def run(rgb, own, photo, pulls, slopes, offsets):
            with tf.GradientTape() as tape:
                tape.watch(rgb)
                maps = self._own(rgb, own)
            gradients = {}
            for name, map_ in maps.items():
                parts = []
                if name in slopes:
                    parts.append(tf.tensordot(map_, slopes[name], 1) + offsets[name])
                if name in pulls:
                    parts.append(pulls[name] * (map_ - photo[name]))
                gradients[name] = tf.add_n(parts)
            return tape.gradient(maps, rgb, output_gradients=gradients)

        return run

    def _look(
        self,
        picture: np.ndarray,
        parts: Iterable[tiling.Tile],
        *,
        grams: Iterable[str],
        moments: Iterable[str] = (),
        photo: Mapping[str, np.ndarray] | None = None,
    ) -> tuple[Maps, Maps, dict[str, float]]:
        """What a picture is like, added up over its tiles.

        Args:
            picture: `(height, width, 3)` float32 RGB.
            parts: Its tiles.
            grams: Layers whose Gram matrices are wanted.
            moments: Layers whose moments are wanted.
            photo: Content layer to the map from which the distance is wanted.

        Returns:
            Layer to Gram matrix, to moments, and to squared distance.
        """
        import tensorflow as tf

        photo = photo or {}
        counts: dict[str, list[int]] = {name: [] for name in self._channels}
        of_gram: dict[str, list[np.ndarray]] = {name: [] for name in grams}
        of_moments: dict[str, list[np.ndarray]] = {name: [] for name in moments}
        squares = dict.fromkeys(photo, 0.0)
        for part, maps in self._maps(picture, parts):
            for name, map_ in maps.items():
                counts[name].append(map_.shape[0] * map_.shape[1])
            for name, found in of_gram.items():
                found.append(losses.gram(maps[name]).numpy())
            for name, found in of_moments.items():
                found.append(losses.moments(maps[name]).numpy())
            for name, map_ in photo.items():
                away = maps[name] - map_[part.of_map(self._strides[name])]
                squares[name] += float(tf.reduce_sum(tf.square(away)))
        return (
            {name: _mean(found, counts[name]) for name, found in of_gram.items()},
            {name: _joint(found, counts[name]) for name, found in of_moments.items()},
            squares,
        )

    def _maps(
        self, picture: np.ndarray, parts: Iterable[tiling.Tile]
    ) -> Iterator[tuple[tiling.Tile, Maps]]:
        for part in parts:
            yield part, self._own_features(picture[part.seen], part.own)

    def _content_maps(self, photo: np.ndarray, parts: Iterable[tiling.Tile]) -> Maps:
        """The maps of the content layers, float32 NumPy arrays."""
        whole: Maps = {}
        for name in self.content:
            rows, columns = (side // self._strides[name] for side in photo.shape[:2])
            whole[name] = np.empty((rows, columns, self._channels[name]), np.float32)
        for part, maps in self._maps(photo, parts):
            for name, map_ in whole.items():
                map_[part.of_map(self._strides[name])] = maps[name]
        return whole

    def _against_in_tiles(
        self,
        photo: np.ndarray,
        parts: Sequence[tiling.Tile],
        grams: Maps,
        moments: Maps,
        weights: Weights,
    ) -> Callable[[np.ndarray], Evaluation]:
        import tensorflow as tf

        content = self._content_maps(photo, parts)
        # What a squared distance counts, so that content loss is their weighted sum.
        factors = {
            name: weight / sum(self.content.values()) / (float(np.vdot(map_, map_)) + losses._TINY)
            for (name, map_), weight in zip(content.items(), self.content.values(), strict=True)
        }
        height, width = photo.shape[:2]
        shares = {
            name: weights.style / ((height // self._strides[name]) * (width // self._strides[name]))
            for name in self.style
        }
        pulls = {n: tf.constant(2 * weights.content * f, tf.float32) for n, f in factors.items()}

        def evaluate(picture: np.ndarray) -> Evaluation:
            picture = np.asarray(picture, np.float32)
            own_grams, own_moments, squares = self._look(
                picture, parts, grams=grams, moments=moments, photo=content
            )
            of_content = sum(factors[name] * squares[name] for name in content)
            of_style, slopes, offsets = self._slopes(own_grams, own_moments, grams, moments, shares)
            loss = weights.content * of_content + weights.style * of_style
            gradient = np.zeros_like(picture)
            if weights.variation:
                x = tf.constant(picture)
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    variation = weights.variation * losses.total_variation(x)
                loss += float(variation)
                gradient += tape.gradient(variation, x).numpy()
            for part in parts:
                wanted = {
                    name: map_[part.of_map(self._strides[name])] for name, map_ in content.items()
                }
                gradient[part.seen] += self._pull(
                    picture[part.seen], part.own, wanted, pulls, slopes, offsets
                ).numpy()
            return Evaluation(loss, of_content, of_style, gradient)

        return evaluate

    def _slopes(
        self,
        grams: Maps,
        moments: Maps,
        wanted_grams: Maps,
        wanted_moments: Maps,
        shares: Mapping[str, float],
    ) -> tuple[float, Maps, Maps]:
        """The style loss, and what gives its gradient by features, see `_pull`.

        Args:
            grams: Gram matrices of the picture.
            moments: Its moments.
            wanted_grams: Those of the style.
            wanted_moments: Likewise.
            shares: What a place of a layer counts: the loss's weight over the number of places.
        """
        import tensorflow as tf

        own = tuple(
            {name: tf.constant(found, tf.float32) for name, found in described.items()}
            for described in (grams, moments)
        )
        with tf.GradientTape() as tape:
            tape.watch(own)
            loss = tf.constant(0.0)
            for name, weight in self.style.items():
                found = [
                    losses.distance(described[name], wanted[name])
                    for described, wanted in zip(own, (wanted_grams, wanted_moments), strict=True)
                    if name in wanted
                ]
                loss += weight / sum(self.style.values()) * tf.add_n(found) / len(found)
        by_gram, by_moments = tape.gradient(loss, own)
        slopes = {name: tf.zeros((self._channels[name],) * 2) for name in self.style}
        offsets = {name: tf.zeros(self._channels[name]) for name in self.style}
        for name, by in by_gram.items():
            slopes[name] += 2 * shares[name] * by  # a Gram matrix is symmetric, so is this
        for name, (by_mean, by_deviation) in by_moments.items():
            mean, deviation = tf.unstack(own[1][name])
            slope = shares[name] * by_deviation / deviation
            slopes[name] += tf.linalg.diag(slope)
            offsets[name] += shares[name] * by_mean - slope * mean
        return float(loss), slopes, offsets


def _mean(values: list[np.ndarray], counts: list[int]) -> np.ndarray:
    """The mean over all places, from means over tiles and their numbers of places."""
    return np.average(values, axis=0, weights=counts).astype(np.float32)


def _joint(moments: list[np.ndarray], counts: list[int]) -> np.ndarray:
    """The mean and deviation over all places, likewise; see `losses.moments`."""
    means, deviations = np.moveaxis(np.asarray(moments, np.float64), 1, 0)
    mean = np.average(means, axis=0, weights=counts)
    # Not from sums of squares, in which a small variance would be lost.
    variance = np.average(deviations**2 + (means - mean) ** 2, axis=0, weights=counts)
    return np.stack([mean, np.sqrt(variance)]).astype(np.float32)


@lru_cache(maxsize=4)
def objective(network_id: str, dtype: str, content: Layers, style: Layers) -> Objective:
    """The losses over features of a network, compiled once.

    Raises:
        KeyError, WeightsError: See `networks.load`.
        InvalidRequest: If the network has no such layer.
    """
    return Objective(extractors.load(network_id, dtype=dtype), content, style)


def _picture() -> tf.TensorSpec:
    import tensorflow as tf

    return tf.TensorSpec((None, None, 3), tf.float32)
