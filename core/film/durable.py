"""The durable tasks `film` and `journey`: by whoever is there, and identical whoever that was."""

from __future__ import annotations

from collections.abc import Generator

from pydantic import Field

from core import images
from core.film import journey as journeys
from core.film import painting, scratch
from core.film.clips import containers
from core.film.clips.clip import Kind
from core.film.request import FilmRequest, JourneyRequest
from core.jobs import Progress, durable
from core.stylize.session.durable import Style

FILM, JOURNEY = "film", "journey"


class ClipOrder(durable.Payload):
    """What is to be painted; clip and pictures are files as they were sent."""

    request: FilmRequest
    clip: bytes
    styles: tuple[Style, ...] = Field((), description="None for Monet")
    kind: Kind = Field("mp4", description="The container of the film")


@durable.task(FILM, payload=ClipOrder)
def film(
    order: ClipOrder, control: durable.DurableControl
) -> Generator[Progress, None, durable.File | None]:
    """Paints, see `painting.paint`.

    A checkpoint holds what is encoded so far, up to `SEGMENT` frames that are not yet (of a GIF,
    all), and what goes on from a frame to the next: some 50 bytes a pixel of one frame.

    Returns:
        The film as a file.
    """
    with scratch.folder() as folder:
        clip, out = folder / "clip", folder / f"film.{order.kind}"
        clip.write_bytes(order.clip)
        made = yield from painting.paint(
            order.request,
            clip,
            [style.given() for style in order.styles],
            out,
            control=control,
            checkpoints=control,
        )
        if made is None:
            return None
        return durable.File(out.read_bytes(), containers.MEDIA_TYPES[order.kind])


class LoopOrder(durable.Payload):
    """Where a journey begins and leads; pictures are files as they were sent."""

    request: JourneyRequest
    photo: bytes
    styles: tuple[Style, ...] = Field(min_length=1, max_length=journeys.MOST_STYLES)
    kind: Kind = Field("mp4", description="The container of the film")


@durable.task(JOURNEY, payload=LoopOrder)
def journey(
    order: LoopOrder, control: durable.DurableControl
) -> Generator[Progress, None, durable.File | None]:
    """Paints, see `journey.paint`. A checkpoint holds what one of `film` does of the file.

    Returns:
        The film as a file.
    """
    photo = images.load(order.photo, enough=2 * order.request.rows).pixels
    with scratch.folder() as folder:
        out = folder / f"loop.{order.kind}"
        made = yield from journeys.paint(
            order.request,
            photo,
            [style.given() for style in order.styles],
            out,
            control=control,
            checkpoints=control,
        )
        if made is None:
            return None
        return durable.File(out.read_bytes(), containers.MEDIA_TYPES[order.kind])
