"""What a painter asks of a generator, whichever runtime computes it, and LiteRT's answer.

`core.monet.keras_network` is the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core import models
from core.images.types import Canvas, Floats
from core.models import litert_runtime


class Network(Protocol):
    """A generator in memory, called from any thread.

    A `picture` is `(1, height, width, 3)` float32, RGB 0..255, with sides that are multiples of
    4. What is painted is `(height, width, 3)` float32, RGB -1..1 and a little beyond.
    """

    @property
    def runtime(self) -> str:
        """What runs it, with its version."""

    def whole(self, picture: Canvas) -> Floats:
        """Paints a picture in one piece: each instance normalisation by what it sees."""

    def moments(self, picture: Canvas) -> Floats:
        """What instance normalisation takes of a picture, `(2, channels)` float32.

        Means and variances of all channels before each normalisation, from first to last.
        """

    def tile(self, picture: Canvas, moments: Floats) -> Floats:
        """Paints a part of a picture that has these moments as a whole."""

    def release(self) -> None:
        """Gives back the memory that the last pictures took."""


WHOLE, MOMENTS, TILE = "whole", "moments", "tile"
"""The LiteRT graphs of a generator, see `Network`: from `rgb`, and the third from `moments` as
well, to `painted`, `(1, height, width, 3)`, or `moments`."""


class LiteRTNetwork:
    """A generator on LiteRT.

    Args:
        graph: Gives one of its graphs by name. Each is asked for when it is first used: few
            pictures are so large that they need tiles.
    """

    def __init__(self, graph: Callable[[str], models.Network]) -> None:
        self._graph = graph
        self._used: dict[str, models.Network] = {}

    @property
    def runtime(self) -> str:
        """See `Network.runtime`."""
        return litert_runtime.version()

    def whole(self, picture: Canvas) -> Floats:
        """See `Network.whole`."""
        painted: Floats = self._run(WHOLE, rgb=picture)["painted"][0]
        return painted

    def moments(self, picture: Canvas) -> Floats:
        """See `Network.moments`."""
        return self._run(MOMENTS, rgb=picture)["moments"]

    def tile(self, picture: Canvas, moments: Floats) -> Floats:
        """See `Network.tile`."""
        painted: Floats = self._run(TILE, rgb=picture, moments=moments)["painted"][0]
        return painted

    def release(self) -> None:
        """See `Network.release`: interpreters keep a kilobyte a pixel, and are made in 10 ms."""
        for network in list(self._used.values()):
            network.release()

    def _run(self, name: str, **inputs: Floats) -> dict[str, Floats]:
        if name not in self._used:
            self._used[name] = self._graph(name)
        return self._used[name](**inputs)
