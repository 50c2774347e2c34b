"""A slow journey: a photo becomes its painting and a photo again, or goes from painter to painter.

It is a loop without a seam: its last frame leads into its first, and it is slow where it turns.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Generator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from core import files, images
from core.errors import InvalidRequest
from core.film.clips import containers, writing
from core.film.clips.clip import Kind
from core.film.easel import Given
from core.film.painting import Film, written
from core.film.request import JourneyRequest
from core.images.types import Pixels
from core.jobs import Control, Progress, Uncontrolled
from core.jobs.checkpoint import Checkpoint, Checkpoints
from core.stylize import artist_styles, instant, refine
from core.stylize.session import quickest, stills
from core.stylize.style import InstantTarget

log = logging.getLogger(__name__)

MOST_STYLES = 6
_FADE = 0.3  # share of the way from the photo on which it fades into its lightest painting
_PREVIEW_EVERY = 0.4  # seconds
_HELD = 200_000_000  # bytes of frames that are kept for the way back; others are painted twice


def paint(
    request: JourneyRequest,
    photo: Pixels,
    styles: Sequence[Given],
    out: Path,
    *,
    control: Control | None = None,
    checkpoints: Checkpoints | None = None,
) -> Generator[Progress, None, Film | None]:
    """Paints a journey: with one style from the photo there and back, with several round them.

    Args:
        request: How long, and in what detail.
        photo: `(height, width, 3)` uint8 RGB.
        styles: At least one, at most `MOST_STYLES`.
        out: The file, whose ending decides its container. It is replaced when the film is done.
        control: Asked after each frame whether to stop; half a loop is none, and nothing is kept.
        checkpoints: As in `painting.paint`.

    Yields:
        Progress: `phase` is loading or painting; steps are frames, `preview` the latest.

    Returns:
        The film; None if it was stopped.

    Raises:
        core.errors.AtelierError: If it cannot be painted or written; the sentence says why.
    """
    kind = containers.kind_of(out)
    if not 1 <= len(styles) <= MOST_STYLES:
        raise InvalidRequest(f"A journey needs one to {MOST_STYLES} styles.")
    files.check_output(out)
    asking, started = control or Uncontrolled(), time.monotonic()
    count = request.frames
    yield Progress(phase="loading", of=count)
    height, width = size(photo, request, kind)
    canvas = refine.as_pixels(refine.resize(photo, height, width))
    way = _Way(request, canvas, styles, count)
    rate = Fraction(request.fps).limit_denominator(1001)
    previewed = 0.0
    keeps = checkpoints is not None
    try:
        with written(out), files.replacing(out) as whole:
            open_file = partial(
                writing.Writer, whole, kind, height, width, 1 / rate, float(rate), keeps=keeps
            )
            writer, before, spent = _begun(open_file, checkpoints)
            started -= spent
            with writer:
                for number in range(before, count):
                    if asking.stopping:
                        raise _Stopped
                    picture = way.frame(number)
                    writer.add(picture, number)
                    made, now = number + 1, time.monotonic()
                    if checkpoints is not None:
                        make = partial(_checkpoint, writer, made, now - started)
                        checkpoints.offer(make, urgent=number == before)
                    preview = None
                    if now - previewed > _PREVIEW_EVERY:
                        preview, previewed = stills.small(picture), now
                    yield Progress(
                        phase="painting",
                        step=made,
                        of=count,
                        fraction=made / count,
                        seconds=now - started,
                        seconds_left=(now - started) / made * (count - made),
                        preview=preview,
                    )
                writer.finish(count)
    except _Stopped:
        return None
    length = float(count / rate)
    return Film(out, width, height, count, 1, length, time.monotonic() - started, complete=True)


class _Stopped(Exception):
    """There is to be no film."""


def _checkpoint(writer: writing.Writer, made: int, seconds: float) -> Checkpoint:
    """What it takes to go on after so many frames; what was painted for the way back is not."""
    state = Checkpoint({"made": made, "seconds": seconds})
    return Checkpoint.joined({"journey": state, "writer": writer.checkpoint()})


def _begun(
    open_file: Callable[[], writing.Writer], checkpoints: Checkpoints | None
) -> tuple[writing.Writer, int, float]:
    """The file as an earlier process has left it, or empty: frames in it, seconds they took."""
    writer = open_file()
    if checkpoints is not None and (found := checkpoints.checkpoint) is not None:
        try:
            state = found.part("journey").state
            made, seconds = int(state["made"]), float(state["seconds"])
            writer.restore(found.part("writer"))
            return writer, made, seconds
        # Whatever a damaged one, or one of another release, breaks: the film is not lost.
        except Exception as error:
            log.warning("A journey begins anew, as its checkpoint cannot be read: %r", error)
            writer.give_up()
            writer = open_file()
    return writer, 0, 0.0


def size(photo: Pixels, request: JourneyRequest, kind: Kind) -> tuple[int, int]:
    """Height and width: of the photo's shape, painted in one piece."""
    height, width = refine.size(photo, request.rows)
    shrink = min(1.0, (instant.LARGEST / (height * width)) ** 0.5)
    return containers.even(kind, int(height * shrink)), containers.even(kind, int(width * shrink))


