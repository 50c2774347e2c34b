"""The tasks "film" and "journey": a clip, or a loop of a photo, painted in the background.

They run apart: hundreds of pictures keep a process busy for minutes, and where the processor
multiplies bfloat16, TensorFlow paints them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import jobs
from core.film import journey as journeys
from core.film import painting
from core.film.painting import Film
from core.film.request import FilmRequest, JourneyRequest
from core.images.types import Pixels
from core.jobs import Control, Progress

FILM, JOURNEY = "film", "journey"


@dataclass(frozen=True, eq=False)
class FilmOrder:
    """The payload of the task.

    Attributes:
        request: How.
        clip: The file.
        styles: Pictures, `(height, width, 3)` uint8 RGB, or ids of painters; none for Monet.
        out: The file to write.
    """

    request: FilmRequest
    clip: Path
    styles: Sequence[Pixels | str]
    out: Path


@jobs.task(FILM, apart=True)
def film(order: FilmOrder, control: Control) -> Generator[Progress, None, Film | None]:
    """Paints, see `painting.paint`."""
    return (
        yield from painting.paint(
            order.request, order.clip, order.styles, order.out, control=control
        )
    )


@dataclass(frozen=True, eq=False)
class JourneyOrder:
    """The payload of the task.

    Attributes:
        request: How.
        photo: `(height, width, 3)` uint8 RGB.
        styles: Pictures likewise, or ids of painters.
        out: The file to write.
    """

    request: JourneyRequest
    photo: Pixels
    styles: Sequence[Pixels | str]
    out: Path


@jobs.task(JOURNEY, apart=True)
def journey(order: JourneyOrder, control: Control) -> Generator[Progress, None, Film | None]:
    """Paints, see `journey.paint`."""
    return (
        yield from journeys.paint(
            order.request, order.photo, order.styles, order.out, control=control
        )
    )
