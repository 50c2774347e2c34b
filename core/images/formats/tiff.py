"""Layouts of a TIFF that its decoder misreads without an error, and what its tiles cover."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL.ExifTags import Base


def is_misread(tags: Mapping[int, Any], data: bytes, size: tuple[int, int]) -> bool:
    """Whether a file is of a layout of which the decoder makes other pixels.

    Args:
        tags: Of the first directory.
        data: The file.
        size: `(width, height)` of the picture.
    """
    bits = tags.get(Base.BitsPerSample, (1,))
    depth, packed = max(bits), tags.get(Base.Compression, 1) != 1
    numbers = set(tags.get(Base.SampleFormat, (1,)))  # 1: whole, 2: with a sign, 3: real
    stored = sum(tags.get(Base.StripByteCounts, ()))
    planes = tags.get(Base.PlanarConfiguration, 1) == 2
    swapped = data[:2] == b"MM" and packed and (depth > 16 or numbers != {1})
    return bool(
        (2 in numbers and depth <= 8)
        or swapped
        or (planes and not packed and (depth > 8 or tags.get(Base.FillOrder, 1) == 2))
        or (planes and len(bits) == 2)
        # 12 bits in 16, where they should lie without a gap
        or (depth == 12 and not packed and stored >= 2 * size[0] * size[1])
    )


def decoded_area(tags: Mapping[int, Any], size: tuple[int, int]) -> float:
    """Pixels that count for the cost: tiles are decoded whole, and may reach far beyond."""
    (width, height), area = size, float(size[0] * size[1])
    if Base.TileWidth not in tags:
        return area
    across, down = tags[Base.TileWidth], tags[Base.TileLength]
    padded = math.ceil(width / across) * across * math.ceil(height / down) * down
    return float(max(area, across * down, padded / 2))


def means_white_by_zero(tags: Mapping[int, Any]) -> bool:
    """Whether 0 stands for white."""
    return tags.get(Base.PhotometricInterpretation) == 0


def has_12_bits(tags: Mapping[int, Any]) -> bool:
    """Whether the one sample of a pixel has 12 bits, which the decoder gives out as 16."""
    return tags.get(Base.BitsPerSample) == (12,)


def has_signs(tags: Mapping[int, Any]) -> bool:
    """Whether samples are whole numbers that may be negative."""
    return 2 in tags.get(Base.SampleFormat, (1,))
