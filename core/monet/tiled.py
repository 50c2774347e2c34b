"""A tiled generator: canvases of any size, in bounded memory and without seams.

Small canvases are painted in one piece. Large ones are painted in tiles: what an instance
normalisation needs of the whole picture, the mean and variance of each channel, is taken
once from a reduced copy. With these fixed a tile depends on its surroundings only as far
as the convolutions reach, so tiles that overlap by more fit together exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from core import images
from core.images.types import Canvas, Floats, Pixels
from core.monet.networks import Network

WHOLE = 1024 * 1024  # pixels up to which a canvas is painted in one piece
TILE = 640  # side of a tile without its margin, pixels
MARGIN = 72  # more than the convolutions reach, see tests/core/monet/test_tiled.py; a multiple of 4


class Stopped(Exception):
    """The work was stopped before its end."""


class Painter:
    """Paints with one generator.

    Args:
        soften: How much detail at the frequency of pixel pairs is taken from the result, 0..1.
            Photos have more of it than paintings, and it comes through.
    """

    def __init__(self, network: Network, *, soften: float = 0.0) -> None:
        self._network = network
        self._soften = soften

    @property
    def runtime(self) -> str:
        """What runs the generator, with its version."""
        return self._network.runtime

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
        try:
            return self._paint(canvas, stopping)
        finally:
            self._network.release()

    def _paint(self, canvas: Pixels, stopping: Callable[[], bool]) -> Pixels:
        height, width = canvas.shape[:2]
        padded = _reflected(canvas)
        painted = np.empty_like(padded)
        if height * width <= WHOLE:
            moments, tiles = None, iter([(0, 0, padded.shape[0], padded.shape[1])])
        else:
            moments, tiles = self._moments(canvas), _tiles(*padded.shape[:2])
        for top, left, bottom, right in tiles:
            if stopping():
                raise Stopped
            seen = _batch(padded[top:bottom, left:right])
            if moments is None:
                found = self._network.whole(seen)
            else:
                found = self._network.tile(seen, moments)
            painted[top + MARGIN : bottom - MARGIN, left + MARGIN : right - MARGIN] = _pixels(
                found[MARGIN - 1 : 1 - MARGIN, MARGIN - 1 : 1 - MARGIN], self._soften
            )
        inner: Pixels = painted[MARGIN : MARGIN + height, MARGIN : MARGIN + width]
        return inner

    def _moments(self, canvas: Pixels) -> Floats:
        """The normalisation of all tiles: what a reduced copy of the canvas has."""
        side = max(canvas.shape[:2]) * (WHOLE / (canvas.shape[0] * canvas.shape[1])) ** 0.5
        return self._network.moments(_batch(_reflected(images.preview(canvas, int(side)))))


def _pixels(painted: Floats, soften: float) -> Pixels:
    """What a network painted, -1..1, as uint8, without a pixel at each border."""
    inner = painted[1:-1, 1:-1]
    if soften:  # by a binomial filter, which nothing at pixel pairs passes
        rows = painted[:-2] + 2 * painted[1:-1] + painted[2:]
        smooth = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
        inner = inner + soften * (smooth - inner)
    pixels: Pixels = np.rint((inner + 1) * 127.5).clip(0, 255).astype(np.uint8)
    return pixels


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