class _Way:
    """The frames of a journey."""

    def __init__(
        self, request: JourneyRequest, canvas: Pixels, styles: Sequence[Given], count: int
    ) -> None:
        self._canvas, self._count = canvas, count
        self._engine = quickest.engine_for(count)
        self._stops = [_described(each, canvas, request.brush, self._engine) for each in styles]
        self._painted: dict[int, bytes] = {}  # of the way there, for the way back; PNG
        self._held = 0  # bytes of them

    def frame(self, number: int) -> Pixels:
        """A frame, `(height, width, 3)` uint8 RGB."""
        if len(self._stops) > 2:
            return self._between(number / self._count * len(self._stops))
        # There and back: each picture is seen twice, and painted once.
        mirrored = self._count - number
        if mirrored in self._painted:
            return images.load(self._painted.pop(mirrored)).pixels
        share = 1 - abs(2 * number / self._count - 1)
        picture = self._from_photo(share) if len(self._stops) == 1 else self._between(share)
        if 0 < number < self._count / 2:
            png = images.encode(picture)
            self._held += len(png)
            if self._held <= _HELD:
                self._painted[number] = png
        return picture

    def _from_photo(self, share: float) -> Pixels:
        """The photo at 0, its painting at 1."""
        strength = _eased(share)
        if not strength:
            return self._canvas
        painted = self._painting([self._stops[0]], [1.0], strength).astype(np.float32)
        # Even with the photo's own statistics a painting is none: the photo fades into it.
        faded = painted + (1 - min(1.0, strength / _FADE)) * (self._canvas - painted)
        return refine.as_pixels(faded)

    def _between(self, place: float) -> Pixels:
        """A style at a whole number, the next one at the next; after the last the first."""
        count = len(self._stops)
        before, share = int(place) % count, _eased(place % 1)
        pair = [self._stops[before], self._stops[(before + 1) % count]]
        return self._painting(pair, [1 - share, share], 1.0)

    def _painting(
        self, styles: Sequence[InstantTarget], weights: Sequence[float], strength: float
    ) -> Pixels:
        return instant.paint(
            self._canvas,
            styles,
            style_weights=weights,
            strength=strength,
            rows=self._canvas.shape[0],
            engine=self._engine,
        )


def _described(
    style: Given, canvas: Pixels, brush: float, engine: instant.Engine | None
) -> InstantTarget:
    """A style as it is painted in; once, for all frames."""
    if isinstance(style, str):
        style = artist_styles.load(style)
    return instant.described([style], canvas, brush, engine)[0]


def _eased(share: float) -> float:
    """From 0 to 1, slow at both ends."""
    return (1 - math.cos(math.pi * share)) / 2
