"""Pictures as files: the formats that are written, and what a file remembers of its making."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from core import images
from core.errors import InvalidRequest
from core.files import printable

KEY = "atelier"  # of the metadata in a PNG

_MAX_EXIF_BYTES = 60_000  # a JPEG has room for 64 kB


@dataclass(frozen=True)
class Format:
    """A format that pictures are written in.

    Attributes:
        name: As Pillow and `core.images` call it.
        endings: Of files, in lower case, the usual one first.
        longest: Side that it can hold, in pixels.
        options: How it is written.
    """

    name: str
    endings: tuple[str, ...]
    longest: int
    options: dict[str, Any] = field(default_factory=dict)


# GIF is read but not written: 256 colors do not make a painting.
FORMATS = (
    Format("PNG", (".png",), 2**31 - 1),
    Format("JPEG", (".jpg", ".jpeg"), 65_500, {"quality": 95, "subsampling": "4:4:4"}),
    Format("WEBP", (".webp",), 16_383, {"quality": 95}),
    Format("TIFF", (".tif", ".tiff"), 2**31 - 1, {"compression": "tiff_adobe_deflate"}),
    Format("BMP", (".bmp",), 2**31 - 1),
    Format("AVIF", (".avif",), 65_536, {"quality": 90, "subsampling": "4:4:4"}),
)
ENDINGS = tuple(ending for each in FORMATS for ending in each.endings)


def has_ending(path: Path) -> bool:
    """Whether a file is named like a picture that can be written."""
    return path.suffix.casefold() in ENDINGS


def format_of(path: Path) -> Format:
    """The format that the ending of a file asks for.

    Raises:
        InvalidRequest: If it asks for none that is written here.
    """
    for each in FORMATS:
        if path.suffix.casefold() in each.endings:
            return each
    raise InvalidRequest(
        f"{printable(path)} does not end like a picture that can be written: name a file that ends "
        f"in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}."
    )


def check_size(kind: Format, height: int, width: int) -> None:
    """Makes sure, before it is made, that a format can hold a picture.

    Raises:
        InvalidRequest: If it is too large for it.
    """
    if max(height, width) > kind.longest:
        raise InvalidRequest(
            f"A {kind.name} file holds at most {kind.longest} pixels a side, and this picture "
            f"would have {width}×{height}: choose another ending, or fewer rows."
        )


def encode(
    pixels: np.ndarray, kind: Format = FORMATS[0], metadata: Mapping[str, Any] | None = None
) -> bytes:
    """A picture as a file of good quality.

    Args:
        pixels: `(height, width, 3)` uint8 RGB.
        metadata: What JSON can hold. A PNG keeps it as text under `KEY`; JPEG, WebP, AVIF and
            TIFF as their image description; a BMP has no place for it.
    """
    options = dict(kind.options)
    if metadata is not None and kind.name == "PNG":
        text = PngInfo()
        text.add_itxt(KEY, json.dumps(dict(metadata), ensure_ascii=False))
        options["pnginfo"] = text
    elif metadata is not None and kind.name != "BMP":
        exif = Image.Exif()
        exif[ExifTags.Base.ImageDescription] = json.dumps(dict(metadata))  # the field is ASCII
        if len(written := exif.tobytes()) <= _MAX_EXIF_BYTES:
            options["exif"] = written
    return images.encode(pixels, kind.name, **options)
