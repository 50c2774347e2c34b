"""Augmentation: random views of paintings for training.

Brushwork is evidence, so a view may crop, mirror and shift light and colour a
little, as another camera would; it never blurs, adds noise or turns the picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from PIL import Image, ImageEnhance
from pydantic import Field

from core import images
from core.images.types import Floats, Pixels
from core.recipes.fields import STRICT, Share


@dataclass(frozen=True)
class Augmentation:
    """Strengths of the random changes; the defaults change nothing but the mirror."""

    __pydantic_config__ = STRICT

    # smallest share of the picture that a crop keeps
    min_area: Annotated[float, Field(gt=0, le=1)] = 1.0
    colour: Share = 0.0  # largest relative change of brightness, contrast, saturation
    resampling: Share = 0.0  # chance of a softer or sharper filter than bicubic
    jpeg: Share = 0.0  # chance of being saved once more at a quality of 50 to 95
    mixup: Share = 0.0  # chance that a batch is blended (Zhang et al., arXiv 1710.09412)
    cutmix: Share = 0.0  # chance that it is patched (Yun et al., arXiv 1905.04899)


def random_view(pixels: Pixels, size: int, how: Augmentation, rng: np.random.Generator) -> Pixels:
    """Draws one view of a painting: `(height, width, 3)` uint8 to `(size, size, 3)` uint8."""
    picture = Image.fromarray(pixels)
    width, height = picture.size
    area = rng.uniform(how.min_area, 1.0)
    stretch = np.exp(rng.uniform(-0.2, 0.2)) if how.min_area < 1 else 1.0
    crop_w = min(width, width * np.sqrt(area) * stretch)
    crop_h = min(height, height * np.sqrt(area) / stretch)
    left, top = rng.uniform(0, width - crop_w), rng.uniform(0, height - crop_h)
    box = (left, top, left + crop_w, top + crop_h)
    resampling = Image.Resampling.BICUBIC
    if how.resampling and rng.random() < how.resampling:
        resampling = (Image.Resampling.BILINEAR, Image.Resampling.LANCZOS)[rng.integers(2)]
    picture = picture.resize((size, size), resampling, box=box)
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if how.colour:
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            picture = enhance(picture).enhance(rng.uniform(1 - how.colour, 1 + how.colour))
    if rng.random() < how.jpeg:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(50, 96)))
        return images.load(buffer.getvalue()).pixels
    return np.asarray(picture)


def mix(x: Floats, y: Floats, how: Augmentation, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Mixes a batch with itself reversed, by mixup, by cutmix or not at all.

    Args:
        x: `(batch, height, width, 3)` float32.
        y: `(batch, classes)` target probabilities.
    """
    draw = rng.random()
    if draw < how.mixup:
        share = max(lam := rng.beta(0.2, 0.2), 1 - lam)
        x = share * x + (1 - share) * x[::-1]
    elif draw < how.mixup + how.cutmix:
        height, width = x.shape[1:3]
        side = np.sqrt(1 - rng.beta(1.0, 1.0))
        h, w = int(height * side), int(width * side)
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        patch = x[::-1, top : top + h, left : left + w].copy()
        x = x.copy()
        x[:, top : top + h, left : left + w] = patch
        share = 1 - h * w / (height * width)
    else:
        return x, y
    return x.astype(np.float32), share * y + (1 - share) * y[::-1]
