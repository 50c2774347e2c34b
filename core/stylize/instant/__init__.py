"""A photo in any style at once, by a network that was trained for it."""

from core.stylize.instant.correction import corrected, sketch
from core.stylize.instant.engine import (
    MODEL,
    Engine,
    compiled,
    describe,
    is_loaded,
    paint,
)
from core.stylize.instant.matching import match, transport
from core.stylize.instant.moments import Statistics, statistics
from core.stylize.instant.networks import LAYERS, decode, encode, style_vector

__all__ = [
    "LAYERS",
    "MODEL",
    "Engine",
    "Statistics",
    "compiled",
    "corrected",
    "decode",
    "describe",
    "encode",
    "is_loaded",
    "match",
    "paint",
    "sketch",
    "statistics",
    "style_vector",
    "transport",
]
