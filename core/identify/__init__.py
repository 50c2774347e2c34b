"""The recognition of a painting's artist."""

from core.identify.calibration import calibrated, softmax
from core.identify.classify import (
    CANNOT_TELL,
    ENOUGH,
    SIDE,
    Guess,
    Identification,
    classifier,
    identify,
    looked_at,
    of_observation,
    squeeze,
    view,
    warm_up,
)
from core.identify.explain import explain, overlay
from core.identify.observation import Observation
from core.identify.request import ExplainRequest, IdentifyRequest
from core.identify.unknown import known_features, known_score

__all__ = [
    "CANNOT_TELL",
    "ENOUGH",
    "SIDE",
    "ExplainRequest",
    "Guess",
    "Identification",
    "IdentifyRequest",
    "Observation",
    "calibrated",
    "classifier",
    "explain",
    "identify",
    "known_features",
    "known_score",
    "looked_at",
    "of_observation",
    "overlay",
    "softmax",
    "squeeze",
    "view",
    "warm_up",
]
