"""The models: catalogue, weights, loading, evaluations and architectures."""

from core.models.entries import (
    ASSETS,
    DEFAULT,
    Calibration,
    Entry,
    KerasFile,
    KnownScore,
    WeightsFile,
    assets,
    catalogue,
    classifiers,
    get,
)
from core.models.keras_runtime import KerasLoaded
from core.models.loading import build, is_loaded, load, load_keras
from core.models.runtime import Loaded
from core.models.weights import NotHere, WeightsError, checked, resolve

__all__ = [
    "ASSETS",
    "DEFAULT",
    "Calibration",
    "Entry",
    "KerasFile",
    "KerasLoaded",
    "KnownScore",
    "Loaded",
    "NotHere",
    "WeightsError",
    "WeightsFile",
    "assets",
    "build",
    "catalogue",
    "checked",
    "classifiers",
    "get",
    "is_loaded",
    "load",
    "load_keras",
    "resolve",
]
