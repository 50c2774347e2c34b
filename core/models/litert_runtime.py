"""Models that LiteRT runs: at once, in little memory, without TensorFlow.

LiteRT is what TensorFlow Lite became. It computes in float32 and knows no gradients, so trainings
and refined style transfer stay with Keras.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from typing import Any

import numpy as np
import numpy.typing as npt

from core import logs
from core.images.types import Floats, Pixels
from core.models.entries import Entry
from core.settings import settings

log = logging.getLogger(__name__)

SIGNATURE = "serving_default"  # the name of the one function of each graph
_KEPT = 16_000_000  # bytes of inputs; what larger ones take in memory is not kept for the next


@cache
def is_installed() -> bool:
    """Whether LiteRT is there at all."""
    return util.find_spec("ai_edge_litert") is not None


def version() -> str:
    """What runs, for evaluation files."""
    return f"LiteRT {metadata.version('ai-edge-litert')}"


def threads() -> int:
    """Processor cores for one picture, `ATELIER_THREADS` or those that this process may use."""
    if settings().threads:
        return settings().threads
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # no Linux
        return os.cpu_count() or 1


class Network:
    """A graph in memory, called from any thread with arrays by the names of its inputs.

    Interpreters are made when they are needed, at most `copies` of them; who comes when all are
    at work waits. Inputs may have any shape that the graph allows.

    Args:
        content: A whole graph, see `core.models.graphs.read`.
        threads: Cores for each interpreter.
        copies: Most pictures at the same time; each takes the memory of the weights again.
    """

    def __init__(self, content: bytes, *, threads: int, copies: int = 1) -> None:
        self._content, self._threads = content, threads
        self._free: list[Any] = []
        self._permits = threading.Semaphore(copies)

    def __call__(self, **inputs: npt.NDArray[Any]) -> dict[str, Floats]:
        """The outputs of the graph by their names, the caller's own."""
        with self._runner(keep=sum(each.nbytes for each in inputs.values()) <= _KEPT) as run:
            found: dict[str, Floats] = run(**inputs)
        return found

    def release(self) -> None:
        """Gives back what the last inputs took in memory; the next call makes an interpreter."""
        self._free.clear()
        _give_back()

    @contextmanager
    def _runner(self, *, keep: bool) -> Iterator[Any]:
        with self._permits:
            try:
                runner = self._free.pop()
            except IndexError:
                runner = _interpreter(self._content, self._threads)
            yield runner  # after an error it is not used again
            if keep:
                self._free.append(runner)


def _give_back() -> None:
    """Has glibc hand freed blocks to the system: it would keep 50 MB after a large picture."""
    with suppress(OSError, AttributeError, TypeError):  # another C library, or Windows
        ctypes.CDLL(None).malloc_trim(0)


_creating = threading.Lock()
_announced = False


def _interpreter(content: bytes, threads: int) -> Any:
    global _announced
    from ai_edge_litert.interpreter import Interpreter

    with _creating:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        if _announced:
            interpreter.allocate_tensors()
        else:  # once a process LiteRT tells stderr from C++ what it runs on
            with logs.stderr_aside():
                interpreter.allocate_tensors()
            _announced = True
        return interpreter.get_signature_runner(SIGNATURE)


@dataclass(frozen=True)
class LiteRTLoaded:
    """A model in memory, ready to be called from any thread; see `core.models.runtime.Loaded`.

    Attributes:
        network: Its graph `CLASSIFIER`.
    """

    entry: Entry
    network: Network

    @property
    def runtime(self) -> str:
        """What runs it, with its version."""
        return version()

    def logits(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """Runs a classifier, see `core.models.runtime.Loaded.logits`."""
        found = [self.network(picture=each[None], output=_ANY)["logits"] for each in pictures]
        return np.concatenate(found)

    def answer(self, pictures: npt.NDArray[np.uint8]) -> tuple[Floats, Floats | None]:
        """Logits and features together, see `core.models.runtime.Loaded.answer`."""
        found = [self.network(picture=each[None], output=_ANY) for each in pictures]
        logits = np.concatenate([each["logits"] for each in found])
        if not all(FEATURES in each for each in found):  # a graph of before there were any
            return logits, None
        return logits, np.concatenate([each[FEATURES] for each in found])

    def features(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """Describes paintings, see `core.models.runtime.Loaded.features`."""
        found = [self.network(picture=each[None], output=_ANY)[FEATURES] for each in pictures]
        return np.concatenate(found)

    def grad_cam(self, picture: Pixels, output: int) -> Floats:
        """Where a picture speaks for an output, see `core.models.runtime.Loaded.grad_cam`."""
        return self.network(picture=picture[None], output=np.array(output, np.int32))["heat"]


CLASSIFIER = "classifier"
"""The graph from `picture`, `(1, side, side, 3)` uint8, and the number of an `output` to the
mean `logits` of the views, `(1, artists + 1)`, the `heat` of that output, and the mean
`FEATURES` of the views, `(1, channels)`."""
FEATURES = "features"
"""The output of `CLASSIFIER` that describes a painting; graphs of older versions lack it, and
`core.models.entries.Graphs.difference` does not name it."""
_ANY = np.array(0, np.int32)
