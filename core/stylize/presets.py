"""Ways to paint, in a visitor's words: a few options each, from `assets/styles/presets.json`."""

from __future__ import annotations

import json
from functools import cache

from pydantic import BaseModel, ConfigDict

from core.settings import ROOT
from core.stylize.refine import OptimiserName, Options

_FILE = ROOT / "assets" / "styles" / "presets.json"
_USUAL = Options()


class Preset(BaseModel):
    """What a visitor chooses by one word. What it does not name is as usual."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    words: str  # one sentence
    style_weight: float = _USUAL.style_weight
    content_weight: float = _USUAL.content_weight
    variation_weight: float = _USUAL.variation_weight
    brush: float = _USUAL.brush
    keep_colors: bool = _USUAL.keep_colors
    optimiser: OptimiserName = _USUAL.optimiser
    learning_rate: float | None = _USUAL.learning_rate
    style_layers: dict[str, float] | None = None  # of VGG16; None for those of its row


@cache
def catalogue() -> tuple[Preset, ...]:
    """All presets in their order; the first one is as usual.

    Raises:
        pydantic.ValidationError: If the file holds something that is no preset.
    """
    rows = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Preset.model_validate(row) for row in rows)
