"""Decoding of a file in this process: opened, judged, decoded, turned upright, brought to sRGB.

The format is found from the content, never from the name; size and structure are judged
before a pixel is decoded; whatever a decoder throws becomes an `UnreadablePicture`.
"""

from __future__ import annotations

import logging

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from core.images import color_conversion, limits, pillow_compat, wholeness
from core.images.formats import jpeg
from core.images.picture import (
    FORMATS,
    Picture,
    UnreadablePicture,
    damaged,
    too_large,
    too_large_here,
)
from core.settings import settings

log = logging.getLogger(__name__)

_MAX_EXIF_BYTES = 200_000  # a camera's fits in 64 kB


def decode(data: bytes, enough: int | None) -> Picture:
    """Reads a picture in this process, whatever its format: `load` without the precautions.

    Raises:
        UnreadablePicture: If it is not a picture, damaged or over a limit of the settings.
    """
    try:
        return _decode(data, enough)
    except UnreadablePicture:
        raise
    except UnidentifiedImageError:
        raise UnreadablePicture(
            "This is not a picture that can be opened here, or it is damaged: "
            "try a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file."
        ) from None
    except Image.DecompressionBombError:  # Pillow's own limit, far above ours
        raise too_large("picture", settings().max_pixels, "megapixels") from None
    except MemoryError:
        raise too_large_here() from None
    except Exception as error:  # decoders raise nearly anything on damaged input
        log.info("Refused a damaged picture: %r", error)
        raise damaged() from error


def _decode(data: bytes, enough: int | None) -> Picture:
    if data[4:8] == b"ftyp":  # AVIF: turned by other means, yet Pillow unfolds EXIF of any length
        data = data.replace(b"Exif", b"skip")
    file = pillow_compat.MeteredFile(data)
    with Image.open(file, formats=FORMATS) as image:
        transform = color_conversion.transform_of(image)
        reduced = enough and min(image.size) >= 2 * enough  # which leaves few colors to convert
        limits.check(image, data, None if reduced else transform)
        kind, size = str(image.format), image.size
        stream = wholeness.check_jpeg(image, data)
        if stream and not stream.ended:
            file.seek(stream.end)
            file.truncate()
            file.write(jpeg.END)
        if kind == "PNG":
            pillow_compat.scale_transparency(image)
        wholeness.check_png(image, data)
        pillow_compat.skip_side_directories(image)
        if enough:
            image.draft("RGB", (enough, enough))
        file.allow_pixels()
        image.load()
        wholeness.check_decoded(image, data, stream)
        if _turn_upright(image):
            size = size[::-1]
        # A factor over 32 would make the bands too high.
        factor = min(32, max(1, min(image.size) // enough)) if enough else 1
        pixels = color_conversion.to_srgb(image, factor, transform)
    return Picture(pixels, "JPEG" if kind == "MPO" else kind, size)


def _turn_upright(image: Image.Image) -> bool:
    """Turns a picture by its EXIF orientation; true if its sides have changed places."""
    swapped = False
    try:
        if len(pillow_compat.exif_bytes(image.info)) <= _MAX_EXIF_BYTES:
            swapped = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
            ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:  # malformed EXIF must not cost the visitor the picture
        log.info("Ignored malformed EXIF: %r", error)
    return swapped
