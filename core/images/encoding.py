"""Pictures as files: the formats that are written, and what a file remembers of its making."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from core.errors import InvalidRequest
from core.files import printable
from core.images.types import Pixels

KEY = "atelier"  # of the metadata in a PNG

_MAX_EXIF_BYTES = 60_000  # a JPEG has room for 64 kB


@dataclass(frozen=True)
class Format:
    """A format that pictures are written in.

    Attributes:
        name: As Pillow and `core.images.FORMATS` call it.
        endings: Of files, in lower case, the usual one first.
        longest: Side that it can hold, in pixels.
        options: How it is written in good quality.
    """

    name: str
    endings: tuple[str, ...]
    longest: int
    options: dict[str, Any] = field(default_factory=dict)


# GIF is read but not written: 256 colors do not make a painting.
WRITTEN = (
    Format("PNG", (".png",), 2**31 - 1),
    Format("JPEG", (".jpg", ".jpeg"), 65_500, {"quality": 95, "subsampling": "4:4:4"}),
    Format("WEBP", (".webp",), 16_383, {"quality": 95}),
    Format("TIFF", (".tif", ".tiff"), 2**31 - 1, {"compression": "tiff_adobe_deflate"}),
    Format("BMP", (".bmp",), 2**31 - 1),
    Format("AVIF", (".avif",), 65_536, {"quality": 90, "subsampling": "4:4:4"}),
)
ENDINGS = tuple(ending for each in WRITTEN for ending in each.endings)


def has_ending(path: Path) -> bool:
    """Whether a file is named like a picture that can be written."""
    return path.suffix.casefold() in ENDINGS


def format_of(path: Path) -> Format:
    """The format that the ending of a file asks for.

    Raises:
        InvalidRequest: If it asks for none that is written here.
    """
    for each in WRITTEN:
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
    pixels: Pixels,
    format: Format | str = "PNG",
    metadata: Mapping[str, Any] | None = None,
    **options: Any,
) -> bytes:
    """A picture as a file.

    Args:
        pixels: `(height, width, 3)` uint8 RGB.
        format: One of `WRITTEN`, in its good quality: for what is kept; or a name as Pillow
            has it, with the options given here and Pillow's for the rest: for what is shown.
        metadata: What JSON can hold. A PNG keeps it as text under `KEY`; JPEG, WebP, AVIF and
            TIFF as their image description; a BMP has no place for it.
        options: What Pillow's writer is told, in place of the format's own options.
    """
    name = format.name if isinstance(format, Format) else format
    if isinstance(format, Format):
        options = format.options | options
    if metadata is not None:
        options |= _remembering(name, metadata)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, name, **options)
    return buffer.getvalue()


def remembered(png: bytes) -> dict[str, Any]:
    """What a PNG that was written here remembers, see `encode`.

    Raises:
        ValueError: If it is no PNG, or remembers nothing.
    """
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            text = image.info.get(KEY)
    except (OSError, SyntaxError) as error:
        raise ValueError("That is no PNG.") from error
    found = json.loads(text) if isinstance(text, str) else None
    if not isinstance(found, dict):
        raise ValueError("That PNG remembers nothing.")
    return found


def _remembering(name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The options by which a format remembers metadata, if it can and has room for it."""
    if name == "PNG":
        text = PngInfo()
        text.add_itxt(KEY, json.dumps(dict(metadata), ensure_ascii=False))
        return {"pnginfo": text}
    if name == "BMP":
        return {}
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = json.dumps(dict(metadata))  # the field is ASCII
    written = exif.tobytes()
    return {"exif": written} if len(written) <= _MAX_EXIF_BYTES else {}
