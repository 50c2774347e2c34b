"""A photo in any style at once, by a network that was trained for it."""

from core.stylize.instant.correction import corrected, shrunk, sketch
from core.stylize.instant.engine import (
    MODEL,
    Engine,
    compiled,
    describe,
    is_loaded,
    paint,
    runtime,
    tensorflow_engine,
)
from core.stylize.instant.matching import Change, changes, transport
from core.stylize.instant.moments import LAYERS, Statistics, statistics
from core.stylize.instant.networks import DECODER, ENCODER, Networks, Seen, style_vector
from core.stylize.instant.tensorflow_networks import TensorFlowNetworks, look, matched, measured

__all__ = [
    "DECODER",
    "ENCODER",
    "LAYERS",
    "MODEL",
    "Change",
    "Engine",
    "Networks",
    "Seen",
    "Statistics",
    "TensorFlowNetworks",
    "changes",
    "compiled",
    "corrected",
    "describe",
    "is_loaded",
    "look",
    "matched",
    "measured",
    "paint",
    "runtime",
    "shrunk",
    "sketch",
    "statistics",
    "style_vector",
    "tensorflow_engine",
    "transport",
]
