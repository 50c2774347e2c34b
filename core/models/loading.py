"""Models in memory: each loaded once a process, and checked before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from core import tensorflow_compat
from core.extensions import ExtensionError
from core.hardware import compute_dtype
from core.models import graphs, keras_runtime, litert_runtime, versions, weights
from core.models.entries import DEFAULT, Entry, get
from core.models.keras_runtime import KerasLoaded
from core.models.litert_runtime import CLASSIFIER, LiteRTLoaded, Network
from core.models.registry import builders
from core.models.runtime import Loaded
from core.models.versions import Version
from core.models.weights import Progress, WeightsError
from core.settings import settings

log = logging.getLogger(__name__)


def load(
    model_id: str = DEFAULT, progress: Progress = log.info, *, version: str | None = None
) -> Loaded:
    """Loads a classifier, once a process however many threads ask: on LiteRT where it can run.

    Args:
        version: See `core.models.versions`; None for the one that ships.

    Raises:
        UnknownName: If there is no such model, or version of it.
        WeightsError: If its weights are missing, damaged or not the recorded ones.
        TensorFlowMissing: If only Keras can run it, and TensorFlow is not installed.
    """
    if runs_on_litert(model_id, CLASSIFIER, version=version):
        network = load_graph(model_id, CLASSIFIER, progress, version=version)
        return LiteRTLoaded(versions.find(model_id, version).entry, network)
    return load_keras(model_id, progress, version=version)


def load_graph(
    model_id: str, graph: str, progress: Progress = log.info, *, version: str | None = None
) -> Network:
    """Loads one graph of a model into LiteRT; otherwise as `load`."""
    found = versions.find(model_id, version)
    key = (model_id, found.id, graph)
    network: Network | None = _loaded.get(key)
    if network is None:
        with _loading:
            network = _loaded.get(key)
            if network is None:
                network = _loaded[key] = _read_graph(found, graph, progress)
    return network


def load_keras(
    model_id: str, progress: Progress = log.info, *, version: str | None = None
) -> KerasLoaded:
    """Loads a model for who needs the layers of its network; otherwise as `load`."""
    found = versions.find(model_id, version)
    entry, key = found.entry, (model_id, found.id, _KERAS)
    loaded: KerasLoaded | None = _loaded.get(key)
    if loaded is None:
        tensorflow_compat.require(f"The model {entry.title} in Keras")
        # Before the slow import: a refusal comes at once.
        path = weights.resolve(entry, progress, found.directory)
        with _loading:
            loaded = _loaded.get(key)
            if loaded is None:
                loaded = _loaded[key] = build(entry, path, progress, version=found)
    return loaded


def runs_on_litert(model_id: str, graph: str, *, version: str | None = None) -> bool:
    """Whether LiteRT is to run a graph of a model, as `ATELIER_RUNTIME` and its files have it.

    Raises:
        UnknownName: If there is no such model, or version of it.
        WeightsError: If nothing else may run it, and LiteRT cannot.
    """
    entry, asked = versions.find(model_id, version).entry, settings().runtime
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


def is_loaded(model_id: str, version: str | None = None) -> bool:
    """Whether a version of a model is in memory, in either runtime; None for what ships."""
    wanted = version or versions.shipped(model_id).id
    return any((model_id, wanted) == key[:2] for key in list(_loaded))


def unload(model_id: str, keep: Collection[str]) -> None:
    """Lets go of a model's versions, save these and what ships; who uses one still has it."""
    kept = {*keep, versions.shipped(model_id).id}
    with _loading:
        for key in [key for key in _loaded if key[0] == model_id and key[1] not in kept]:
            del _loaded[key]


_KERAS = "keras"  # no graph is called so
# By model, version and graph: a `Network`, or a `KerasLoaded`.
_loaded: dict[tuple[str, str, str], Any] = {}
_loading = threading.RLock()  # a head loads its base


def _read_graph(found: Version, graph: str, progress: Progress) -> Network:
    archive = weights.resolve_graphs(found.entry, progress, found.directory)
    parts = [found.entry, *([found.base] if found.base else [])]
    paths = {part.id: weights.resolve(part, progress, found.directory, ours=True) for part in parts}
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
    version: Version | None = None,
) -> KerasLoaded:
    """Makes the network of an entry and fills it from a file that was checked.

    Args:
        dtype: Keras policy of its convolutions; None for the fastest here.
        version: Of which the entry is; None if its base is the one that ships.

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
    outputs = (entry.outputs,) if entry.task == "identify" else ()  # "somebody else" last
    network = builder.build(*outputs, dtype=dtype, **entry.arguments)
    keras_runtime.fill(network, path, entry)
    if entry.task == "identify" and entry.base:
        ships = get(entry.base)
        part = (version and version.base) or ships
        if given is None and part.file == ships.file:
            base = load_keras(entry.base, progress)
        else:  # in another precision, or that of others
            found = weights.resolve(part, progress, version.directory if version else None)
            base = build(part, found, dtype=given)
        return keras_runtime.on_base(entry, base.body, network)
    return keras_runtime.whole(entry, network)
