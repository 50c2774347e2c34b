"""Pictures brought to another size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.images.types import Canvas, Pixels


def preview(pixels: Pixels, side: int) -> Pixels:
    """Shrinks pixels to fit `side` x `side`, keeping their shape; small ones stay as they are."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def resize(picture: npt.NDArray[Any], height: int, width: int) -> Canvas:
    """Brings a picture to a size and to float32; values stay what they are, even beyond 0..255.

    Args:
        picture: `(height, width, 3)` numbers of any type.
        height: In pixels.
        width: In pixels.
    """
    if picture.shape[:2] == (height, width):
        return picture.astype(np.float32)
    shrinks = height < picture.shape[0]
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    channels = [
        Image.fromarray(np.ascontiguousarray(picture[..., channel], np.float32))
        for channel in range(3)
    ]
    return np.stack([np.asarray(c.resize((width, height), method)) for c in channels], axis=-1)
