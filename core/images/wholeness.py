"""Checks that all of a picture is there, where its decoder paints what is missing and says nothing.

Where the bytes raise a suspicion, the decoder is asked again and its answers are compared.
"""

from __future__ import annotations

import hashlib

from PIL import Image
from PIL.ImageFile import ImageFile

from core.images.color_conversion import bands
from core.images.formats import jpeg, png
from core.images.picture import damaged, too_complicated
from core.images.pillow_compat import MeteredFile

_MANY_PIXELS = 4_000_000


def check_jpeg(image: ImageFile, data: bytes) -> jpeg.Stream | None:
    """What the marks of a JPEG say, if it is one and all of it is there.

    Raises:
        UnreadablePicture: If something is missing, or there are too many scans.
    """
    if image.format not in ("JPEG", "MPO"):
        return None
    stream = jpeg.read(data)
    if stream.too_complicated:
        raise too_complicated()
    if stream.doubtful:
        _check_pixels(image, data, stream)
    return stream


def check_png(image: ImageFile, data: bytes) -> None:
    """Checks the checksums of a PNG's pixels, if it is one.

    Raises:
        UnreadablePicture: If one is wrong.
    """
    if image.format == "PNG" and not png.is_sound(data):
        raise damaged()


def check_decoded(image: ImageFile, data: bytes, stream: jpeg.Stream | None) -> None:
    """Looks again at a picture that ends as if something were missing.

    Args:
        image: Decoded.
        data: The file.
        stream: What `check_jpeg` gave.

    Raises:
        UnreadablePicture: If something is missing.
    """
    if stream and not stream.doubtful and _ends_in_gray(image):
        _check_pixels(image, data, stream)
    unsure = image.format == "PNG" and (image.info.get("interlace") or _ends_in_black(image))
    if unsure and not png.has_all_rows(data):
        raise damaged()


def _check_pixels(image: ImageFile, data: bytes, stream: jpeg.Stream) -> None:
    # Fewer pixels will do to see a difference, where many would take their time.
    small = image.width * image.height > _MANY_PIXELS

    def pixels(data: bytes) -> bytes:
        digest = hashlib.blake2b(digest_size=16)
        try:
            with Image.open(source := MeteredFile(data), formats=("JPEG",)) as file:
                if small:
                    file.draft(None, (file.width // 8, file.height // 8))
                source.allow_pixels()
                file.load()
                for _, band in bands(file):
                    digest.update(band.tobytes())
        except OSError:
            return b""
        return digest.digest()

    # Many passes, again and again, would take too long.
    too_long = small and "progressive" in image.info and not stream.ended
    if too_long or not jpeg.is_whole(data, stream, pixels):
        raise damaged()


def _ends_in_gray(image: Image.Image) -> bool:
    """Whether the last pixel is as a JPEG's decoder leaves those that are missing."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return set(last if isinstance(last, tuple) else (last,)) <= {127, 128}


def _ends_in_black(image: Image.Image) -> bool:
    """Whether the last pixel is as a PNG's decoder leaves those that are missing."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return not any(last) if isinstance(last, tuple) else not last
