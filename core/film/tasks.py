"""The task "film": a clip painted in the background.

It runs apart: hundreds of pictures keep a process busy for minutes, and where the processor
multiplies bfloat16, TensorFlow paints them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import jobs
from core.film import painting
from core.film.painting import Film
from core.film.request import FilmRequest
from core.images.types import Pixels
from core.jobs import Control, Progress

FILM = "film"


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
