"""The choice of who paints an instant picture: this process, or the worker.

This process answers at once, but where the processor multiplies bfloat16, TensorFlow paints about
three times as fast, once it has been loaded for refining anyway. So the first picture is painted
here, and further ones by the worker while it has nothing else to do.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Literal

from core import jobs, tensorflow_compat
from core.hardware import compute_dtype
from core.images.types import Pixels
from core.jobs import Handle, State
from core.jobs.worker import WorkerDied, shared
from core.settings import settings
from core.stylize import instant, session
from core.stylize.session.tasks import AT_ONCE, WARM_UP, Order

log = logging.getLogger(__name__)

WARMING = "stylize-warming"  # key of the job that loads what the worker needs

Painter = Literal["litert", "tensorflow"]


@dataclass(frozen=True, eq=False)
class Sketch:
    """An instant picture, `(rows, width, 3)` uint8 RGB, and what painted it."""

    pixels: Pixels
    by: Painter


def sketch(order: Order) -> Sketch:
    """Paints at once, by whoever is quickest now; errors are those of `session.at_once`."""
    started = time.monotonic()
    found = _by_worker(order) if _is_ready() else None
    if found is None:
        pixels = session.at_once(order.request, order.photo, order.styles, masks=order.masks)
        found = Sketch(pixels, painter_here())
    log.info("Painted at once by %s in %.2f s", found.by, time.monotonic() - started)
    return found


def warm_up() -> None:
    """Has the worker load what refining and further instant pictures need, when nobody waits.

    Called as often as one likes: it is done once, and again for a worker that took the place of
    another, or when it had to give way.
    """
    global _warming
    if not tensorflow_compat.is_installed():
        return
    with _lock:
        before = _warming
        if before is None or (
            before.state in (State.done, State.cancelled)
            and shared.pid not in (None, _warmed())
            and not shared.tasks
        ):
            _warming = jobs.submit(WARM_UP, is_worthwhile(), key=WARMING)


def give_way() -> None:
    """Puts off what only further instant pictures need: somebody wants to refine."""
    if _warming is not None:
        _warming.cancel()


def is_worthwhile() -> bool:
    """Whether the worker would paint faster than this process."""
    return settings().worker == "auto" and _tensorflow_is_quicker()


def engine_for(count: int) -> instant.Engine | None:
    """What is to paint so many pictures one after the other; None for what paints one here.

    Importing TensorFlow and loading its networks takes as long as some `MANY` pictures save.
    """
    many = count >= MANY and _tensorflow_is_quicker()
    return instant.tensorflow_engine() if many else None


def _tensorflow_is_quicker() -> bool:
    return (
        settings().runtime == "auto"
        and painter_here() == "litert"
        and compute_dtype() == "mixed_bfloat16"
        and tensorflow_compat.is_installed()
    )


def painter_here() -> Painter:
    """What runs the networks of the instant picture in this process."""
    return instant.runtime()


MANY = 16

_lock = threading.Lock()
_warming: Handle | None = None


def _warmed() -> int | None:
    """The process that has loaded everything."""
    if _warming is None or _warming.state is not State.done:
        return None
    warmed: int | None = _warming.result()
    return warmed


def _is_ready() -> bool:
    """Whether the worker has loaded what it needs, and refines nothing."""
    return (
        is_worthwhile()
        and shared.pid is not None
        and shared.pid == _warmed()
        and not set(shared.tasks) - {AT_ONCE}
    )


def _by_worker(order: Order) -> Sketch | None:
    """A picture by the worker; None if it died of it."""
    try:
        return Sketch(jobs.submit(AT_ONCE, order).result(), "tensorflow")
    except WorkerDied as error:
        log.info("This process paints in its place: %s", error)
        return None
