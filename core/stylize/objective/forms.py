"""Forms as a term of the loss: what each place of a picture is to look like, place by place.

Each place of the photo is given the place of the style that it is most like, and the picture's
features are drawn to those, in many layers at once (Kolkin et al., "Neural Neighbor Style
Transfer", arXiv 2203.13215). What features of several layers say of a place is its hypercolumn.
Since each place has its own target, the term adds up over tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.images.types import Floats
from core.stylize import extractors
from core.stylize.objective import neighbors
from core.stylize.objective.terms import TINY

if TYPE_CHECKING:
    import tensorflow as tf

LAYERS = (
    "block1_conv2",
    "block2_conv2",
    "block3_conv1",
    "block3_conv3",
    "block4_conv1",
    "block4_conv3",
)
"""Of VGG16. Six of the ten of the paper; more look the same and cost more."""

CONTENT = {"block4_conv2": 1.0}
CONTENT_SHARE = 0.2
"""What content counts beside this term, as a share of what it counts beside texture alone: what is
seen is in the choice of places already."""

TEXTURE = {f"block{block}_conv1": 1.0 for block in range(1, 5)}
"""Layers of the terms beside this one. Gram matrices of block5 bring whole eyes and faces into
skies, where no place has been given any."""

STRIDE = 4
"""Pixels that a place stands for, along a side: the grid of block3."""

MOST_PLACES = 8192
"""Of all styles together, a fair sample."""

MOST_ASKED = 4096
"""Places of the photo by which hubs are known, and what features are centered by."""


@dataclass(frozen=True, eq=False)
class Forms:
    """What each place is to look like.

    Attributes:
        bank: Hypercolumns of places of the styles, of length 1, `(places, channels)` float32.
        chosen: Which of them each place is to be like, `(height, width)` int32, on a grid of
            `STRIDE` pixels.
        weights: What each place counts, `(height, width)` float32; None for all alike.
    """

    bank: tf.Tensor
    chosen: npt.NDArray[np.int32]
    weights: Floats | None = None

    def arguments(self, where: tuple[slice, ...] = ()) -> dict[str, Any]:
        """What `distance` takes besides maps, for a part of the grid or all of it."""
        found = {"bank": self.bank, "chosen": self.chosen[where]}
        if self.weights is None:
            return found | {"count": np.float32(self.chosen.size)}
        return found | {"count": self.weights.sum(), "weights": self.weights[where]}


def parts(maps: Mapping[str, tf.Tensor]) -> Iterator[tf.Tensor]:
    """Maps of the layers on one grid, each divided by its channels, as in the paper's code.

    A place of block4 stands for the four that it covers, rather than being interpolated: so a
    tile says the same as the whole.

    Args:
        maps: Layer to `(height, width, channels)`, all of one picture.

    Yields:
        `(height, width, channels)` of each of `LAYERS`.
    """
    import tensorflow as tf

    height, width = tf.unstack(tf.shape(maps["block3_conv1"])[:2])
    for name in LAYERS:
        map_ = maps[name] / maps[name].shape[-1]  # deep and shallow layers count about alike
        match name[:6]:
            case "block1":
                yield tf.nn.avg_pool2d(map_[None], 4, 4, "VALID")[0]
            case "block2":
                yield tf.nn.avg_pool2d(map_[None], 2, 2, "VALID")[0]
            case "block3":
                yield map_
            case _:
                rows = tf.minimum(tf.range(height) // 2, tf.shape(map_)[0] - 1)
                columns = tf.minimum(tf.range(width) // 2, tf.shape(map_)[1] - 1)
                yield tf.gather(tf.gather(map_, rows, axis=0), columns, axis=1)


def usual_layers(network: str, share: float) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Layers of content and of texture with their weights.

    Args:
        network: Id of the network.
        share: Of forms in the style; without any, the layers are those of the network's row.
    """
    row = extractors.get(network)
    return (CONTENT, TEXTURE) if share else (row.content, row.style)


