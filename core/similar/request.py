"""The request of similar paintings."""

from __future__ import annotations

from pydantic import Field

from core.requests import Request


class SimilarRequest(Request):
    """What is asked of `similar`: how many."""

    top: int = Field(
        5,
        ge=1,
        le=50,
        title="How many paintings",
        description="The k of k nearest neighbors by cosine distance.",
    )
