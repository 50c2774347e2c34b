"""The models: catalogue, weights, loading, evaluations and architectures."""

from core.models.entries import (
    ASSETS,
    DEFAULT,
    Calibration,
    Entry,
    Graphs,
    KerasFile,
    KnownScore,
    Photograph,
    Taught,
    WeightsFile,
    assets,
    catalogue,
    classifiers,
    get,
)
from core.models.keras_runtime import KerasLoaded
from core.models.litert_runtime import CLASSIFIER, FEATURES, SIGNATURE, LiteRTLoaded, Network
from core.models.loading import (
    build,
    is_loaded,
    load,
    load_graph,
    load_keras,
    read_graph,
    runs_on_litert,
    unload,
)
from core.models.runtime import Loaded
from core.models.versions import Version, VersionError
from core.models.weights import NotHere, WeightsError, checked, resolve, resolve_graphs

__all__ = [
    "ASSETS",
    "CLASSIFIER",
    "DEFAULT",
    "FEATURES",
    "SIGNATURE",
    "Calibration",
    "Entry",
    "Graphs",
    "KerasFile",
    "KerasLoaded",
    "KnownScore",
    "LiteRTLoaded",
    "Loaded",
    "Network",
    "NotHere",
    "Photograph",
    "Taught",
    "Version",
    "VersionError",
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
    "load_graph",
    "load_keras",
    "read_graph",
    "resolve",
    "resolve_graphs",
    "runs_on_litert",
    "unload",
]
