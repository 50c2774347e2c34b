"""Photo to Monet and back."""

from core.monet.generate import (
    BRUSHES,
    DIRECTIONS,
    LONGEST,
    MODELS,
    Brush,
    Direction,
    Painted,
    blend,
    canvas_side,
    cycle,
    cycled,
    difference,
    is_loaded,
    load,
    paint,
    painter,
)
from core.monet.request import MonetRequest
from core.monet.tasks import MonetPayload, MonetResult

__all__ = [
    "BRUSHES",
    "DIRECTIONS",
    "LONGEST",
    "MODELS",
    "Brush",
    "Direction",
    "MonetPayload",
    "MonetRequest",
    "MonetResult",
    "Painted",
    "blend",
    "canvas_side",
    "cycle",
    "cycled",
    "difference",
    "is_loaded",
    "load",
    "paint",
    "painter",
]
