"""The conversion of networks to LiteRT graphs, which share the weights of Keras's files.

TensorFlow's converter copies all weights into a graph. Those that are found in the published
files again, whatever their order of axes, are left out, and a list says where they are
(`core.models.graphs`); what is left is a few kilobytes. So there is one copy of the weights.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf

from core import models
from core.models import graphs
from core.models.graphs import Constant
from training.data.inputs import TrainingError
from training.publishing import catalogue

log = logging.getLogger(__name__)

_SMALL = 256  # bytes of constants that stay in the graph: sizes, axes, short biases
_MOST_OWN = 0.05, 20_000  # share of its constants, or bytes, that a graph may have of its own
_ALIGNED = 64  # bytes, as the runtime wishes its constants


@dataclass(frozen=True)
class Graph:
    """A function to be converted.

    Attributes:
        run: Of tensors by name; returns a dictionary of tensors.
        inputs: What it is traced with. Unknown sides are given as some size that allows all
            operations; who uses the graph resizes it, so `run` must not read them.
    """

    run: Callable[..., dict[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]


class DisagreementError(TrainingError):
    """A graph that does not give what Keras gives."""


def write(
    converted: Mapping[str, Graph],
    weights: Mapping[str, Path],
    stage: Path,
    model_id: str,
    out: Path,
) -> models.WeightsFile:
    """Converts the graphs of a model, and writes their archive.

    Args:
        weights: Id of the model, and of its base, to the published `.weights.h5`.
        stage: Directory to write.
        out: Where the file will be. Others that lie there keep their name.

    Raises:
        TrainingError: If a graph has many constants that are in none of the files.
    """
    written = stage / f"{model_id}.litert.zip"
    graphs.write(written, {name: _bare(each, weights) for name, each in converted.items()})
    return catalogue.named(written, out)


def described(
    file: models.WeightsFile,
    differences: Sequence[Mapping[str, float]],
    tolerance: Mapping[str, float],
) -> models.Graphs:
    """What the catalogue says of graphs that were compared with Keras.

    Args:
        differences: Output to difference, one row a picture.

    Raises:
        DisagreementError: If one is above the tolerance.
    """
    if not differences:
        raise DisagreementError("The graphs were not compared with Keras: give some pictures.")
    largest = {name: float(np.max([row[name] for row in differences])) for name in tolerance}
    for name, found in largest.items():
        if not found <= tolerance[name]:  # NaN is above, too
            raise DisagreementError(
                f"The graph gives other {name} than Keras: {found:.2g} apart, where "
                f"{tolerance[name]:.2g} is tolerated."
            )
    return models.Graphs(
        file=file,
        converter=f"TensorFlow {tf.__version__}",
        pictures=len(differences),
        difference={name: float(f"{found:.2g}") for name, found in largest.items()},
        tolerance=dict(tolerance),
    )


def _bare(graph: Graph, weights: Mapping[str, Path]) -> tuple[bytes, tuple[Constant, ...]]:
    """A graph without the constants that are in the files of weights, and where those are."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(_converted(graph), 0)
    known, own, shared = _known(weights), 0, 0
    found: list[tuple[Any, Constant, int]] = []
    for buffer in model.buffers:
        content = b"" if buffer.data is None else bytes(buffer.data)
        if len(content) <= _SMALL:
            continue
        if (constant := known.get(content)) is None:
            own += len(content)
            continue
        shared += len(content)
        found.append((buffer, constant, len(content)))
        buffer.data, buffer.offset, buffer.size = None, 2, len(content)  # 1 means: none
    if own > max(_MOST_OWN[0] * (own + shared), _MOST_OWN[1]):
        raise TrainingError(f"The graph has {own} bytes of constants that no weights file holds.")

    def packed() -> bytes:
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    end = len(packed())  # which does not depend on what the offsets are
    placed = []
    for buffer, constant, size in found:
        end += -end % _ALIGNED
        buffer.offset = end
        placed.append(constant.model_copy(update={"offset": end}))
        end += size
    return packed(), tuple(placed)


def _converted(graph: Graph) -> bytes:
    """A graph as TensorFlow converts it, in float32: in half precision it would round what it
    computes of the weights, such as the factors of a normalisation, once more.
    """
    module = tf.Module()
    module.run = tf.function(lambda **inputs: graph.run(**inputs), autograph=False)
    inputs = {name: tf.TensorSpec(s.shape, s.dtype, name) for name, s in graph.inputs.items()}
    concrete = module.run.get_concrete_function(**inputs)
    module.weights = list(concrete.graph.variables)  # else they are not saved
    with tempfile.TemporaryDirectory() as directory:  # only by this way the names are kept
        tf.saved_model.save(module, directory, signatures={models.SIGNATURE: concrete})
        converter = tf.lite.TFLiteConverter.from_saved_model(directory)
        content: bytes = converter.convert()
    return content


def _known(weights: Mapping[str, Path]) -> dict[bytes, Constant]:
    """The bytes of each array of weights, in every order of axes, to the place where it is."""
    known: dict[bytes, Constant] = {}
    for model, path in weights.items():
        with h5py.File(path, "r") as file:
            arrays: dict[str, np.ndarray] = {}
            file.visititems(
                lambda name, item, arrays=arrays: (
                    arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
                )
            )
        for name, array in arrays.items():
            for axes in itertools.permutations(range(array.ndim)):
                stored = np.ascontiguousarray(array.transpose(axes), np.float32)
                if stored.nbytes > _SMALL:
                    place = Constant(offset=0, model=model, dataset=name, axes=axes)
                    known.setdefault(stored.tobytes(), place)
    return known
