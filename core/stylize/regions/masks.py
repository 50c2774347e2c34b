"""Masks: pictures that are white where a region is, read and fitted to the size of a painting."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from core import images
from core.errors import InvalidRequest
from core.images.types import Floats

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Where a region is: `(height, width)`."""

_WHITE = (
    128  # and above: levels between black and white are for soft edges, which we draw ourselves
)
_COLORED = 48  # between the channels of a pixel; a JPEG of gray has less
_FEW = 0.02  # of all pixels that may be colored all the same
_SHAPES = 0.03  # by which a mask may be too wide or too high


class UnusableMask(InvalidRequest):
    """A picture that says nothing of where a region is, or not of this photo."""

    code = "unusable-mask"


def load(source: bytes | Path | str) -> Mask:
    """Reads a mask from any picture that `core.images` reads; what is transparent is white.

    Raises:
        core.images.UnreadablePicture: If it is no picture.
        UnusableMask: If it is no mask: in color, or the same everywhere.
        OSError: If a path cannot be opened.
    """
    pixels = images.load(source).pixels
    spread = pixels.max(-1).astype(np.int16) - pixels.min(-1)
    if (spread > _COLORED).mean() > _FEW:
        raise UnusableMask(
            "The mask is in color: a mask is white where the region is, and black elsewhere."
        )
    mask: Mask = pixels.mean(-1) >= _WHITE
    if mask.all() or not mask.any():
        what = "white (as is what is transparent)" if mask.any() else "black"
        raise UnusableMask(
            f"The mask is {what} everywhere: it is to be white where the region is, and black "
            "elsewhere."
        )
    return mask


def fit(mask: Mask, height: int, width: int) -> Mask:
    """Brings a mask to the size of a painting.

    Raises:
        UnusableMask: If it has another shape, or if nothing of it is left at that size.
    """
    rows, columns = mask.shape
    off = abs(columns * height - rows * width)
    # A pixel more or less is rounding.
    if off > max(_SHAPES * rows * width, height, width, rows, columns):
        raise UnusableMask(
            f"The mask has another shape ({columns}×{rows}) than the picture ({width}×{height}): "
            "it is to be painted on the whole photo, uncropped."
        )
    fitted: Mask = on_grid(mask, height, width) >= 0.5
    if fitted.all() or not fitted.any():
        raise UnusableMask("The region of a mask is too small: at this size nothing is left of it.")
    return fitted


def on_grid(mask: Mask | Floats, height: int, width: int) -> Floats:
    """How much of each place of a coarser or finer grid belongs to a mask.

    Args:
        mask: `(height, width)`, 0..1.
        height, width: Of the grid.

    Returns:
        `(height, width)` float32, 0..1.
    """
    values = np.ascontiguousarray(mask, np.float32)
    if values.shape == (height, width):
        return values
    shrinks = height < values.shape[0]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(values).resize((width, height), method))
