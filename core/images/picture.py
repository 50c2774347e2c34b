"""A clean picture, and the sentences with which a file is refused that gives none."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import AtelierError
from core.images.types import Pixels

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


class UnreadablePicture(AtelierError, ValueError):
    """A file that is no usable picture. Its message is one sentence for the visitor."""

    code = "unreadable-picture"


@dataclass(frozen=True)
class Picture:
    """A clean picture.

    Attributes:
        pixels: `(height, width, 3)` uint8, RGB in sRGB, upright, read-only.
        format: What the file was: one of `FORMATS`.
        original_size: `(width, height)` in the file, upright, before any reduced decoding.
    """

    pixels: Pixels
    format: str
    original_size: tuple[int, int]


def too_large(what: str, limit: float, unit: str) -> UnreadablePicture:
    """The error for a file or picture over a limit, which is given in millions of `unit`."""
    return UnreadablePicture(
        f"The {what} is too large: at most {limit / 1e6:.3g} {unit} for a file of this kind, "
        "please; a smaller copy will do."
    )


def too_large_here() -> UnreadablePicture:
    """The error for a picture for which memory does not suffice."""
    return UnreadablePicture("The picture is too large for this machine.")


def too_complicated() -> UnreadablePicture:
    """The error for a structure that takes too long, or that the decoder is known to misread."""
    return UnreadablePicture(
        "The file is built in an unusually complicated way: try saving it again as JPEG or PNG."
    )


def damaged() -> UnreadablePicture:
    """The error for a picture of which something is missing or broken."""
    return UnreadablePicture(
        "The picture is damaged or incomplete: try saving or downloading it again."
    )
