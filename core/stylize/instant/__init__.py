"""A photo in any style at once, by a network that was trained for it."""

from core.stylize.instant.correction import corrected, shrunk, sketch
from core.stylize.instant.engine import (
    LARGEST,
    MARGIN,
    MODEL,
    Engine,
    compiled,
    default_engine,
    describe,
    described,
    is_loaded,
    padded,
    paint,
    runtime,
    target,
    tensorflow_engine,
)
from core.stylize.instant.frames import Frames
from core.stylize.instant.matching import Change, changes, transport
from core.stylize.instant.moments import LAYERS, Statistics, statistics
from core.stylize.instant.networks import DECODER, ENCODER, Networks, Seen, style_vector
from core.stylize.instant.tensorflow_networks import TensorFlowNetworks, look, matched, measured

__all__ = [
    "DECODER",
    "ENCODER",
    "LARGEST",
    "LAYERS",
    "MARGIN",
    "MODEL",
    "Change",
    "Engine",
    "Frames",
    "Networks",
    "Seen",
    "Statistics",
    "TensorFlowNetworks",
    "changes",
    "compiled",
    "corrected",
    "default_engine",
    "describe",
    "described",
    "is_loaded",
    "look",
    "matched",
    "measured",
    "padded",
    "paint",
    "runtime",
    "shrunk",
    "sketch",
    "statistics",
    "style_vector",
    "target",
    "tensorflow_engine",
    "transport",
]
