"""Tiles of a picture, cut so that a network sees in them what it sees in the whole.

A convolution beyond the border of a picture reads zeros. Beyond the border of a tile it must
not: so a tile is looked at with a margin as wide as the network sees, and what the margin
spoils is cut off its maps. Cuts lie where all poolings of the network have cuts, too. Then
every place of every map of the whole picture is a place of exactly one tile, with the same
value, and whatever is a sum over places can be added up tile by tile.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Reach:
    """How far a network sees.

    Attributes:
        strides: Layer to how many pixels a place of its map stands for, along a side.
        margin: Pixels beyond its own that the places of the deepest map depend on; a multiple
            of the greatest stride.
    """

    strides: Mapping[str, int]
    margin: int

    @property
    def stride(self) -> int:
        """The greatest stride, of which cuts are multiples."""
        return max(self.strides.values())


def reach(model: keras.Model) -> Reach | None:
    """How far each output of a network sees; None for any but a plain chain.

    A chain of convolutions of odd size, padded and of stride 1, and of poolings of as many
    pixels as their stride: that is VGG.
    """
    from keras import layers

    stride, margin, strides = 1, 0, {}
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            (size, width), plain = layer.kernel_size, layer.strides == layer.dilation_rate == (1, 1)
            if layer.padding != "same" or not plain or size != width or size % 2 == 0:
                return None
            margin += size // 2 * stride
        elif isinstance(layer, layers.MaxPooling2D):
            if layer.padding != "valid" or len({*layer.pool_size, *layer.strides}) > 1:
                return None
            stride *= layer.strides[0]
        elif not isinstance(layer, layers.InputLayer):
            return None
        strides[layer.name] = stride
    greatest = max(strides[name] for name in model.output)
    return Reach(
        {name: strides[name] for name in model.output}, math.ceil(margin / greatest) * greatest
    )


class Span(NamedTuple):
    """A stretch of one side of a picture, in pixels: `start:stop` is seen, `first:last` counts."""

    start: int
    stop: int
    first: int
    last: int

    def of_map(self, stride: int) -> slice:
        """What counts, in a map of the whole picture."""
        return slice(self.first // stride, self.last // stride)


class Tile(NamedTuple):
    """A part of a picture."""

    down: Span
    right: Span

    @property
    def seen(self) -> tuple[slice, slice]:
        """Its pixels with the margins, in the picture."""
        return slice(self.down.start, self.down.stop), slice(self.right.start, self.right.stop)

    def of_map(self, stride: int) -> tuple[slice, slice]:
        """What counts of it, in a map of the whole picture."""
        return self.down.of_map(stride), self.right.of_map(stride)

    @property
    def own(self) -> list[int]:
        """Top, bottom, left and right of what counts, within `seen`.

        Divided by a stride, and rounded down, they bound what counts in the tile's map.
        """
        return [
            edge - span.start
            for span in (self.down, self.right)
            for edge in (span.first, span.last)
        ]


def cut(height: int, width: int, largest: int, reach: Reach) -> list[Tile]:
    """Divides a picture into the tiles that make the least work.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture.
        largest: Pixels that a tile may have, margins included.
        reach: How far the network sees.

    Raises:
        ValueError: If there is hardly room for more than margins in a tile.
    """
    down, right = (
        [_spans(side, reach, n) for n in _counts(side, reach)] for side in (height, width)
    )
    fitting = [
        (sum(map(_length, rows)) * sum(map(_length, columns)), rows, columns)
        for rows, columns in itertools.product(down, right)
        if max(map(_length, rows)) * max(map(_length, columns)) <= largest
    ]
    if not fitting:
        raise ValueError(f"No tile of {largest} pixels has room for margins of {reach.margin}.")
    _, rows, columns = min(fitting)
    return [Tile(*spans) for spans in itertools.product(rows, columns)]


def _counts(side: int, reach: Reach) -> range:
    """Into how many parts a side can be divided: none is narrower than two strides, about."""
    return range(1, max(1, min(64, side // (2 * reach.stride))) + 1)


def _spans(side: int, reach: Reach, count: int) -> list[Span]:
    cuts = [round(n * side / count / reach.stride) * reach.stride for n in range(count)]
    return [
        Span(max(0, first - reach.margin), min(side, last + reach.margin), first, last)
        for first, last in itertools.pairwise([*cuts, side])
    ]


def _length(span: Span) -> int:
    return span.stop - span.start
