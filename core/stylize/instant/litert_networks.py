"""The two networks on LiteRT: at once, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core import models
from core.images.types import Canvas, Floats
from core.stylize.instant.matching import Change
from core.stylize.instant.moments import LAYERS, measure, statistics
from core.stylize.instant.networks import FACTOR, PICTURE, SHIFT, STYLE, Seen


@dataclass(frozen=True)
class LiteRTNetworks:
    """Both graphs of the model; see `networks.Networks`, batches of one only."""

    encoder: models.Network
    decoder: models.Network

    def encode(self, pictures: Canvas) -> Seen:
        """Sees a picture, `(1, height, width, 3)`."""
        found = self.encoder(**{PICTURE: pictures})
        return Seen({name: found[name] for name in LAYERS}, statistics(found))

    def decode(
        self, maps: Mapping[str, Floats], changes: Mapping[str, Change], style: Floats
    ) -> Canvas:
        """Paints a picture, `(1, height, width, 3)`."""
        given = {STYLE: style} | dict(maps)
        for name, change in changes.items():
            given |= {measure(name, FACTOR): change.factor, measure(name, SHIFT): change.shift}
        return self.decoder(**given)[PICTURE]

    def release(self) -> None:
        """See `networks.Networks`: interpreters keep half a kilobyte a pixel, made in 50 ms."""
        self.encoder.release()
        self.decoder.release()
