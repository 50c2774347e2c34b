"""Pictures of a painting that is not finished yet: at full size, for the screen, and small."""

from __future__ import annotations

from core import images
from core.images.types import Pixels
from core.stylize.refine import as_pixels, resize

PREVIEW_SIDE = 480  # pixels; also of the film
STILL_SIDE = 1200  # no screen column shows more


def full_size(picture: Pixels, photo: Pixels, size: tuple[int, int]) -> Pixels:
    """A copy of any size at the size of the painting, with the detail of the photo.

    Args:
        picture: `(height, width, 3)` uint8 RGB: a painting of the photo, or the photo.
        photo: Likewise.
        size: Height and width of the painting.
    """
    height, width = size
    if picture.shape[:2] == size:
        return picture
    whole = resize(picture, height, width)
    if picture is not photo:  # what enlarging blurs, as `refine` adds it
        detailed = resize(photo, height, width)
        coarse = resize(detailed, *picture.shape[:2])
        whole += detailed - resize(coarse, height, width)
    return as_pixels(whole)


def small(pixels: Pixels, of: tuple[int, int] | None = None) -> bytes:
    """A picture as a JPEG that fits `PREVIEW_SIDE` x `PREVIEW_SIDE`.

    Args:
        of: Height and width whose preview it is to be as large as; its own if None.
    """
    height, width = of or pixels.shape[:2]
    shrink = min(1.0, PREVIEW_SIDE / max(height, width))
    shape = max(1, round(height * shrink)), max(1, round(width * shrink))
    if pixels.shape[:2] != shape:
        pixels = as_pixels(resize(pixels, *shape))
    return images.encode(pixels, "JPEG", quality=85)


def still(pixels: Pixels) -> bytes:
    """A picture as a JPEG that fits `STILL_SIDE` x `STILL_SIDE`, to be looked at for a while."""
    return images.encode(images.preview(pixels, STILL_SIDE), "JPEG", quality=92)
