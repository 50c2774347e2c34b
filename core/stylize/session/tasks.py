"""Tasks of style transfer that run as jobs: painting, at once or refined, and what they load.

They run apart: importing TensorFlow holds all threads of a process for seconds, and takes half a
gigabyte of memory.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from core import jobs
from core.images.types import Pixels
from core.jobs import Control, Progress
from core.stylize import instant, session
from core.stylize.regions import Mask
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting

AT_ONCE = "at-once"
WARM_UP = "warm-up-stylize"


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """The payload of `stylize`: what is to be painted.

    Attributes:
        request: How.
        photo: `(height, width, 3)` uint8 RGB of any size.
        styles: Pictures like it, or ids of painters.
        sketch: The instant picture of this order, if somebody has it already.
        earlier: A painting of the same order to go on from, in place of what the request says.
        masks: Of the regions of which the request says what they are painted like.
    """

    request: StylizeRequest
    photo: Pixels
    styles: Sequence[Pixels | str]
    sketch: Pixels | None = None
    earlier: Painting | None = None
    masks: Sequence[Mask] = ()


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
            masks=order.masks,
        )
    )


@jobs.task(AT_ONCE, queue=AT_ONCE, apart=True)
def at_once(order: Order, control: Control) -> Generator[Progress, None, Pixels]:
    """Paints at once with TensorFlow, see `session.at_once`."""
    yield Progress(phase="sketching")
    engine = instant.tensorflow_engine()
    return session.at_once(
        order.request, order.photo, order.styles, masks=order.masks, engine=engine
    )


@jobs.task(WARM_UP, apart=True)
def warm_up(quick: bool, control: Control) -> Generator[Progress, None, int | None]:
    """Loads what refining needs. A painting waits behind it, in the same queue.

    Args:
        quick: Whether to load what `at_once` needs, too.

    Returns:
        The number of the process, once all is loaded; None if it had to stop.
    """
    yield Progress(phase="loading")
    session.warm_up()
    if quick:
        yield Progress(phase="loading", fraction=0.5)
        if control.stopping:
            return None
        gray = np.full((64, 64, 3), 128, np.uint8)
        session.at_once(StylizeRequest(rows=64), gray, [gray], engine=instant.tensorflow_engine())
    return os.getpid()
