"""Models in memory: each loaded once a process, and checked before."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from core import tensorflow_compat
from core.extensions import ExtensionError
from core.hardware import compute_dtype
from core.models import keras_runtime, weights
from core.models.entries import DEFAULT, Entry, get
from core.models.keras_runtime import KerasLoaded
from core.models.registry import builders
from core.models.runtime import Loaded
from core.models.weights import Progress, WeightsError

log = logging.getLogger(__name__)


def load(model_id: str = DEFAULT, progress: Progress = log.info) -> Loaded:
    """Loads a classifier, once a process however many threads ask.

    Raises:
        UnknownName: If there is no such model.
        WeightsError: If its weights are missing, damaged or not the recorded ones.
    """
    return load_keras(model_id, progress)


def load_keras(model_id: str, progress: Progress = log.info) -> KerasLoaded:
    """Loads a model for who needs the layers of its network; otherwise as `load`."""
    entry = get(model_id)
    if model_id not in _loaded:
        tensorflow_compat.require(f"The model {model_id} in Keras")
        path = weights.resolve(entry, progress)  # before the slow import: a refusal comes at once
        with _loading:
            if model_id not in _loaded:
                _loaded[model_id] = build(entry, path, progress)
    return _loaded[model_id]


def is_loaded(model_id: str) -> bool:
    """Whether a call of `load` would return at once."""
    return model_id in _loaded


_loaded: dict[str, KerasLoaded] = {}
_loading = threading.RLock()  # a head loads its base


def build(
    entry: Entry,
    path: Path,
    progress: Progress = log.info,
    *,
    dtype: str | None = None,
) -> KerasLoaded:
    """Makes the network of an entry and fills it from a file that was checked.

    Args:
        dtype: Keras policy of its convolutions; None for the fastest here.

    Raises:
        WeightsError: If the weights do not fit, or nothing here makes such a network.
    """
    try:
        builder = builders(entry.task)[entry.network]
    except ExtensionError as error:
        raise WeightsError(str(error)) from error
    except KeyError:
        raise WeightsError(
            f"Nothing here makes the network {entry.network} of the model {entry.id}: name the "
            "module that does in ATELIER_EXTENSIONS."
        ) from None
    dtype = dtype or builder.dtype or compute_dtype()
    outputs = (len(entry.artists) + 1,) if entry.task == "identify" else ()  # "somebody else" last
    network = builder.build(*outputs, dtype=dtype, **entry.arguments)
    keras_runtime.fill(network, path, entry)
    if entry.task == "identify" and entry.base:
        return keras_runtime.on_base(entry, load_keras(entry.base, progress).body, network)
    return keras_runtime.whole(entry, network)
