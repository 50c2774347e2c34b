"""Requests of films: how a clip is painted, and how long a journey is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from core.monet.generate import Brush
from core.monet.request import CANVAS_SIDES
from core.requests import Request
from core.stylize.request import Finite, some_style

Way = Literal["style", "monet"]


class FilmRequest(Request):
    """How the frames of a clip are painted, and how much of each goes on in the next.

    Example:
        >>> FilmRequest(rows=240, strength=0.2, strength_end=1.0)
    """

    way: Way = Field(
        "style",
        title="Painted by",
        description="The network for any style (style), or the generator of Monets (monet).",
    )
    rows: int | None = Field(
        None,
        ge=32,
        le=2160,
        title="Detail",
        description="Height of the film in pixels, an even number; that of the clip by default, "
        "and never more.",
    )
    strength: Finite = Field(
        1.0,
        ge=0,
        le=1,
        title="Strength",
        description="How far the statistics of a frame go from its own (0) to those of the style "
        "(1); or the share of Monet's paint.",
    )
    strength_end: Finite | None = Field(
        None,
        ge=0,
        le=1,
        title="Strength at the end",
        description="If given, the strength goes there evenly from the first frame to the last.",
    )
    steadiness: Finite = Field(
        0.75,
        ge=0,
        le=0.95,
        title="Steadiness",
        description="Share of earlier frames in the next one, where the optical flow is "
        "trusted; at 0 each frame stands alone.",
    )
    style_weights: tuple[float, ...] | None = Field(
        None, title="Mix", description="One weight a style; equal ones by default."
    )
    brush: Finite = Field(
        1.0,
        ge=0.1,
        le=10,
        title="Brush",
        description="Size of the style picture against the frames (brush scale).",
    )
    keep_colors: bool = Field(
        False,
        title="Keep the clip's colors",
        description="Luminance is painted, chrominance stays.",
    )
    monet_brush: Brush = Field(
        "auto",
        title="Monet's brush",
        description=CANVAS_SIDES[0].upper() + CANVAS_SIDES[1:],
    )

    @field_validator("style_weights")
    @classmethod
    def _some_style(cls, weights: tuple[float, ...] | None) -> tuple[float, ...] | None:
        return some_style(weights)

    def strength_at(self, share: float) -> float:
        """The strength after a share of the film, 0..1."""
        end = self.strength if self.strength_end is None else self.strength_end
        return self.strength + min(1.0, max(0.0, share)) * (end - self.strength)


class JourneyRequest(Request):
    """How long a journey is, and in what detail.

    Example:
        >>> JourneyRequest(rows=240, seconds=6)
    """

    rows: int = Field(
        400,
        ge=32,
        le=1080,
        title="Detail",
        description="Height of the film in pixels, an even number.",
    )
    seconds: Finite = Field(
        8.0, ge=1, le=60, title="Length", description="Seconds of the loop, there and back."
    )
    fps: Finite = Field(
        12.0, ge=1, le=30, title="Frames a second", description="Frames that are shown in a second."
    )
    brush: Finite = Field(
        1.0,
        ge=0.1,
        le=10,
        title="Brush",
        description="Size of the style picture against the photo (brush scale).",
    )

    @property
    def frames(self) -> int:
        """How many there are."""
        return max(2, round(self.seconds * self.fps))
