"""The recognition of a painting's artist."""

from core.identify.classify import (
    CANNOT_TELL,
    ENOUGH,
    SIDE,
    Guess,
    Identification,
    calibrated,
    explain,
    identify,
    known_features,
    known_score,
    overlay,
    softmax,
    squeeze,
    view,
    warm_up,
)
from core.identify.request import IdentifyRequest

__all__ = [
    "CANNOT_TELL",
    "ENOUGH",
    "SIDE",
    "Guess",
    "Identification",
    "IdentifyRequest",
    "calibrated",
    "explain",
    "identify",
    "known_features",
    "known_score",
    "overlay",
    "softmax",
    "squeeze",
    "view",
    "warm_up",
]