def hypercolumns(maps: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """All layers of each place: `(height, width, channels)`."""
    import tensorflow as tf

    return tf.concat(list(parts(maps)), axis=-1)


def distance(
    maps: Mapping[str, tf.Tensor],
    bank: tf.Tensor,
    chosen: tf.Tensor,
    count: tf.Tensor,
    weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """How far a picture is from the forms it is to have: the mean of 1 less the cosine.

    Args:
        maps: Of a picture, or of a tile of it.
        bank: See `Forms`.
        chosen: See `Forms`; of the tile.
        count: Places of the whole picture, as they are weighed.
        weights: See `Forms`; of the tile.
    """
    import tensorflow as tf

    # Layer by layer: all of them at once would be copied several times.
    product, energy, start = 0.0, 0.0, 0
    for part in parts(maps):
        channels = part.shape[-1]
        target = tf.gather(bank[:, start : start + channels], chosen)
        product += tf.reduce_sum(part * target, axis=-1)
        energy += tf.reduce_sum(tf.square(part), axis=-1)
        start += channels
    distances = 1.0 - product * tf.math.rsqrt(energy + TINY)
    return tf.reduce_sum(distances if weights is None else distances * weights) / count


def choose(
    query: Seen,
    styles: Sequence[Seen | Bank],
    shares: Sequence[float],
    *,
    seed: int,
    half: bool,
    weights: Floats | None = None,
) -> Forms:
    """Gives each place of a picture the place of a style that it is most like.

    Several styles divide the picture between them, see `neighbors.share_out`: a mean of what
    different painters would do at one place is what neither would do.

    Args:
        query: The picture.
        styles: Those whose places are to be taken.
        shares: Of the styles, positive, summing to 1.
        seed: Of the samples.
        half: Whether products are computed in bfloat16.
        weights: Of the places, see `Forms`; those without any are given none, and say nothing of
            hubs.
    """
    import tensorflow as tf

    counted = np.ones(query.shape, bool) if weights is None else weights > 0
    asked = query.sample(MOST_ASKED, seed, counted)
    banks = [style.sample(MOST_PLACES // len(styles), seed) for style in styles]
    known = [
        neighbors.prepare(bank, asked, hubness=style.hubness, half=half)
        for bank, style in zip(banks, styles, strict=True)
    ]
    scores = np.empty((len(styles), *query.shape), np.float32)
    numbers = np.empty((len(styles), *query.shape), np.int32)
    for where, columns in query.parts():
        here = counted[where]
        if not here.any():
            continue
        for style, places in enumerate(known):
            scores[style][where][here], numbers[style][where][here] = neighbors.nearest(
                columns[here], places
            )
    taken = neighbors.share_out([each[counted] for each in scores], shares)
    first = np.cumsum([0, *map(len, banks[:-1])]).astype(np.int32)  # of each, in all of them
    chosen = np.zeros(query.shape, np.int32)
    chosen[counted] = first[taken] + np.take_along_axis(numbers[:, counted], taken[None], 0)[0]
    bank = neighbors.unit(np.concatenate(banks))
    return Forms(tf.constant(bank), chosen, weights)


def _sampled(count: int, most: int, seed: int) -> npt.NDArray[np.intp] | None:
    """Which of so many are drawn, without bias and sorted; None for all."""
    if count <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


@dataclass(frozen=True, eq=False)
class Bank:
    """A style of which only places are known, see `core.stylize.artist_places`.

    Attributes:
        columns: Their hypercolumns, `(places, channels)` float32.
        hubness: See `neighbors.HUBNESS`. Few places of several paintings have fewer that a plain
            sky is like: at half of this all of it became one of them, without a stroke.
    """

    columns: Floats
    hubness: float = 1.0

    def sample(self, most: int, seed: int) -> Floats:
        """At most so many of them, drawn without bias: `(places, channels)`."""
        drawn = _sampled(len(self.columns), most, seed)
        return self.columns if drawn is None else self.columns[drawn]


@dataclass(frozen=True)
class Seen:
    """A picture as hypercolumns, computed part by part whenever they are asked for.

    Attributes:
        shape: Of the grid of its places.
        parts: Gives each part of the grid, and its hypercolumns `(height, width, channels)`.
        hubness: See `neighbors.HUBNESS`.
    """

    shape: tuple[int, int]
    parts: Callable[[], Iterable[tuple[tuple[slice, slice], Floats]]]
    hubness: float = neighbors.HUBNESS

    def sample(self, most: int, seed: int, among: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Hypercolumns of at most so many places, drawn without bias: `(places, channels)`.

        Args:
            among: Which places may be drawn, as large as `shape`; None for all.
        """
        count = self.shape[0] * self.shape[1]
        numbers = np.arange(count) if among is None else np.flatnonzero(among)
        if (drawn := _sampled(len(numbers), most, seed)) is not None:
            numbers = numbers[drawn]
        down, right = np.divmod(numbers, self.shape[1])
        found = np.empty((0, 0), np.float32)
        for (rows, columns), values in self.parts():
            top, bottom, _ = rows.indices(self.shape[0])
            left, end, _ = columns.indices(self.shape[1])
            here = (top <= down) & (down < bottom) & (left <= right) & (right < end)
            if not found.size:
                found = np.empty((len(numbers), values.shape[-1]), np.float32)
            found[here] = values[down[here] - top, right[here] - left]
        return found
