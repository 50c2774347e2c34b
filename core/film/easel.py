"""Where frames are painted one after the other, without flicker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np

from core import monet
from core.film.motion import Motion, Tracker
from core.film.request import FilmRequest
from core.film.steadying import Steadied
from core.film.strokes import Strokes
from core.images.types import Pixels
from core.jobs.checkpoint import Checkpoint
from core.stylize import artist_styles, instant
from core.stylize.artist_styles import ArtistStyle

Given: TypeAlias = Pixels | ArtistStyle | str
"""A style: a picture, the id of a painter, or what is known of either."""


class Brush(Protocol):
    """What paints single frames."""

    def cut(self) -> None:
        """The next frame begins a new shot."""

    def move(self, motion: Motion) -> None:
        """The next frame goes on from the one before."""

    def paint(self, frame: Pixels, strength: float) -> Pixels:
        """Paints a frame, `(height, width, 3)` uint8 RGB."""

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame."""

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there."""

    def release(self) -> None:
        """Gives back what painting took in memory."""


class StyleBrush:
    """Paints in any style, with an underdrawing that moves with the clip."""

    def __init__(
        self,
        request: FilmRequest,
        styles: Sequence[Given],
        height: int,
        width: int,
        engine: instant.Engine | None,
    ) -> None:
        self._frames = instant.Frames(
            [artist_styles.load(each) if isinstance(each, str) else each for each in styles],
            style_weights=request.style_weights,
            brush=request.brush,
            keep_colors=request.keep_colors,
            engine=engine,
        )
        self._strokes = Strokes(height, width)
        self._gone = np.zeros(2)  # how far most of the picture has gone, pixels down and right

    def cut(self) -> None:
        """See `Brush`."""
        self._frames.cut()
        self._strokes.cut()
        self._gone[:] = 0

    def move(self, motion: Motion) -> None:
        """See `Brush`."""
        self._strokes.move(motion.back, motion.trust)
        self._gone -= np.median(motion.back, axis=(0, 1))[::-1]

    def paint(self, frame: Pixels, strength: float) -> Pixels:
        """See `Brush`."""
        down, right = (-round(each) for each in self._gone)
        return self._frames.paint(frame, strength, (down, right), self._strokes.drawn)

    def checkpoint(self) -> Checkpoint:
        """See `Brush`."""
        gone = Checkpoint({"gone": self._gone.tolist()})
        return Checkpoint.joined(
            {
                "frames": self._frames.checkpoint(),
                "strokes": self._strokes.checkpoint(),
                "moved": gone,
            }
        )

    def restore(self, found: Checkpoint) -> None:
        """See `Brush`."""
        self._frames.restore(found.part("frames"))
        self._strokes.restore(found.part("strokes"))
        self._gone = np.array(found.part("moved").state["gone"])

    def release(self) -> None:
        """See `Brush`."""
        self._frames.release()


class MonetBrush:
    """Paints Monets."""

    def __init__(self, request: FilmRequest) -> None:
        self._brush = request.monet_brush

    def cut(self) -> None:
        """See `Brush`: each frame stands alone."""

    def move(self, motion: Motion) -> None:
        """See `Brush`: each frame stands alone."""

    def paint(self, frame: Pixels, strength: float) -> Pixels:
        """See `Brush`."""
        painted = monet.paint(frame, "to-monet", brush=self._brush, dabs=False)
        return monet.blend(painted.before, painted.after, strength)

    def checkpoint(self) -> Checkpoint:
        """See `Brush`: nothing is kept."""
        return Checkpoint({})

    def restore(self, found: Checkpoint) -> None:
        """See `Brush`: nothing is kept."""

    def release(self) -> None:
        """See `Brush`: nothing is kept."""


class Easel:
    """Paints frames of one size in their order.

    Attributes:
        cuts: How many there were so far.
    """

    def __init__(
        self,
        request: FilmRequest,
        styles: Sequence[Given],
        height: int,
        width: int,
        *,
        engine: instant.Engine | None = None,
    ) -> None:
        self._brush: Brush = (
            MonetBrush(request)
            if request.way == "monet"
            else StyleBrush(request, styles, height, width, engine)
        )
        self._tracker = Tracker()
        self._steadied = Steadied(height, width, request.steadiness)
        self.cuts = 0

    def paint(self, frame: Pixels, strength: float) -> Pixels:
        """Paints the next frame.

        Args:
            frame: `(height, width, 3)` uint8 RGB.
            strength: 0..1.

        Returns:
            The same shape, uint8 RGB.
        """
        motion = self._tracker.next(frame)
        if motion is not None:
            if motion.cut:
                self.cuts += 1
                self._brush.cut()
                self._steadied.cut()
            else:
                self._brush.move(motion)
        return self._steadied.next(self._brush.paint(frame, strength), motion)

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame, exactly."""
        return Checkpoint.joined(
            {
                "brush": self._brush.checkpoint(),
                "tracker": self._tracker.checkpoint(),
                "steadied": self._steadied.checkpoint(),
                "cuts": Checkpoint({"count": self.cuts}),
            }
        )

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there, with the same request and styles."""
        self._brush.restore(found.part("brush"))
        self._tracker.restore(found.part("tracker"))
        self._steadied.restore(found.part("steadied"))
        self.cuts = found.part("cuts").state["count"]

    def release(self) -> None:
        """Gives back what painting took in memory."""
        self._brush.release()
