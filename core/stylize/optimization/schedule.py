"""The schedule of a painting: its size, the scales it is painted at, and the steps of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from core.images.types import Canvas, Pixels
from core.stylize import extractors
from core.stylize.request import StylizeRequest

SMALLEST = 90  # rows of the coarsest copy, at least: below it, strokes are no strokes any more


def size(photo: Pixels | Canvas, rows: int) -> tuple[int, int]:
    """Height and width of a painting of this photo."""
    return rows, max(1, round(rows * photo.shape[1] / photo.shape[0]))


def style_size(style: Pixels, scale: float, request: StylizeRequest) -> tuple[int, int]:
    """Height and width in which a style picture is looked at for a copy of this scale."""
    least = extractors.get(request.network).shortest_side
    height, width = size(style, round(max(least, request.rows * scale * request.brush)))
    return height, max(least, width)  # of a strip that is narrower, the network sees nothing


def scales(height: int, width: int, request: StylizeRequest) -> tuple[float, ...]:
    """The sizes at which it is painted one after the other, the last one 1."""
    if request.scales is not None:
        return request.scales
    shortest = max(SMALLEST, extractors.get(request.network).shortest_side)
    halvings = max(0, int(math.log2(min(height, width) / shortest)))
    return tuple(2.0**-n for n in range(halvings, -1, -1))


def shares(steps: int, scales: Sequence[float], fall: float = 2 / 3) -> list[int]:
    """Divides steps among scales.

    A scale starts from what the smaller one has found, and its steps cost four times as much.

    Args:
        steps: Of all scales.
        scales: From coarse to fine.
        fall: Steps of a scale, as a share of those of the smaller one.
    """
    portions = [fall**n for n in range(len(scales))]
    ends = [round(steps * sum(portions[: n + 1]) / sum(portions)) for n in range(len(scales))]
    return [end - start for start, end in itertools.pairwise([0, *ends])]
