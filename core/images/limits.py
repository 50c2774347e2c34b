"""Limits that a picture must keep before a pixel is decoded: area, bytes, sides, structure."""

from __future__ import annotations

from PIL import ImageCms
from PIL.ImageFile import ImageFile

from core.images import pillow_compat
from core.images.formats import tiff
from core.images.picture import UnreadablePicture, too_complicated, too_large
from core.settings import settings

# How many times dearer than in a plain PNG a pixel and a byte are: in time and memory, measured.
_COSTS: dict[object, tuple[float, float]] = {
    "AVIF": (3.0, 3.0),
    "JPEG": (0.5, 1.0),
    "MPO": (0.5, 1.0),
    "WEBP": (2.0, 1.0),  # several copies are held
    "progressive": (2.0, 2.0),  # all coefficients are held, and passed over again and again
    "jpeg": (3.0, 1.0),  # in a TIFF, where scans cannot be counted
    "tiff_jpeg": (3.0, 1.0),
    "lzma": (3.0, 3.0),
    1: (10.0, 1.0),  # the runs of a BMP, decoded in Python
    2: (10.0, 1.0),
}
_MAX_TILES = 100_000


def check_file(data: bytes) -> None:
    """Refuses what is no picture by its length alone.

    Raises:
        UnreadablePicture: If there is nothing, or too much.
    """
    if not data:
        raise UnreadablePicture("The file is empty.")
    if len(data) > settings().max_bytes:
        raise too_large("file", settings().max_bytes, "MB")


def check(image: ImageFile, data: bytes, transform: ImageCms.ImageCmsTransform | None) -> None:
    """Refuses what would take too much time or memory to decode, or come out wrong.

    Args:
        image: Opened, not decoded.
        data: The file.
        transform: The conversion of all of its colors to sRGB, if there will be one.

    Raises:
        UnreadablePicture: If it is over a limit of the settings, or built too strangely.
    """
    limits, (per_pixel, per_byte) = settings(), _cost(image)
    if transform:
        per_pixel += 2.0 if pillow_compat.input_mode(transform) == "CMYK" else 0.5
    per_pixel = max(1.0, per_pixel)
    tags = pillow_compat.tags(image)
    if tiff.decoded_area(tags, image.size) * per_pixel > limits.max_pixels:
        raise too_large("picture", limits.max_pixels / per_pixel, "megapixels")
    if len(data) * per_byte > limits.max_bytes:
        raise too_large("file", limits.max_bytes / per_byte, "MB")
    if max(image.size) > limits.max_side:
        raise UnreadablePicture(
            f"The picture is too long: at most {limits.max_side:,} pixels a side, please."
        )
    misread = pillow_compat.is_tiff(image) and tiff.is_misread(tags, data, image.size)
    if misread or pillow_compat.tiles(image) > _MAX_TILES:
        raise too_complicated()


def _cost(image: ImageFile) -> tuple[float, float]:
    """How dear a pixel and a byte are; pixels of many samples are the dearer for it."""
    scans = "progressive" if "progressive" in image.info else ""
    traits = image.info.get("compression"), scans, image.format
    per_pixel, per_byte = next((_COSTS[trait] for trait in traits if trait in _COSTS), (1.0, 1.0))
    samples, _, depth = pillow_compat.raw_mode(image).partition(";")
    return per_pixel * max(1, len(samples) * (2 if depth.startswith("16") else 1) / 3), per_byte
