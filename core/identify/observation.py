"""What is kept of an identified picture, for audits and to notice that pictures change.

Numbers only, from which no picture can be made again: what the network answered, a random
projection of its features, and a few plain properties of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.identify.projection import projected
from core.images import Picture
from core.images.types import Floats, Pixels

DIMENSION = 64
SEED = 17  # of the projection
_STEP = 4  # brightness and saturation of every fourth pixel say the same sixteen times sooner


@dataclass(frozen=True)
class Observation:
    """One picture as a classifier saw it.

    Attributes:
        logits: `(artists + 1,)` float32, those of taught artists included.
        projection: `(DIMENSION,)` float32 of length 1; None if the model gives no features
            beside its logits.
        brightness: Mean of the luma, 0..1 (ITU-R BT.601).
        saturation: Mean saturation, 0..1, of the HSV model.
        aspect: Width divided by height, of the file.
        side: Longer side of the file, pixels.
        format: What the file was, see `core.images.FORMATS`.
    """

    logits: Floats
    projection: Floats | None
    brightness: float
    saturation: float
    aspect: float
    side: int
    format: str


def observe(picture: Picture, seen: Pixels, logits: Floats, features: Floats | None) -> Observation:
    """Puts together what is kept.

    Args:
        seen: The picture as the network saw it, `(side, side, 3)` uint8.
        logits: `(artists + 1,)`.
        features: `(channels,)`, if there are any.
    """
    brightness, saturation = light(seen)
    width, height = picture.original_size
    return Observation(
        logits=logits,
        projection=None if features is None else projected(features, DIMENSION, seed=SEED),
        brightness=brightness,
        saturation=saturation,
        aspect=width / height,
        side=max(width, height),
        format=picture.format,
    )


def light(pixels: Pixels) -> tuple[float, float]:
    """Mean brightness and mean saturation of a picture, 0..1 each, from some of its pixels."""
    few = pixels[::_STEP, ::_STEP].astype(np.float32) / 255
    luma = few @ np.array([0.299, 0.587, 0.114], np.float32)
    largest, smallest = few.max(axis=-1), few.min(axis=-1)
    saturation = (largest - smallest) / np.maximum(largest, 1 / 255)
    return float(luma.mean()), float(saturation.mean())
