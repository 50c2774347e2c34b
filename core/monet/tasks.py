"""The task "monet": one picture painted in the background."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from core import images, jobs
from core.images.types import Pixels
from core.jobs import Control, Progress
from core.monet import generate
from core.monet.request import MonetRequest
from core.monet.tiled import Stopped


@dataclass(frozen=True)
class MonetPayload:
    """The payload of the task.

    Attributes:
        request: Its strength is left to `blend`, which is quick, when the result is looked at.
        picture: The file, as it came.
    """

    request: MonetRequest
    picture: bytes


@dataclass(frozen=True)
class MonetResult:
    """The result of the task, as JPEGs: a tenth of the pixels' size.

    Attributes:
        before, after: At most `LONGEST` pixels a side, of the same shape.
        seconds: Time it took, without loading the network.
    """

    before: bytes
    after: bytes
    seconds: float

    @classmethod
    def of(cls, before: Pixels, after: Pixels, seconds: float) -> MonetResult:
        """That of pictures, `(height, width, 3)` uint8."""
        first, second = (
            images.encode(pixels, "JPEG", quality=95, subsampling=0) for pixels in (before, after)
        )
        return cls(first, second, seconds)


@jobs.task("monet")
def run(payload: MonetPayload, control: Control) -> Generator[Progress, None, MonetResult | None]:
    """Paints a picture; None if it was stopped before its end.

    Raises:
        core.images.UnreadablePicture: If it is none.
        core.models.WeightsError: If the generator cannot be loaded.
    """
    asked = payload.request
    picture = images.load(payload.picture, enough=generate.LONGEST)
    loaded = generate.is_loaded(asked.direction)
    yield Progress(phase="painting" if loaded else "loading", of=1)
    try:
        done = generate.paint(
            picture.pixels,
            asked.direction,
            brush=asked.brush,
            stopping=lambda: control.stopping,
        )
    except Stopped:
        return None
    result = MonetResult.of(done.before, done.after, done.seconds)
    yield Progress(phase="painting", step=1, of=1, fraction=1.0, seconds=done.seconds)
    return result
