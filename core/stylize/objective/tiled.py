"""Evaluation of a picture tile by tile, with the same result as in one pass.

A first pass over the tiles adds up what the losses compare: statistics of the style's terms and
distances from the photo. From these follow the losses, and the gradient by the statistics of the
whole picture. A second pass takes that gradient back to the features of each tile, and to its
pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.images.types import Canvas, Floats
from core.stylize.objective import forms as forms_
from core.stylize.objective import losses, tiling
from core.stylize.objective.evaluation import (
    Comparison,
    Evaluate,
    Evaluation,
    Remembered,
    Weights,
    picture_signature,
)
from core.stylize.objective.terms import CONTENT, STYLE, places

if TYPE_CHECKING:
    import tensorflow as tf


class Tiled:
    """Evaluates pictures in tiles."""

    def __init__(self, compared: Comparison, strides: Mapping[str, int]) -> None:
        """Nothing is compiled before it is needed.

        Args:
            compared: What is compared.
            strides: Of the layers, see `tiling.Reach`.
        """
        self._compared, self._strides = compared, strides
        self._pull = Remembered(self._compile)

    def describe(
        self,
        picture: Canvas,
        parts: Iterable[tiling.Tile],
        wanted: Mapping[str, Iterable[str]],
    ) -> dict[str, dict[str, Floats]]:
        """What a picture is like, see `losses.accumulate`; float32 arrays.

        Args:
            picture: RGB 0..255.
            parts: Its tiles.
            wanted: Name of a term of the style to layers.
        """
        found = _Sums(wanted)
        for _, maps in self.maps(picture, parts):
            found.add(maps)
        return found.merged()

    def against(
        self,
        photo: Canvas,
        parts: Sequence[tiling.Tile],
        target: losses.Described,
        weights: Weights,
        forms: forms_.Forms | None = None,
        masks: Mapping[str, Floats] | None = None,
    ) -> Evaluate:
        """Fixes what pictures are compared with.

        Args:
            photo: RGB 0..255.
            parts: Its tiles, and those of all pictures that are compared with it.
            target: Statistics of the style, float32 tensors.
            weights: What the parts of the loss count.
            forms: What each place is to look like; None where that is not compared.
            masks: Layer to the weights of its places; None for all alike.
        """
        import tensorflow as tf

        content = self._content_maps(photo, parts)
        if masks is not None:
            content = {
                name: CONTENT.accumulate(map_, masks[name]).numpy()
                for name, map_ in content.items()
            }
        energies = {
            name: tf.constant(np.vdot(map_, map_), tf.float32) for name, map_ in content.items()
        }
        by_place = tf.constant([weights.content, weights.forms], tf.float32)
        pull = self._pull(target, masks is not None)

        def evaluate(picture: Canvas) -> Evaluation:
            picture = np.asarray(picture, np.float32)
            of_content, of_forms, found, counts = self._look(
                picture, parts, content, energies, target, forms, masks or {}
            )
            of_style, statistics, by = self._by_statistics(found, target, weights)
            loss = weights.content * of_content + weights.style * of_style
            loss += weights.forms * of_forms
            gradient = np.zeros_like(picture)
            if weights.variation:
                x = tf.constant(picture)
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    variation = weights.variation * losses.total_variation(x)
                loss += float(variation)
                gradient += tape.gradient(variation, x).numpy()
            for part in parts:
                wanted = self._cut(content, part)
                place = picture[part.seen], part.own
                to_photo = wanted, energies, by_place
                weighed = self._cut(masks or {}, part)
                gradient[part.seen] += pull(
                    *place, *to_photo, statistics, by, counts, _forms_of(part, forms), weighed
                ).numpy()
            return Evaluation(loss, of_content, of_style, gradient, of_forms)

        return evaluate

    def _look(
        self,
        picture: Canvas,
        parts: Iterable[tiling.Tile],
        content: Mapping[str, Floats],
        energies: Mapping[str, tf.Tensor],
        target: losses.Described,
        forms: forms_.Forms | None,
        masks: Mapping[str, Floats],
    ) -> tuple[float, float, losses.Described, dict[str, np.float32]]:
        """The first pass: what adds up by place, statistics of the whole, and what they count."""
        of_content, of_forms, found = 0.0, 0.0, _Sums(target)
        for part, maps in self.maps(picture, parts):
            wanted = self._cut(content, part)
            weighed, layers = self._cut(masks, part), self._compared.content
            of_content += float(losses.content_loss(maps, wanted, layers, energies, weighed))
            if forms is not None:
                of_forms += float(forms_.distance(maps, **_forms_of(part, forms)))
            found.add(maps, weighed)
        return of_content, of_forms, found.merged(), found.places()

    def _by_statistics(
        self,
        found: losses.Described,
        target: losses.Described,
        weights: Weights,
    ) -> tuple[float, losses.Described, losses.Described]:
        """The style loss, the picture's statistics as tensors, and the gradient by them."""
        import tensorflow as tf

        own = tf.nest.map_structure(tf.constant, found)
        with tf.GradientTape() as tape:
            tape.watch(own)
            loss = losses.style_loss(own, target, self._compared.style)
            counted = weights.style * loss
        return float(loss), own, tape.gradient(counted, own)

    def _compile(self, target: losses.Described, masked: bool) -> Callable[..., Any]:
        """The gradient by the pixels of a tile, its margins included."""
        import tensorflow as tf

        compared = self._compared

        def run(
            rgb: tf.Tensor,
            own: tf.Tensor,
            photo: Mapping[str, tf.Tensor],
            energies: Mapping[str, tf.Tensor],
            by_place: tf.Tensor,
            statistics: losses.Described,
            by: losses.Described,
            counts: Mapping[str, tf.Tensor],
            wanted: Mapping[str, tf.Tensor],
            masks: Mapping[str, tf.Tensor],
        ) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(rgb)
                maps = self._own(rgb, own)
                of_content = losses.content_loss(maps, photo, compared.content, energies, masks)
                of_place = by_place[0] * of_content
                if wanted:
                    of_place += by_place[1] * forms_.distance(maps, **wanted)
            seen, slopes = [of_place], [tf.ones_like(of_place)]
            for term, layers in by.items():
                for name, slope in layers.items():
                    seen.append(maps[name])
                    slopes.append(
                        STYLE[term].gradient(
                            maps[name],
                            statistics[term][name],
                            slope,
                            counts[name],
                            masks.get(name),
                        )
                    )
            return tape.gradient(seen, rgb, output_gradients=slopes)

        signature = [
            picture_signature(),
            tf.TensorSpec((4,), tf.int32),
            compared.content_signature(),
            {name: tf.TensorSpec(()) for name in compared.content},
            tf.TensorSpec((2,)),
            compared.style_signature(target),
            compared.style_signature(target),
            {name: tf.TensorSpec(()) for name in compared.style},
            compared.forms_signature(masked),
            compared.masks_signature(masked),
        ]
        compiled: Callable[..., Any] = tf.function(run, input_signature=signature)
        return compiled

    def _own(self, rgb: tf.Tensor, own: tf.Tensor) -> dict[str, tf.Tensor]:
        """The maps of a tile without what its margins have spoilt, see `tiling.Tile.own`."""
        import tensorflow as tf

        found = {}
        for name, map_ in self._compared.see(rgb).items():
            top, bottom, left, right = tf.unstack(own // self._strides[name])
            found[name] = map_[top:bottom, left:right]
        return found

    @cached_property
    def _own_features(self) -> Callable[[Canvas, list[int]], dict[str, tf.Tensor]]:
        import tensorflow as tf

        signature = [picture_signature(), tf.TensorSpec((4,), tf.int32)]
        compiled: Callable[[Canvas, list[int]], dict[str, tf.Tensor]] = tf.function(
            self._own, input_signature=signature
        )
        return compiled

    def maps(
        self, picture: Canvas, parts: Iterable[tiling.Tile]
    ) -> Iterator[tuple[tiling.Tile, dict[str, tf.Tensor]]]:
        """What each tile owns of the maps of all layers."""
        for part in parts:
            yield part, self._own_features(picture[part.seen], part.own)

    def _content_maps(self, photo: Canvas, parts: Iterable[tiling.Tile]) -> dict[str, Floats]:
        """The maps of the content layers, `(height, width, channels)` float32."""
        whole: dict[str, Floats] = {}
        for name in self._compared.content:
            rows, columns = (side // self._strides[name] for side in photo.shape[:2])
            whole[name] = np.empty((rows, columns, self._compared.channels[name]), np.float32)
        for part, maps in self.maps(photo, parts):
            for name, map_ in whole.items():
                map_[part.of_map(self._strides[name])] = maps[name]
        return whole

    def _cut(self, maps: Mapping[str, Floats], part: tiling.Tile) -> dict[str, Floats]:
        """What a tile owns of maps of the whole picture."""
        return {name: map_[part.of_map(self._strides[name])] for name, map_ in maps.items()}


def _forms_of(part: tiling.Tile, forms: forms_.Forms | None) -> dict[str, Any]:
    """What the places of a tile are to look like."""
    return {} if forms is None else forms.arguments(part.of_map(forms_.STRIDE))


class _Sums:
    """Statistics of the style's terms, added up over the tiles of a picture."""

    def __init__(self, wanted: Mapping[str, Iterable[str]]) -> None:
        self._wanted = {term: tuple(layers) for term, layers in wanted.items()}
        self._parts: list[losses.Described] = []
        self._counts: dict[str, list[float]] = {}

    def add(self, maps: Mapping[str, tf.Tensor], masks: Mapping[str, Floats] | None = None) -> None:
        """Takes the next tile's own features, and the weights of their places."""
        masks = masks or {}
        self._parts.append(losses.accumulate(maps, self._wanted, masks))
        for name in {name for layers in self._wanted.values() for name in layers}:
            self._counts.setdefault(name, []).append(places(maps[name], masks.get(name)))

    def merged(self) -> dict[str, dict[str, Floats]]:
        """The statistics of the whole picture."""
        return losses.merge(self._parts, self._counts)

    def places(self) -> dict[str, np.float32]:
        """Layer to the places of the whole map."""
        return {name: np.float32(sum(counts)) for name, counts in self._counts.items()}
