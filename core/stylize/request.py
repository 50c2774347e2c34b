"""The request of a painting: every setting with its range, its title and its technical term."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, ConfigDict, Field, field_validator, model_validator

from core.errors import InvalidRequest
from core.requests import Request
from core.stylize import extractors

Mode = Literal["instant", "refine"]
Start = Literal["instant", "photo", "noise"]
Optimizer = Literal["lbfgs", "adam"]
Finite = Annotated[float, Field(allow_inf_nan=False)]


def some_style(weights: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """Weights of styles as they are given; None for equal ones.

    Raises:
        InvalidRequest: If one is negative or no number, or all are zero.
    """
    # Not a number is not at least 0 either.
    if weights is not None and not (
        all(each >= 0 for each in weights) and 0 < sum(weights) < math.inf
    ):
        raise InvalidRequest("Weights of styles are positive numbers, and not all of them zero.")
    return weights


MOST_SENT = 5
"""So many styles may be sent to a service for one painting."""

_TABLE = extractors.TABLE.values()

PHOTO, ALL = "photo", "all"
"""What a region may be painted like besides a style's number: not at all, or like all, blended."""

Painted = Annotated[str, Field(pattern=rf"^({PHOTO}|{ALL}|[1-9][0-9]?)$")]


class StylizeRequest(Request):
    """How photos are painted in a style.

    Example:
        >>> StylizeRequest(rows=400, brush=1.4).changed(keep_colors=True)
    """

    model_config = ConfigDict(loc_by_alias=False)  # errors name fields, not their older spelling

    mode: Mode = Field(
        "refine",
        title="Way to paint",
        description="At once by a network that was trained for it (instant), or step by step "
        "by an optimizer of the picture itself (refine).",
    )
    network: str = Field(
        extractors.DEFAULT,
        title="Network",
        description="Feature extractor, whose features are compared: "
        f"{', '.join(extractors.TABLE)}.",
        json_schema_extra={"enum": list(extractors.TABLE)},
    )
    rows: int = Field(
        400,
        ge=min(each.shortest_side for each in _TABLE),
        le=10_000,
        title="Detail",
        description="Height of the painting in pixels; the width follows from the photo. Twice "
        "the rows take four times as long.",
    )
    steps: int = Field(
        100,
        ge=1,
        le=1_000_000,
        title="Time to spend",
        description="Steps of the optimizer: evaluations of the loss in all, over all scales.",
    )
    style_weight: Finite = Field(
        1.0,
        ge=0,
        title="Strength of style",
        description="Weight of the style loss when the picture is refined.",
    )
    content_weight: Finite = Field(
        0.1,
        ge=0,
        title="Faithfulness to the photo",
        description="Weight of the content loss when the picture is refined.",
    )
    forms: Finite = Field(
        0.5,
        ge=0,
        le=1,
        title="Forms and texture",
        description="Share of nearest-neighbor matching (forms, by VGG16) in "
        "the style loss; the rest is Gram matrices (texture). 0 is the method of Gatys et al.",
    )
    variation_weight: Finite = Field(
        0.0,
        ge=0,
        title="Smoothness",
        description="Weight of the total variation: more takes fine grain away.",
    )
    strength: Finite = Field(
        1.0,
        ge=0,
        le=1,
        title="Strength at once",
        description="How far the statistics of the instant picture go from those of the photo "
        "(0) to those of the style (1).",
    )
    style_weights: tuple[float, ...] | None = Field(
        None,
        title="Mix",
        description="One weight a style, by which the statistics of several are averaged; equal "
        "ones by default.",
    )
    brush: Finite = Field(
        1.0,
        ge=0.1,
        le=10,
        title="Brush",
        description="Size of the style picture against the photo (brush scale); 2 makes strokes "
        "twice as broad.",
    )
    keep_colors: bool = Field(
        False,
        title="Keep the photo's colors",
        description="Luminance is painted, chrominance stays.",
    )
    keep_contours: bool = Field(
        False,
        title="Faces stay faces",
        description="Fine contours of the photo are kept when it is refined: a Laplacian term.",
    )
    start: Start = Field(
        "photo",
        title="Start from",
        description="What is on the canvas before the first step: the instant picture, the photo "
        "in the colors of the style, or noise.",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**53 - 1,  # beyond it JSON and browsers round whole numbers
        title="Seed",
        description="Seed of the noise, where there is any, and of samples of places.",
    )
    optimizer: Optimizer = Field(
        "lbfgs",
        # So it is spelled in files of earlier versions.
        validation_alias=AliasChoices("optimizer", "optimiser"),
        serialization_alias="optimiser",
        title="Optimizer",
        description="L-BFGS reaches a finished picture sooner here; Adam is what many others use.",
    )
    learning_rate: Finite | None = Field(
        None,
        gt=0,
        le=255,
        title="Learning rate",
        description="How far Adam moves in a step, in gray levels; its own by default. L-BFGS "
        "finds its steps.",
    )
    waves: Finite = Field(
        0.75,
        ge=0,
        le=2,
        title="Broad forms first",
        description="Preconditioner: power of the frequency by which broad forms go before fine "
        "noise; 0 for none.",
    )
    scales: tuple[Finite, ...] | None = Field(
        None,
        title="Sizes on the way",
        description="Scales of the copies that are painted one after the other, rising to 1; "
        "halves by default.",
    )
    content_layers: dict[str, Finite] | None = Field(
        None,
        title="Layers of the photo",
        description="Weight of each content layer; those of the network's row by default.",
    )
    style_layers: dict[str, Finite] | None = Field(
        None,
        title="Layers of the style",
        description="Weight of each style layer; those of the network's row by default.",
    )
    region_styles: tuple[Painted, ...] | None = Field(
        None,
        title="Styles of regions",
        description="What the region of each mask is painted like, and then what no mask covers: "
        f"the number of a style, {ALL} of them blended, or {PHOTO} to stay as it is. By default "
        "each has the style of its number, or the only one, and what has none stays as it is.",
    )
    region_strengths: tuple[Annotated[Finite, Field(ge=0, le=1)], ...] | None = Field(
        None,
        title="Strengths of regions",
        description="How much of its style each region gets, from 0 to 1, in the same order; all "
        "of it by default.",
    )
    soft_edge: Finite = Field(
        0.02,
        ge=0,
        le=0.2,
        title="Soft edges",
        description="Breadth of the border in which regions pass into each other, as a share of "
        "the painting's shorter side.",
    )
    precision: str | None = Field(
        None,
        title="Precision",
        description="Keras dtype policy of the network; the fastest on this processor by default.",
    )

    @property
    def style_enough(self) -> int:
        """Pixels a side to which a style's picture may be reduced when it is read."""
        return round(2 * self.rows * max(1.0, self.brush))

    @model_validator(mode="before")
    @classmethod
    def _texture_alone(cls, values: object) -> object:
        """Says that there are no forms where there cannot be: with other networks, and before.

        Files of earlier versions, which knew no forms, have every field as it is serialized.
        """
        if isinstance(values, dict) and "forms" not in values:
            other = values.get("network", extractors.DEFAULT) != extractors.DEFAULT
            if other or "optimiser" in values:
                return {**values, "forms": 0.0}
        return values

    @field_validator("network")
    @classmethod
    def _known(cls, network: str) -> str:
        if network not in extractors.TABLE:
            known = ", ".join(extractors.TABLE)
            raise InvalidRequest(f"There is no network {network!r}; there are: {known}.")
        return network

    @field_validator("style_weights")
    @classmethod
    def _some_style(cls, weights: tuple[float, ...] | None) -> tuple[float, ...] | None:
        return some_style(weights)

    @field_validator("scales")
    @classmethod
    def _rising(cls, scales: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if scales is not None:
            rising = all(a < b for a, b in itertools.pairwise(scales))
            if not scales or not rising or scales[0] <= 0 or scales[-1] != 1:
                raise InvalidRequest("Scales rise to 1.")
        return scales

    @field_validator("content_layers", "style_layers")
    @classmethod
    def _positive(cls, layers: dict[str, float] | None) -> dict[str, float] | None:
        if layers is not None and (not layers or min(layers.values()) <= 0):
            raise InvalidRequest("Layers have positive weights, and there is at least one of each.")
        return layers

    @model_validator(mode="after")
    def _enough_rows(self) -> Self:
        row = extractors.get(self.network)
        if self.rows < row.shortest_side:
            raise InvalidRequest(f"{row.title} paints from {row.shortest_side} rows on.")
        return self

    @model_validator(mode="after")
    def _forms_by_vgg16(self) -> Self:
        if self.forms and self.network != extractors.DEFAULT:
            raise InvalidRequest(
                f"{extractors.get(self.network).title} paints textures only: set forms to 0, or "
                f"choose {extractors.get(extractors.DEFAULT).title}."
            )
        return self

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if not 0 < self.style_weight + self.content_weight + self.variation_weight < math.inf:
            raise InvalidRequest("Weights are positive numbers, and not all of them zero.")
        return self


ON_THE_PAGE = StylizeRequest(start="instant")
"""What the page offers at first. The instant picture is on the screen already, so refining goes on
from there; everywhere else it would have to be painted first, and a photo is the start."""
