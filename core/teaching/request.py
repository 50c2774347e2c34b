"""The request of a lesson."""

from __future__ import annotations

from pydantic import Field

from core import models
from core.requests import Request


class TeachRequest(Request):
    """What is asked of `teach`: whom, and to which classifier."""

    name: str = Field(
        min_length=1,
        max_length=100,
        title="Painter",
        description="The class that is added; a name of the catalogue in any spelling, or another.",
    )
    model: str = Field(
        models.DEFAULT, title="Model", description="The classifier that learns it, by its id."
    )
    version: str | None = Field(
        None,
        title="Version",
        description="Of the model, 12 hexadecimal digits; the one that ships by default.",
    )
