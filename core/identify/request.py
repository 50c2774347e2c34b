"""The request of an identification."""

from __future__ import annotations

from pydantic import Field

from core import models
from core.requests import Request


class IdentifyRequest(Request):
    """What is asked of `identify`, and whether of `explain`, too."""

    model: str = Field(
        models.DEFAULT,
        title="Model",
        description="The classifier, by its id.",
    )
    top: int = Field(
        5,
        ge=1,
        title="How many names",
        description="The k of top-k: so many of the most probable artists.",
    )
    explain: bool = Field(
        False,
        title="Show where I looked",
        description="Grad-CAM heat map: which parts of the picture spoke for the first name.",
    )
