"""The canvas of a painting: what is on it before the first step, and what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from core.images.types import Canvas, Floats, Pixels
from core.stylize import color
from core.stylize.artist_styles import ArtistStyle
from core.stylize.request import StylizeRequest
from core.stylize.style import StyleTarget

Style: TypeAlias = StyleTarget | ArtistStyle | Pixels
"""What refine takes for a style."""


def first_canvas(
    photo: Canvas,
    styles: Sequence[Style],
    request: StylizeRequest,
) -> Canvas:
    """What is there before the first step.

    The photo is already in the colors of the styles: deep features hardly see colors, and
    those of InceptionV3, whose first style layer is deep, would leave them as they are.
    """
    if request.start == "noise":
        return noise(photo.shape[0], photo.shape[1], request.seed)
    weights = request.style_weights or [1.0] * len(styles)
    known = [
        (weight, _colors(style))
        for weight, style in zip(weights, styles, strict=True)
        if not isinstance(style, StyleTarget) and weight > 0
    ]
    if request.keep_colors or not known:
        return photo
    shares = np.array([weight for weight, _ in known], np.float32)
    moved = [color.move(photo, *colors) for _, colors in known]
    blend: Canvas = np.tensordot(shares / shares.sum(), np.stack(moved), axes=1)
    return blend


def _colors(style: ArtistStyle | Pixels) -> tuple[Floats, Floats]:
    """Mean and covariance of a style's colors."""
    if isinstance(style, ArtistStyle):
        return style.color_mean, style.color_covariance
    return color.statistics(style)


def as_pixels(picture: Canvas) -> Pixels:
    """A canvas rounded to what can be shown."""
    pixels: Pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return pixels


def noise(height: int, width: int, seed: int) -> Canvas:
    """A gray canvas with noise on it, float32 RGB 0..255."""
    generator = np.random.default_rng(seed)
    return generator.normal(128, 24, (height, width, 3)).clip(0, 255).astype(np.float32)
