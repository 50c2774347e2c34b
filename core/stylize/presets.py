"""Ways to paint, in a visitor's words: a few settings each, from `assets/styles/presets.json`."""

from __future__ import annotations

import json
from functools import cache
from typing import Self

from pydantic import model_validator

from core.errors import InvalidRequest
from core.settings import ROOT
from core.stylize.request import StylizeRequest

SETTINGS = (
    "style_weight",
    "content_weight",
    "forms",
    "variation_weight",
    "brush",
    "keep_colors",
    "keep_contours",
    "optimizer",
    "learning_rate",
    "style_layers",  # of the usual network
)
"""What a preset may set."""

_FILE = ROOT / "assets" / "styles" / "presets.json"
_NAMES = {"id", "title", "words"}


class Preset(StylizeRequest):
    """What a visitor chooses by one word: a request with a name. What it does not set is usual."""

    id: str
    title: str
    words: str  # one sentence

    @model_validator(mode="after")
    def _sets_only(self) -> Self:
        if others := self.model_fields_set - _NAMES - set(SETTINGS):
            raise InvalidRequest(f"A preset does not set {', '.join(sorted(others))}.")
        return self


@cache
def catalogue() -> tuple[Preset, ...]:
    """All presets in their order; the first one is as usual.

    Raises:
        pydantic.ValidationError: If the file holds something that is no preset.
    """
    rows = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Preset.model_validate(row) for row in rows)
