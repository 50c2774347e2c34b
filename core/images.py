"""The only door for pictures: bytes in, clean RGB out, or a clear error.

Uploads are hostile until they have passed here. The format is found from the
content, never from the name; size is checked from the header before a pixel is
decoded; whatever a decoder throws becomes an `UnreadablePicture`.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from core.settings import settings

log = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
EXTENSIONS = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif")

_MAX_PROFILE_BYTES = 4_000_000  # printer profiles reach 3 MB; more is an attack
_SRGB = ImageCms.createProfile("sRGB")


class UnreadablePicture(ValueError):
    """A file that is no usable picture. Its message is one sentence for the visitor."""


@dataclass(frozen=True)
class Picture:
    """A clean picture.

    Attributes:
        pixels: `(height, width, 3)` uint8, RGB in sRGB, upright, read-only.
        format: What the file was: one of `FORMATS`.
        original_size: `(width, height)` in the file, upright, before any reduced decoding.
    """

    pixels: np.ndarray
    format: str
    original_size: tuple[int, int]


def load(source: bytes | Path | str, *, enough: int | None = None) -> Picture:
    """Reads a picture of any accepted format.

    Args:
        source: The file's bytes, or a path to it.
        enough: If given, the picture may come back smaller than the file, as long as
            both sides keep at least this many pixels. Large JPEGs decode far faster.

    Returns:
        The first frame, turned upright by its EXIF orientation, converted to sRGB,
        transparent parts over white.

    Raises:
        UnreadablePicture: If it is not a picture, damaged or over a limit of the settings.
        OSError: If a path cannot be opened.
    """
    data = source if isinstance(source, bytes) else _read(Path(source))
    limits = settings()
    if not data:
        raise UnreadablePicture("The file is empty.")
    if len(data) > limits.max_bytes:
        raise UnreadablePicture(
            f"The file is too large: at most {limits.max_bytes / 1e6:.0f} MB, please."
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size)
            kind, size = image.format or "", image.size
            if enough:
                image.draft("RGB", _reduced(size, enough))
            image.load()
            upright = _upright(image)
            if enough:
                upright = _shrink(upright, enough)
            pixels = np.asarray(_to_srgb(upright))
    except UnreadablePicture:
        raise
    except UnidentifiedImageError:
        raise UnreadablePicture(
            "This is not a picture that can be opened here: "
            "try a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file."
        ) from None
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except MemoryError:
        raise UnreadablePicture("The picture is too large for this machine.") from None
    except Exception as error:  # decoders raise nearly anything on damaged input
        log.info("Refused a damaged picture: %r", error)
        raise UnreadablePicture(
            "The picture is damaged or incomplete: try saving or downloading it again."
        ) from error
    pixels.flags.writeable = False
    if (pixels.shape[1] > pixels.shape[0]) != (size[0] > size[1]):
        size = size[::-1]
    return Picture(pixels, "JPEG" if kind == "MPO" else kind, size)


def encode(pixels: np.ndarray, format: str = "PNG", **options: object) -> bytes:
    """Writes `(height, width, 3)` uint8 RGB pixels as a file of the given format."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


def preview(pixels: np.ndarray, side: int) -> np.ndarray:
    """Shrinks pixels to fit `side` x `side`, keeping their shape; small ones stay as they are."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(settings().max_bytes + 1)


def _check_size(width: int, height: int) -> None:
    limits = settings()
    if width < 1 or height < 1:
        raise UnreadablePicture("The picture is empty.")
    if width * height > limits.max_pixels:
        raise _too_many_pixels()
    if max(width, height) > limits.max_side:
        raise UnreadablePicture(
            f"The picture is too long: at most {limits.max_side:,} pixels a side, please."
        )


def _too_many_pixels() -> UnreadablePicture:
    return UnreadablePicture(
        "The picture is too large: at most "
        f"{settings().max_pixels / 1e6:.0f} megapixels, please; a smaller copy will do."
    )


def _reduced(size: tuple[int, int], enough: int) -> tuple[int, int]:
    """A size of the same shape whose shorter side is `enough`, for the JPEG decoder."""
    scale = min(1.0, enough / min(size))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception as error:  # malformed EXIF must not cost the visitor the picture
        log.info("Ignored malformed EXIF: %r", error)
        return image


def _shrink(image: Image.Image, enough: int) -> Image.Image:
    factor = min(image.size) // enough
    if factor < 2 or image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        return image
    reduced = image.reduce(factor)
    reduced.info = image.info  # the colour profile and transparency still apply
    return reduced


def _to_srgb(image: Image.Image) -> Image.Image:
    """Converts any mode and colour profile to RGB in sRGB, over white."""
    profile = image.info.get("icc_profile")
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        image, profile = _to_8_bit(image), None
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        image = _apply_profile(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image, np.float32)
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    if image.mode == "F":
        low, high = float(values.min()), float(values.max())
    else:  # 16-bit grey, held in 16 or 32 bits
        low, high = 0.0, max(65535.0, float(values.max()))
    scaled = (values - low) * (255.0 / (high - low) if high > low else 0.0)
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except Exception as error:  # a broken profile only shifts colours a little
        log.info("Ignored an unusable colour profile: %r", error)
        return image
    return converted if converted is not None else image
