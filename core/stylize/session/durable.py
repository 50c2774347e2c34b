"""The durable task `stylize`: a painting that survives the process that paints it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Self

from pydantic import Field, model_validator

from core import images
from core.errors import InvalidRequest
from core.images.types import Pixels
from core.jobs import Progress, durable
from core.stylize import regions, session
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting, metadata

STYLIZE = "stylize"


class Style(durable.Payload):
    """A style: a picture or a painter, one of the two."""

    picture: bytes | None = Field(None, description="A file that `core.images` reads")
    name: str = Field("", description="What the picture is called")
    artist: str | None = Field(None, description="The id of a painter, see `core.artists`")

    def given(self, enough: int | None = None) -> Pixels | str:
        """What `session.paint` takes.

        Args:
            enough: Pixels a side of a picture, see `images.load`.

        Raises:
            core.images.UnreadablePicture: If it cannot be read.
        """
        return self.artist or images.load(self.picture or b"", enough=enough).pixels

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.picture is None) == (self.artist is None):
            raise InvalidRequest("A style is either a picture or a painter.")
        return self


class StylizeOrder(durable.Payload):
    """What is to be painted; pictures are files as they were sent."""

    request: StylizeRequest
    photo: bytes
    name: str = Field("", description="What the photo is called")
    styles: tuple[Style, ...] = Field(min_length=1)
    masks: tuple[bytes, ...] = Field((), description="Of the regions, see `regions.load`")
    canvas: bytes | None = Field(
        None,
        description="A painting to go on with, in place of what the request starts from",
        exclude_if=lambda canvas: canvas is None,  # workers of before know no such field
    )


@durable.task(STYLIZE, payload=StylizeOrder)
def stylize(
    order: StylizeOrder, control: durable.DurableControl
) -> Generator[Progress, None, durable.File | None]:
    """Paints, see `session.paint`.

    Returns:
        A PNG that remembers how it was made, see `session.metadata`.
    """
    photo = images.load(order.photo, enough=2 * order.request.rows).pixels
    painting = yield from session.paint(
        order.request,
        photo,
        [style.given(order.request.style_enough) for style in order.styles],
        earlier=_earlier(order),
        control=control,
        checkpoints=control,
        masks=[regions.load(mask) for mask in order.masks],
    )
    if painting is None:
        return None
    return durable.File(
        metadata.png(
            painting.pixels,
            painting.request,
            content=order.name,
            styles=[style.artist or style.name for style in order.styles],
            weights=painting.request.style_weights,
            steps_made=painting.step,
            complete=painting.complete,
            masks=["a mask"] * len(order.masks),
        ),
        "image/png",
    )


def _earlier(order: StylizeOrder) -> Painting | None:
    """The painting on the canvas, from which all scales of the request are still to be painted."""
    if order.canvas is None:
        return None
    pixels = images.load(order.canvas).pixels
    return Painting(pixels, order.request, step=0, scale=0.0, complete=False, seconds=0.0)
