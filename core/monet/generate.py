"""Photo to Monet and back, with the generators of a CycleGAN (arXiv 1703.10593).

The generators learned from small pictures, so their brush strokes are a few pixels wide.
A photo is therefore painted on a canvas of a chosen size, the *brush*, brought back to its
own size, and given back part of its details that are finer than the canvas.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal, get_args

import numpy as np
from PIL import Image

from core import images, models
from core.errors import UnknownName
from core.images.types import Pixels
from core.models.weights import Progress
from core.monet.dabs import laid_under
from core.monet.keras_network import KerasNetwork
from core.monet.networks import WHOLE, LiteRTNetwork
from core.monet.shade import brightness, without_specks
from core.monet.tiled import Painter

log = logging.getLogger(__name__)

Direction = Literal["to-monet", "to-photo"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
MODELS: dict[Direction, str] = {"to-monet": "photo_to_monet", "to-photo": "monet_to_photo"}
Brush = Literal["auto", "fine", "medium", "broad"]
BRUSHES: dict[Brush, int] = {"fine": 640, "medium": 352, "broad": 224}  # canvas's short side, px
LONGEST = 2048  # side of a result, pixels

_DETAIL = 0.3  # share of the photo's details, finer than the canvas, that is kept


@dataclass(frozen=True)
class Painted:
    """A painted picture.

    Attributes:
        direction: Which way.
        before: What was given, `(height, width, 3)` uint8, at most `LONGEST` pixels a side.
        after: The painted picture, of the same shape.
        seconds: Time it took, without loading the network.
    """

    direction: Direction
    before: Pixels
    after: Pixels
    seconds: float


@dataclass(frozen=True)
class Cycle:
    """There and back again, at the size of the canvas.

    Attributes:
        start, there, back: `(height, width, 3)` uint8.
        error: Mean absolute difference of `back` from `start`, as a share of the range.
    """

    start: Pixels
    there: Pixels
    back: Pixels
    error: float


def paint(
    pixels: Pixels,
    direction: Direction = "to-monet",
    *,
    brush: Brush = "auto",
    dabs: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> Painted:
    """Turns a photo into a Monet, or a Monet into a photo. May be called from any thread.

    Args:
        pixels: `(height, width, 3)` uint8; larger sides than `LONGEST` are reduced.
        brush: The smaller the canvas, see `BRUSHES`, the broader the strokes; "auto" follows
            the size of the picture, see `canvas_side`.
        dabs: Whether to lay some under what is flat, see `dabs`. They stay where they are while
            what is seen moves, so the frames of a film have none.
        stopping: Asked before each tile.

    Raises:
        UnknownName: If there is no such direction or brush.
        core.models.WeightsError: If the generator cannot be loaded.
        core.monet.tiled.Stopped: If `stopping` said so.
    """
    _check(direction, brush)
    painter(MODELS[direction])  # loaded before the time counts
    started = time.perf_counter()
    before = images.preview(pixels, LONGEST)
    canvas = reduced(before, canvas_side(brush, before))
    painted = _on_canvas(canvas, direction, dabs=dabs, stopping=stopping)
    after = painted if canvas is before else _enlarged(painted, canvas, before)
    return Painted(direction, before, after, time.perf_counter() - started)


def cycle(pixels: Pixels, direction: Direction = "to-monet", *, brush: Brush = "auto") -> Cycle:
    """Paints a picture and turns the painting back: the cycle that training keeps short.

    Raises:
        As `paint`.
    """
    _check(direction, brush)
    return cycled(pixels, direction, brush, _on_canvas)


def cycled(
    pixels: Pixels,
    direction: Direction,
    brush: Brush,
    painting: Callable[[Pixels, Direction], Pixels],
) -> Cycle:
    """The same by any painter.

    Args:
        painting: Paints a picture of the canvas's size in a direction.
    """
    back_again = next(way for way in DIRECTIONS if way != direction)
    whole = images.preview(pixels, LONGEST)
    start = reduced(whole, canvas_side(brush, whole))
    there = painting(start, direction)
    back = painting(there, back_again)
    return Cycle(start, there, back, difference(back, start))


def blend(before: Pixels, after: Pixels, strength: float) -> Pixels:
    """Between two pictures of the same shape, uint8: 0 gives the first, 1 the second.

    A strength above 1 goes on in the same direction.
    """
    if strength == 1:
        return after
    mixed = before + np.float32(strength) * (after.astype(np.float32) - before)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def is_loaded(direction: Direction) -> bool:
    """Whether a picture would be painted at once."""
    return models.is_loaded(MODELS[direction])


def difference(one: Pixels, other: Pixels) -> float:
    """The mean absolute difference (L1) of two pictures of one size, as a share of the range."""
    return float(np.abs(one.astype(np.float32) - other).mean() / 255)


def canvas_side(brush: Brush, pixels: Pixels) -> int:
    """The short side of the canvas on which a picture `(height, width, 3)` is painted, pixels.

    By default, "auto", a picture about as small as those of the training is painted as it is,
    a larger one broadly: what a page shows of it, reduced, has strokes of the learned size
    (figures: `benchmarks.monet.brushes`).
    """
    if brush == "auto":
        brush = "medium" if min(pixels.shape[:2]) <= BRUSHES["medium"] else "broad"
    return BRUSHES[brush]


def _check(direction: str, brush: str) -> None:
    for what, asked, known in (
        ("direction", direction, DIRECTIONS),
        ("brush", brush, get_args(Brush)),
    ):
        if asked not in known:
            raise UnknownName(f"No {what} {asked!r}; there are: {', '.join(known)}.")


def _on_canvas(
    canvas: Pixels,
    direction: Direction,
    *,
    dabs: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> Pixels:
    """What the generator makes of a canvas of this size."""
    paint = painter(MODELS[direction]).paint
    if direction == "to-photo":
        return paint(canvas, stopping)
    bright = brightness(canvas)
    under = laid_under(canvas, bright) if dabs else canvas
    return without_specks(canvas, paint(under, stopping), bright)


def reduced(pixels: Pixels, short_side: int) -> Pixels:
    """The picture with this short side; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _enlarged(painted: Pixels, canvas: Pixels, before: Pixels) -> Pixels:
    """A painted canvas at the size of `before`, with part of its finer details."""
    size = before.shape[1], before.shape[0]
    large, coarse = (
        np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BICUBIC), np.float32)
        for p in (painted, canvas)
    )
    large += _DETAIL * (before - coarse)
    return np.rint(large).clip(0, 255).astype(np.uint8)


def load(direction: Direction, progress: Progress = log.info) -> None:
    """Loads what paints, so that the first picture does not wait for it.

    Args:
        progress: Told in words when something is downloaded.

    Raises:
        core.models.WeightsError: If the generator cannot be loaded.
    """
    model_id = MODELS[direction]
    if models.runs_on_litert(model_id, WHOLE):
        models.load_graph(model_id, WHOLE, progress)
    else:
        models.load_keras(model_id, progress)


def painter(model_id: str) -> Painter:
    """What paints with a generator of the catalogue, loaded once."""
    return _painter(model_id, models.runs_on_litert(model_id, WHOLE))


@cache
def _painter(model_id: str, on_litert: bool) -> Painter:
    soften = models.get(model_id).soften
    if on_litert:
        return Painter(LiteRTNetwork(partial(models.load_graph, model_id)), soften=soften)
    loaded = models.load_keras(model_id)
    return Painter(KerasNetwork(loaded.body, loaded.lock), soften=soften)
