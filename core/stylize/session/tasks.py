"""Tasks of style transfer that run as jobs: painting, and loading what it needs.

They run apart: importing TensorFlow holds all threads of a process for seconds, and takes half a
gigabyte of memory.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from core import jobs
from core.images.types import Pixels
from core.jobs import Control, Progress
from core.stylize import session
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """The payload of `stylize`: what is to be painted.

    Attributes:
        request: How.
        photo: `(height, width, 3)` uint8 RGB of any size.
        styles: Pictures like it, or ids of painters.
        sketch: The instant picture of this order, if somebody has it already.
        earlier: A painting of the same order to go on from, in place of what the request says.
    """

    request: StylizeRequest
    photo: Pixels
    styles: Sequence[Pixels | str]
    sketch: Pixels | None = None
    earlier: Painting | None = None


@jobs.task("stylize", apart=True)
def stylize(order: Order, control: Control) -> Generator[Progress, None, Painting | None]:
    """Paints, see `session.paint`."""
    return (
        yield from session.paint(
            order.request,
            order.photo,
            order.styles,
            sketch=order.sketch,
            earlier=order.earlier,
            control=control,
        )
    )


@jobs.task("warm-up-stylize", apart=True)
def warm_up(payload: None, control: Control) -> Generator[Progress, None, None]:
    """Loads what refining needs. A painting waits behind it, in the same queue."""
    yield Progress(phase="loading")
    session.warm_up()
