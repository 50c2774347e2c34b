"""A photo in any style at once, by a network that was trained for it."""

from core.stylize.instant.engine import (
    LAYERS,
    MODEL,
    Engine,
    Statistics,
    compiled,
    corrected,
    decode,
    describe,
    encode,
    is_loaded,
    match,
    paint,
    sketch,
    statistics,
    style_vector,
    transport,
)

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
