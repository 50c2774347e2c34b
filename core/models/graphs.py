"""LiteRT graphs without their weights, and how they are filled from Keras's files.

The weights of a model are kept once, in the `.weights.h5` file that Keras reads. Beside it lies
`<id>.litert.zip`, a few kilobytes: for each graph of the model a `<graph>.tflite`, whose large
constants are left out, and a `<graph>.json`, which says for each of them from which dataset of
which model's weights it comes, and in which order of axes. Filling a graph puts them, in float32,
where the file format expects constants that lie behind the graph itself (`Buffer.offset` and
`Buffer.size` of its schema). `training.publishing.litert.graphs` writes the archive.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

Axes = tuple[int, ...]


class Constant(BaseModel):
    """One constant of a graph.

    Attributes:
        offset: Where it begins in the filled file, bytes.
        model: Id of the model whose weights hold it: the model itself, or its base.
        dataset: Its name in their file.
        axes: The order in which LiteRT has its axes, as of `numpy.transpose`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: int
    model: str
    dataset: str
    axes: Axes


_constants = TypeAdapter(tuple[Constant, ...])


def read(archive: Path, graph: str, weights: Mapping[str, Path]) -> bytes:
    """A graph with its weights, as LiteRT takes it.

    Args:
        archive: A file that was checked; so are the weights.
        graph: The name of one that it holds.
        weights: Id of a model to its `.weights.h5`, for all that the graph's constants need.

    Raises:
        KeyError: If there is no such graph, or the weights lack something.
        ValueError: If a constant does not fit.
    """
    import h5py

    with zipfile.ZipFile(archive) as opened:
        bare = opened.read(f"{graph}.tflite")
        constants = _constants.validate_json(opened.read(f"{graph}.json"))
    opened_weights = {model: h5py.File(path, "r") for model, path in weights.items()}
    try:
        return filled(bare, constants, lambda each: opened_weights[each.model][each.dataset][()])
    finally:
        for file in opened_weights.values():
            file.close()


def filled(
    bare: bytes, constants: tuple[Constant, ...], value: Callable[[Constant], np.ndarray[Any, Any]]
) -> bytes:
    """A graph with its constants behind it.

    Args:
        value: Gives the array of a constant, in Keras's order of axes.
    """
    placed = [(each.offset, _as_stored(value(each), each)) for each in constants]
    end = max((offset + array.nbytes for offset, array in placed), default=len(bare))
    content = np.zeros(end, np.uint8)
    content[: len(bare)] = np.frombuffer(bare, np.uint8)
    for offset, array in placed:
        content[offset : offset + array.nbytes] = array.reshape(-1).view(np.uint8)
    return content.tobytes()


def _as_stored(array: np.ndarray[Any, Any], constant: Constant) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(array.transpose(constant.axes), np.float32)


def write(archive: Path, graphs: Mapping[str, tuple[bytes, tuple[Constant, ...]]]) -> None:
    """Writes an archive: name to graph without weights, and its constants.

    The same graphs make the same bytes.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, (bare, constants) in sorted(graphs.items()):
            listed = json.dumps(_constants.dump_python(constants, mode="json"), indent=0)
            for member, content in ((f"{name}.tflite", bare), (f"{name}.json", listed.encode())):
                opened.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
