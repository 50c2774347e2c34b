"""The requests of an identification and of an explanation."""

from __future__ import annotations

from pydantic import Field

from core import models
from core.requests import Request


class _OfAModel(Request):
    model: str = Field(
        models.DEFAULT,
        title="Model",
        description="The classifier, by its id.",
    )


class IdentifyRequest(_OfAModel):
    """What is asked of `identify`, and whether of `explain`, too."""

    top: int = Field(
        5,
        ge=1,
        title="How many names",
        description="The k of top-k: so many of the most probable artists.",
    )
    cut_out: bool = Field(
        False,
        title="Cut the painting out",
        description="Rectification: if the picture is a photo of a painting on its wall, only the "
        "painting is looked at, as if seen from in front.",
    )
    explain: bool = Field(
        False,
        title="Show where I looked",
        description="Grad-CAM heat map: which parts of the picture spoke for the first name.",
    )


class ExplainRequest(_OfAModel):
    """What is asked of `explain` alone."""

    artist: str | None = Field(
        None,
        title="Artist",
        description="The class whose Grad-CAM it is, by its id; the first name by default.",
    )
