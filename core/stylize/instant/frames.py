"""Frames of a film in any style, painted alike as long as a shot lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from core.images.types import Canvas, Floats, Pixels
from core.jobs.checkpoint import Checkpoint
from core.stylize import color
from core.stylize.artist_styles import ArtistStyle
from core.stylize.instant.correction import STEP
from core.stylize.instant.engine import MARGIN, Engine, default_engine, target
from core.stylize.instant.moments import Statistics
from core.stylize.instant.shot import Shot, parts_as_arrays, parts_of_arrays
from core.stylize.style import InstantTarget

Place: TypeAlias = tuple[int, int]
"""Pixels down and to the right; multiples of `STEP` are alike."""
Draw: TypeAlias = Callable[[int, int, int, int], Floats]
"""From height and width of a frame with its borders, and the width of those above and left of it,
to strokes, see `underdrawing.draw`."""

_WANTED = "wanted"


class Frames:
    """Paints one frame after the other.

    Args:
        styles, style_weights, brush, keep_colors, engine: As in `engine.paint`.
    """

    def __init__(
        self,
        styles: Sequence[Pixels | InstantTarget | ArtistStyle],
        *,
        style_weights: Sequence[float] | None = None,
        brush: float = 1.0,
        keep_colors: bool = False,
        engine: Engine | None = None,
    ) -> None:
        self._styles, self._weights = styles, style_weights
        self._brush, self._keep_colors = brush, keep_colors
        self._engine = engine or default_engine()
        self._wanted: Statistics | None = None
        self._shot = Shot()

    def cut(self) -> None:
        """The next frame begins a new shot."""
        self._shot = Shot()
        if self._keep_colors:  # styles are given the colors of a frame
            self._wanted = None

    def paint(self, frame: Pixels, strength: float, place: Place, strokes: Draw) -> Pixels:
        """Paints the next frame.

        Args:
            frame: `(height, width, 3)` uint8 RGB, of at most `LARGEST` pixels.
            strength: 0 gives it its own statistics, 1 those of the style.
            place: Where in the raster of the networks it lies. They halve pictures again and
                again and paint the same thing otherwise a few pixels further: what moves is to
                stay where it was in the raster.
            strokes: What is drawn under it.

        Returns:
            The same shape, uint8 RGB.
        """
        if self._wanted is None:
            self._wanted = target(
                self._styles,
                frame,
                style_weights=self._weights,
                brush=self._brush,
                keep_colors=self._keep_colors,
                engine=self._engine,
            )
        height, width = frame.shape[:2]
        # Around the place of a photo, where it begins: borders are at least half of a photo's.
        top, left = (MARGIN - STEP // 2 + (each + STEP // 2) % STEP for each in place)
        canvas = self._canvas(frame, top, left)
        painted = self._engine.paint(
            canvas,
            self._wanted,
            strength,
            strokes=strokes(canvas.shape[1], canvas.shape[2], top, left),
            shot=self._shot,
        )
        picture = painted[top : top + height, left : left + width]
        if self._keep_colors:
            picture = color.with_colors_of(picture, frame.astype(np.float32))
        pixels: Pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        return pixels

    def _canvas(self, frame: Pixels, top: int, left: int) -> Canvas:
        """With mirrored borders, as large as a photo's wherever it lies: borders count, too."""
        height, width = (-(-(side + 2 * MARGIN) // STEP) * STEP for side in frame.shape[:2])
        around = (
            (top, height - top - frame.shape[0]),
            (left, width - left - frame.shape[1]),
            (0, 0),
        )
        return np.pad(frame.astype(np.float32), around, "symmetric")[None]

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""
        wanted = {} if self._wanted is None else parts_as_arrays(_WANTED, self._wanted)
        shot = self._shot.checkpoint()
        return Checkpoint(shot.state, {**shot.arrays, **wanted})

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there, with the same styles."""
        wanted = parts_of_arrays(_WANTED, found.arrays)
        self._wanted = Statistics(*wanted) if wanted[0] else None
        self._shot.restore(found)

    def release(self) -> None:
        """Gives back what the frames took in memory."""
        self._engine.release()
