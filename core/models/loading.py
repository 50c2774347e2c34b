"""Models in memory: each loaded once a process, and checked before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from core import tensorflow_compat
from core.extensions import ExtensionError
from core.hardware import compute_dtype
from core.models import graphs, keras_runtime, litert_runtime, weights
from core.models.entries import DEFAULT, Entry, get
from core.models.keras_runtime import KerasLoaded
from core.models.litert_runtime import CLASSIFIER, LiteRTLoaded, Network
from core.models.registry import builders
from core.models.runtime import Loaded
from core.models.weights import Progress, WeightsError
from core.settings import settings

log = logging.getLogger(__name__)


def load(model_id: str = DEFAULT, progress: Progress = log.info) -> Loaded:
    """Loads a classifier, once a process however many threads ask: on LiteRT where it can run.

    Raises:
        UnknownName: If there is no such model.
        WeightsError: If its weights are missing, damaged or not the recorded ones.
        TensorFlowMissing: If only Keras can run it, and TensorFlow is not installed.
    """
    if runs_on_litert(model_id, CLASSIFIER):
        return LiteRTLoaded(get(model_id), load_graph(model_id, CLASSIFIER, progress))
    return load_keras(model_id, progress)


def load_graph(model_id: str, graph: str, progress: Progress = log.info) -> Network:
    """Loads one graph of a model into LiteRT; otherwise as `load`."""
    entry, key = get(model_id), (model_id, graph)
    if key not in _graphs:
        with _loading:
            if key not in _graphs:
                _graphs[key] = _read_graph(entry, graph, progress)
    return _graphs[key]


def load_keras(model_id: str, progress: Progress = log.info) -> KerasLoaded:
    """Loads a model for who needs the layers of its network; otherwise as `load`."""
    entry = get(model_id)
    if model_id not in _loaded:
        tensorflow_compat.require(f"The model {entry.title} in Keras")
        path = weights.resolve(entry, progress)  # before the slow import: a refusal comes at once
        with _loading:
            if model_id not in _loaded:
                _loaded[model_id] = build(entry, path, progress)
    return _loaded[model_id]


def runs_on_litert(model_id: str, graph: str) -> bool:
    """Whether LiteRT is to run a graph of a model, as `ATELIER_RUNTIME` and its files have it.

    Raises:
        UnknownName: If there is no such model.
        WeightsError: If nothing else may run it, and LiteRT cannot.
    """
    entry, asked = get(model_id), settings().runtime
    able = (
        litert_runtime.is_installed()
        and entry.graphs is not None
        and graph in entry.graphs.difference
    )
    if asked == "litert" and not able:
        raise WeightsError(
            f"LiteRT cannot run the model {model_id} here: leave ATELIER_RUNTIME unset, or install "
            "Atelier again."
        )
    return able and asked != "tensorflow"


def is_loaded(model_id: str) -> bool:
    """Whether a model is in memory, in either runtime."""
    return model_id in _loaded or any(model_id == known for known, _ in _graphs)


_loaded: dict[str, KerasLoaded] = {}
_graphs: dict[tuple[str, str], Network] = {}
_loading = threading.RLock()  # a head loads its base


def _read_graph(entry: Entry, graph: str, progress: Progress) -> Network:
    archive = weights.resolve_graphs(entry, progress)
    parts = [entry] + ([get(entry.base)] if entry.base else [])
    paths = {part.id: weights.resolve(part, progress, ours=True) for part in parts}
    return read_graph(archive, graph, paths)


def read_graph(archive: Path, graph: str, paths: Mapping[str, Path]) -> Network:
    """A graph from files that were checked; weights by the id of their model.

    Raises:
        WeightsError: If they do not fit each other.
    """
    try:
        content = graphs.read(archive, graph, paths)
    except Exception as error:
        log.exception("Graph %s of %s cannot be filled", graph, archive)
        raise WeightsError(
            f"The weights do not fit {archive.name}: install Atelier again, or remove the file "
            "from ATELIER_WEIGHTS."
        ) from error
    # Small networks gain little from a third core: more pictures at once use the others.
    cores = litert_runtime.threads()
    threads = min(2, cores) if graph == CLASSIFIER else cores
    return Network(content, threads=threads, copies=max(1, cores // threads))


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
    given, dtype = dtype, dtype or builder.dtype or compute_dtype()
    outputs = (len(entry.artists) + 1,) if entry.task == "identify" else ()  # "somebody else" last
    network = builder.build(*outputs, dtype=dtype, **entry.arguments)
    keras_runtime.fill(network, path, entry)
    if entry.task == "identify" and entry.base:
        if given is None:
            base = load_keras(entry.base, progress)
        else:  # that of others may be in another precision
            base = build(get(entry.base), weights.resolve(get(entry.base), progress), dtype=given)
        return keras_runtime.on_base(entry, base.body, network)
    return keras_runtime.whole(entry, network)
