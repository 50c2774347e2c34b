"""Conversion of any mode and color profile to 8-bit sRGB over white, in bands of rows.

No second full copy of a picture is held.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from core.images import pillow_compat
from core.images.formats import tiff
from core.images.picture import too_complicated
from core.images.types import Pixels

log = logging.getLogger(__name__)

_BAND = 1 << 18  # pixels: small enough for the processor's cache
_MAX_PROFILE_BYTES = 4_000_000  # printer profiles reach 3 MB; more is an attack
_CUBE = (np.indices((6, 6, 6), np.uint8) * 51).reshape(3, 36, 6).transpose(1, 2, 0)


def transform_of(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """The way from a picture's own colors to sRGB, if it is worth going."""
    profile, mode = image.info.get("icc_profile"), image.mode
    try:
        if mode == "LAB":
            source = ImageCms.createProfile("LAB")
        elif not profile or len(profile) > _MAX_PROFILE_BYTES or b"mpet" in profile:
            return None  # "mpet": chains of operations, which may take minutes
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        space = pillow_compat.color_space(source)
        natural = mode if mode in ("CMYK", "LAB") else Image.getmodebase(mode)
        if space != natural and (space != "RGB" or mode in ("CMYK", "LAB")):
            return None
        # Profiles are made anew each time: they are not for sharing between threads.
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, space, "RGB")
        if space == "RGB":  # most are sRGB by one name or another
            change = np.asarray(transform.apply(Image.fromarray(_CUBE))) - _CUBE.astype(np.int16)
            return transform if np.abs(change).max() > 2 else None
        return transform
    except Exception as error:  # a broken profile only shifts colors a little
        log.info("Ignored an unusable color profile: %r", error)
        return None


def to_srgb(
    image: Image.Image, factor: int, transform: ImageCms.ImageCmsTransform | None
) -> Pixels:
    """The pixels of a decoded picture, `factor` times smaller; read-only.

    Raises:
        UnreadablePicture: If the decoder took large numbers for negative ones.
    """
    rows = max(1, _BAND // image.width // factor) * factor
    levels = _levels(image, rows)
    size = math.ceil(image.height / factor), math.ceil(image.width / factor)
    pixels = np.empty((*size, 3), np.uint8)
    for top, band in bands(image, rows):
        band = _opaque(_to_8_bit(band, *levels) if levels else band)
        if factor > 1:
            band = band.reduce(factor)
        if transform:
            band = transform.apply(band.convert(pillow_compat.input_mode(transform)))
        pixels[top // factor :][: band.height] = np.asarray(band.convert("RGB"))
    pixels.flags.writeable = False
    return pixels


def bands(image: Image.Image, rows: int | None = None) -> Iterator[tuple[int, Image.Image]]:
    """A picture in pieces of so many rows, or as many as suit the processor, with their tops."""
    rows = rows or max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _levels(image: Image.Image, rows: int) -> tuple[float, float] | None:
    """The values that mean black and white, where a sample has more than 8 bits."""
    tags = pillow_compat.tags(image)
    if image.mode.startswith("I;16"):
        low, high = 0.0, 4095.0 if tiff.has_12_bits(tags) else 65535.0
    elif image.mode in ("I", "F"):  # no range is agreed on: from the darkest to the brightest
        low, high = math.inf, -math.inf
        for _, band in bands(image, rows):
            values: npt.NDArray[Any] = np.asarray(band)
            if (known := values[np.isfinite(values)]).size:
                low, high = min(low, float(known.min())), max(high, float(known.max()))
        if low < 0 and image.mode == "I" and not tiff.has_signs(tags):
            raise too_complicated()  # the decoder takes half of the numbers for negative ones
    else:
        return None
    return (high, low) if tiff.means_white_by_zero(tags) else (low, high)


def _to_8_bit(image: Image.Image, black: float, white: float) -> Image.Image:
    values: npt.NDArray[Any] = np.asarray(image)
    scale = np.float32(255.0 / (white - black) if white != black else 0.0)
    with np.errstate(all="ignore"):
        gray = (values - np.float32(black)) * scale
        gray = np.fmin(np.fmax(np.rint(gray), 0), 255).astype(np.uint8)  # fmax turns NaN to 0
    if "transparency" in image.info:
        gray[values == image.info["transparency"]] = 255
    return Image.fromarray(gray)


def _opaque(image: Image.Image) -> Image.Image:
    """Brings a band to 8 bits a channel, over white, as L, RGB, CMYK or LAB."""
    if image.has_transparency_data:
        image = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")
