"""The loss of a picture over the features of one network, and its gradient.

Pictures too large for one pass are evaluated tile by tile, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InvalidRequest
from core.images.types import Canvas, Floats, Pixels
from core.stylize import extractors
from core.stylize.objective import contours, losses, tiling
from core.stylize.objective import forms as forms_
from core.stylize.objective.evaluation import (
    Comparison,
    Evaluate,
    Evaluation,
    Weights,
    picture_signature,
)
from core.stylize.objective.terms import CONTENT, MEASURED, STYLE
from core.stylize.objective.tiled import Tiled
from core.stylize.objective.whole import Whole
from core.stylize.regions.masks import on_grid
from core.stylize.style import StyleTarget

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["Evaluate", "Evaluation", "Layers", "Objective", "Weights", "objective"]

Layers = tuple[tuple[str, float], ...]  # layers and their weights, as something to remember by


class Objective:
    """The losses over the features of one network. Made and remembered by `objective`."""

    def __init__(
        self, network: extractors.Loaded, content: Layers, style: Layers, forms: bool = False
    ) -> None:
        """Takes the network apart.

        Args:
            content: Content layers and their weights.
            style: Style layers and their weights.
            forms: Whether forms can be compared, too.

        Raises:
            InvalidRequest: If the network has no such layer.
        """
        self.network, self.content, self.style = network, dict(content), dict(style)
        self._model = network.layers(
            dict.fromkeys((*self.content, *self.style, *(forms_.LAYERS if forms else ())))
        )
        channels = {name: map_.shape[-1] for name, map_ in self._model.output.items()}
        compared = Comparison(self._features, channels, self.content, self.style, forms)
        # A softmax over the whole map is no sum over tiles.
        smoothed = network.network.temperature is not None
        self._reach = None if smoothed else tiling.reach(self._model)
        self._whole = Whole(compared)
        self._tiled = Tiled(compared, self._reach.strides if self._reach else {})

    @cached_property
    def features(self) -> Callable[[Canvas], dict[str, tf.Tensor]]:
        """From a picture, float32 RGB 0..255, to the maps of all layers, float32."""
        import tensorflow as tf

        compiled: Callable[[Canvas], dict[str, tf.Tensor]] = tf.function(
            self._features, input_signature=[picture_signature()], autograph=False
        )
        return compiled

    def _features(self, rgb: tf.Tensor) -> dict[str, tf.Tensor]:
        import tensorflow as tf

        row = self.network.network
        maps = self._model(row.preprocessing(rgb[None]), training=False)
        maps = {name: tf.cast(map_[0], tf.float32) for name, map_ in maps.items()}
        if row.temperature is None:
            return maps
        return {name: losses.smooth(map_, row.temperature) for name, map_ in maps.items()}

    def describe(self, picture: Floats | Pixels, *, largest: int | None = None) -> StyleTarget:
        """The style of a picture.

        Args:
            picture: `(height, width, 3)` RGB 0..255.
            largest: See `against`.
        """
        network = self.network.network.id
        canvas = np.asarray(picture, np.float32)
        if parts := self._parts(canvas, largest, MEASURED):
            found = self._tiled.describe(canvas, parts, dict.fromkeys(MEASURED, self.style))
            return StyleTarget(network, **found)
        maps = self.features(canvas)
        return losses.described(network, {name: maps[name] for name in self.style})

    def match(
        self,
        query: Floats | Pixels,
        styles: Sequence[Floats | Pixels | forms_.Bank],
        shares: Sequence[float],
        *,
        seed: int = 0,
        largest: int | None = None,
        mask: Floats | None = None,
    ) -> forms_.Forms:
        """What each place of a picture is to look like, see `forms.choose`.

        Args:
            query: `(height, width, 3)` RGB 0..255.
            styles: Pictures of any size, or what is known of some.
            shares: Of the styles, positive, summing to 1.
            seed: Of samples.
            largest: See `against`.
            mask: See `against`.
        """
        half = any(map_.dtype == "bfloat16" for map_ in self._model.output.values())
        asked = self._seen(query, largest)
        known = [
            style if isinstance(style, forms_.Bank) else self._seen(style, largest)
            for style in styles
        ]
        weights = None if mask is None else on_grid(mask, *asked.shape)
        return forms_.choose(asked, known, shares, seed=seed, half=half, weights=weights)

    def _seen(self, picture: Floats | Pixels, largest: int | None) -> forms_.Seen:
        canvas = np.asarray(picture, np.float32)
        stride = forms_.STRIDE
        shape = canvas.shape[0] // stride, canvas.shape[1] // stride
        if tiles := self._parts(canvas, largest, ()):

            def in_tiles() -> Iterator[tuple[tuple[slice, slice], Floats]]:
                for tile, maps in self._tiled.maps(canvas, tiles):
                    yield tile.of_map(stride), forms_.hypercolumns(maps).numpy()

            return forms_.Seen(shape, in_tiles)
        whole = forms_.hypercolumns(self.features(canvas)).numpy()
        return forms_.Seen(shape, lambda: [((slice(None), slice(None)), whole)])

    def against(
        self,
        photo: Floats | Pixels,
        style: StyleTarget,
        weights: Weights,
        *,
        forms: forms_.Forms | None = None,
        largest: int | None = None,
        mask: Floats | None = None,
    ) -> Evaluate:
        """Fixes what pictures are compared with; what can be computed once is.

        Args:
            photo: `(height, width, 3)` RGB 0..255.
            style: Of this network; its layers are at least those of this objective.
            forms: What each place is to look like, see `match`; of an objective with forms.
            largest: Pixels that memory allows to evaluate in one pass: larger pictures are cut
                into tiles, if the network is a plain chain, see `tiling.reach`, and if all terms
                of the style allow it. None for any.
            mask: What of the pictures is compared, `(height, width)` float32, 0..1; None for all
                of it.

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
        canvas = np.asarray(photo, np.float32)
        target = {
            term: found
            for term, described in style.statistics.items()
            if (
                found := {
                    name: tf.constant(values, tf.float32)
                    for name, values in described.items()
                    if name in self.style
                }
            )
        }
        masks: dict[str, Floats] | None = None
        if parts := self._parts(canvas, largest, target):
            assert self._reach is not None  # there are no tiles without
            if mask is not None:
                masks = self._masks(
                    mask,
                    {
                        name: (canvas.shape[0] // stride, canvas.shape[1] // stride)
                        for name, stride in self._reach.strides.items()
                    },
                )
            evaluate = self._tiled.against(canvas, parts, target, weights, forms, masks)
        else:
            maps = self.features(canvas)
            content = {name: maps[name] for name in self.content}
            if mask is not None:
                masks = self._masks(mask, {name: map_.shape[:2] for name, map_ in maps.items()})
                content = {n: CONTENT.accumulate(map_, masks[n]) for n, map_ in content.items()}
            evaluate = self._whole.against(content, target, weights, forms, masks)
        if weights.contours and (term := contours.of(canvas)) is not None:
            return term.beside(evaluate, weights.contours)
        return evaluate

    def _masks(self, mask: Floats, shapes: Mapping[str, tuple[int, int]]) -> dict[str, Floats]:
        """A mask on the maps of all layers that are compared, by the shapes of these."""
        names = {*self.content, *self.style}
        return {name: on_grid(mask, *shapes[name]) for name in names}

    def _parts(
        self, picture: Canvas, largest: int | None, terms: Iterable[str]
    ) -> list[tiling.Tile]:
        """The tiles of a picture; none if it is taken whole."""
        height, width = picture.shape[:2]
        if self._reach is None or largest is None or height * width <= largest:
            return []
        if not (CONTENT.tiles and all(STYLE[term].tiles for term in terms)):
            return []
        return tiling.cut(height, width, largest, self._reach)


@lru_cache(maxsize=4)
def objective(
    network_id: str, dtype: str, content: Layers, style: Layers, forms: bool = False
) -> Objective:
    """The losses over features of a network, compiled once.

    Raises:
        KeyError, WeightsError: See `extractors.load`.
        InvalidRequest: If the network has no such layer.
    """
    return Objective(extractors.load(network_id, dtype=dtype), content, style, forms)
