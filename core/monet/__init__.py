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
    cycle,
    is_loaded,
    paint,
    painter,
)

__all__ = [
    "BRUSHES",
    "DIRECTIONS",
    "LONGEST",
    "MODELS",
    "Brush",
    "Direction",
    "Painted",
    "blend",
    "cycle",
    "is_loaded",
    "paint",
    "painter",
]
