"""The request of photo to Monet and back."""

from __future__ import annotations

from pydantic import Field

from core.monet.generate import BRUSHES, Brush, Direction
from core.requests import Request

CANVAS_SIDES = (
    "the short side of the canvas that the generator sees, in pixels: "
    + ", ".join(f"{name} {side}" for name, side in BRUSHES.items())
    + "; auto takes a small picture as it is and paints a larger one broadly."
)


class MonetRequest(Request):
    """What is asked of `paint` and `blend`."""

    direction: Direction = Field(
        "to-monet",
        title="Which way",
        description="The generator of the CycleGAN: of Monets from photos, or of photos from "
        "Monets.",
    )
    brush: Brush = Field(
        "auto",
        title="Brush",
        description=f"The size of the strokes against the picture: {CANVAS_SIDES}",
    )
    strength: float = Field(
        1.0,
        ge=0,
        le=1.25,
        allow_inf_nan=False,
        title="Strength",
        description="Interpolation between picture and result: at 0 the picture as it came, at 1 "
        "the result as measured; more exaggerates.",
    )
