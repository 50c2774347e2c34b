"""Painting for visitors: at once, refined as a job, and as Monet; here or by the service."""

from __future__ import annotations

from core import images, jobs, monet, tensorflow_compat
from core.images.types import Pixels
from core.jobs import Handle
from core.monet import MonetPayload
from core.monet.generate import Cycle
from core.stylize import instant
from core.stylize.session import quickest
from pages.components.work import ask, is_service
from pages.components.work.commission import Commission, fields, files, order


def can_refine() -> bool:
    """Whether paintings can be refined; of a service it is taken on trust, and it says if not."""
    return is_service() or tensorflow_compat.is_installed()


def waits() -> str:
    """What an instant picture has to wait for, in a sentence; empty if it is there at once."""
    if is_service():
        return "Painting. This takes a second, and longer where others wait."
    if not instant.is_loaded():
        return "Mixing the colors. This takes a few seconds, only at first."
    return ""


def warm_up() -> None:
    """Has loaded what refining needs, while the visitor looks at something else."""
    if not is_service():
        quickest.warm_up()


def at_once(wanted: Commission) -> Pixels:
    """The instant picture, `(rows, width, 3)` uint8 RGB.

    Raises:
        core.models.WeightsError: If the network for it is not to be had.
        core.errors.AtelierError: If it cannot be painted.
    """
    if not is_service():
        return quickest.sketch(order(wanted)).pixels
    png = ask(
        lambda atelier: atelier.stylize(
            wanted.photo.data, files(wanted.styles), masks=wanted.masks, **fields(wanted.request)
        )
    )
    return images.load(png).pixels


def refine(wanted: Commission, patience: float) -> Handle:
    """Has it refined, as a job whose result is a `Painting`.

    Args:
        patience: Seconds after which an abandoned page stops painting.
    """
    if is_service():
        from pages.components.work import following  # with HTTP

        return jobs.submit(following.REFINE, wanted, patience=patience)
    quickest.give_way()
    return jobs.submit("stylize", order(wanted), patience=patience)


def as_monet(payload: MonetPayload, patience: float) -> Handle:
    """Has a picture painted as Monet, or turned into a photo: a job, its result a `MonetResult`.

    Args:
        patience: As of `refine`.
    """
    if is_service():
        from pages.components.work import following  # with HTTP

        return jobs.submit(following.MONET, payload, patience=patience)
    return jobs.submit("monet", payload, patience=patience)


def cycle(pixels: Pixels, direction: monet.Direction, brush: monet.Brush) -> Cycle:
    """Paints a picture and turns the painting back, see `monet.cycle`."""
    if not is_service():
        return monet.cycle(pixels, direction, brush=brush)

    def paint(canvas: Pixels, way: monet.Direction) -> Pixels:
        png = images.encode(canvas)
        painted = ask(lambda atelier: atelier.monet(png, direction=way, brush=brush))
        return images.load(painted).pixels

    return monet.cycled(pixels, direction, brush, paint)
