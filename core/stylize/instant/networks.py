"""What is asked of the two networks: VGG16, which sees, and the decoder, which paints.

`litert_networks` and `tensorflow_networks` are what runs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from core.images.types import Canvas, Floats
from core.stylize.instant.matching import Change
from core.stylize.instant.moments import LAYERS, Statistics, within

ENCODER, DECODER = "encoder", "decoder"
"""The graphs of the model, see `training.publishing.litert.stylizer`."""

PICTURE, STYLE, FACTOR, SHIFT = "picture", "style", "factor", "shift"


class Seen(NamedTuple):
    """What an encoder sees in pictures.

    Attributes:
        maps: Layer to map `(batch, height, width, channels)`, as whatever runs the networks has
            it; of half the pictures' size before it went through the network.
        statistics: Of these maps.
    """

    maps: Mapping[str, Any]
    statistics: Statistics


class Networks(Protocol):
    """Both networks, whatever runs them. May be called from any thread."""

    def encode(self, pictures: Canvas) -> Seen:
        """Sees pictures, `(batch, height, width, 3)` RGB 0..255, sides multiples of 16."""

    def decode(
        self, maps: Mapping[str, Any], changes: Mapping[str, Change], style: Floats
    ) -> Canvas:
        """Paints what was seen.

        Args:
            maps: As `encode` gave them.
            changes: What is to be done to them, by layer.
            style: `(batch, 1920)`, see `style_vector`.

        Returns:
            `(batch, height, width, 3)` float32 RGB, about 0..255.
        """

    def release(self) -> None:
        """Gives back what the last pictures took in memory."""


def statistics_of(seen: Seen, mask: Floats | None) -> Statistics:
    """The statistics of what is seen, or of a part of it.

    Args:
        seen: Of one picture, if there is a mask.
        mask: What places of the picture count, see `moments.within`; None for all.
    """
    return seen.statistics if mask is None else within(seen.maps, mask)


def style_vector(wanted: Mapping[str, Floats]) -> Floats:
    """Moments as the decoder reads them: one vector, of about unit size, for each style.

    Args:
        wanted: Layer to `(batch, 2, channels)`, see `Statistics`.

    Returns:
        `(batch, 1920)` float32.
    """
    flat = [wanted[name].reshape(len(wanted[name]), -1) for name in LAYERS]
    found: Floats = (np.log1p(np.maximum(np.concatenate(flat, axis=1), 0.0)) - 3.0) / 2.0
    return found.astype(np.float32)
