"""Stills of a film that is not painted yet: a few of its moments, at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.film.clips.reading import Reader
from core.film.easel import Easel, Given
from core.film.painting import size
from core.film.request import FilmRequest
from core.images.types import Pixels

SHARES = 0.1, 0.5, 0.9
"""Of the length of a clip, where moments are taken."""


class Moment(NamedTuple):
    """A frame.

    Attributes:
        pixels: `(height, width, 3)` uint8 RGB.
        share: Where in the clip it is, 0..1.
    """

    pixels: Pixels
    share: float


def take(path: Path, request: FilmRequest) -> list[Moment]:
    """Frames of a clip, in the size of the film that it will be.

    Raises:
        UnreadableClip: If the clip is none, damaged, or over a limit of the settings.
        OSError: If it cannot be opened.
    """
    with Reader(path) as reader:
        height, width = size(reader.clip, request, "mp4")
        found = reader.at([share * reader.clip.seconds for share in SHARES], height, width)
        return [
            Moment(frame.pixels, float(frame.time * reader.clip.time_base) / reader.clip.seconds)
            for frame in found
        ]


def paint(request: FilmRequest, moment: Moment, styles: Sequence[Given]) -> Pixels:
    """A moment as it will be in the film, nearly: there it also has something of those before."""
    easel = Easel(request, styles, *moment.pixels.shape[:2])
    try:
        return easel.paint(moment.pixels, request.strength_at(moment.share))
    finally:
        easel.release()
