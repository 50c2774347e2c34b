"""The durable task `monet`: one picture, painted by whichever process is there."""

from __future__ import annotations

from collections.abc import Generator

from core import images
from core.jobs import Progress, durable
from core.monet import generate
from core.monet.request import MonetRequest
from core.monet.tiled import Stopped

MONET = "monet"


class MonetOrder(durable.Payload):
    """What is to be painted; the picture is a file as it was sent."""

    request: MonetRequest
    picture: bytes


@durable.task(MONET, payload=MonetOrder)
def run(
    order: MonetOrder, control: durable.DurableControl
) -> Generator[Progress, None, durable.File | None]:
    """Paints a picture. It takes seconds: after a kill it is begun anew.

    Returns:
        A PNG that remembers how it was made; None if it was stopped before its end.
    """
    asked = order.request
    picture = images.load(order.picture, enough=generate.LONGEST)
    yield Progress(phase="painting", of=1)
    try:
        done = generate.paint(
            picture.pixels,
            asked.direction,
            brush=asked.brush,
            stopping=lambda: control.stopping,
        )
    except Stopped:
        return None
    painted = generate.blend(done.before, done.after, asked.strength)
    yield Progress(phase="painting", step=1, of=1, fraction=1.0, seconds=done.seconds)
    made = asked.model_dump(mode="json")
    return durable.File(images.encode(painted, "PNG", made), "image/png")
