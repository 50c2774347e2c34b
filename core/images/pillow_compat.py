"""Pillow's names and habits that it does not document, in the one place that relies on them.

What this module takes for granted was checked with the version that its test names.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PIL import ImageCms
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from core.images.picture import too_complicated

if TYPE_CHECKING:
    from PIL._imagingcms import CmsProfile

# Pillow warns of damage that is dealt with here. Set once, as filters belong to all threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

_READS_OF_HEADERS, _BYTES_OF_HEADERS = 10_000, 4_000_000
_READS_OF_PIXELS = 300_000


class MeteredFile(io.BytesIO):
    """A file that gives out only so much: parsers in Python take minutes over 50 MB of headers.

    They read piece by piece; the whole at once goes to a decoder in C, which is fast, and is
    not counted.
    """

    _reads: float = _READS_OF_HEADERS
    _bytes: float = _BYTES_OF_HEADERS

    def read(self, size: int | None = -1) -> bytes:
        """Reads like any file.

        Raises:
            UnreadablePicture: Once too much was read.
        """
        data = super().read(size)
        self._reads -= 1
        self._bytes -= len(data) if size and size > 0 else 0
        if self._reads < 0 or self._bytes < 0:
            raise too_complicated()
        return data

    def allow_pixels(self) -> None:
        """From here on pixels are read, of which there may be many."""
        self._reads, self._bytes = _READS_OF_PIXELS, math.inf


def is_tiff(image: ImageFile) -> bool:
    """Whether the decoder is that of TIFF files."""
    return isinstance(image, TiffImageFile)


def tags(image: object) -> Mapping[int, Any]:
    """The tags of a TIFF's first directory; none of anything else."""
    found: Mapping[int, Any] = getattr(image, "tag_v2", {})
    return found


def tiles(image: ImageFile) -> int:
    """Into how many pieces the decoder divides the picture."""
    return len(image.tile)


def raw_mode(image: ImageFile) -> str:
    """Samples of a pixel and their depth as they lie in the file: `RGB`, `RGB;16B`, `L;2`."""
    layout = image.tile[0].args if image.tile else ""
    return str(layout[0] if isinstance(layout, tuple) else layout)  # or a tuple with that first


def skip_side_directories(image: ImageFile) -> None:
    """Keeps `load` from reading a TIFF's side directories, which may be of any length."""
    if isinstance(image, TiffImageFile):
        image.is_animated = True


def scale_transparency(image: ImageFile) -> None:
    """Brings a PNG's transparent color from the file's bit depth to that of the pixels."""
    key, depth = image.info.get("transparency"), image.tile[0].args
    if key is not None and depth in ("L;2", "L;4"):
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}[depth]
    elif key is not None and depth == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in key)


def exif_bytes(info: Mapping[Any, Any]) -> bytes | str:
    """EXIF as the file has it, which Pillow unfolds when it is asked for: text in some PNGs."""
    found: bytes | str = info.get("exif") or info.get("Raw profile type exif") or b""
    return found


def color_space(profile: CmsProfile) -> str:
    """The mode of pixels that a color profile is for: `L`, `RGB`, `CMYK`, `LAB`, or another."""
    space = profile.xcolor_space
    return {"GRAY": "L", "Lab ": "LAB"}.get(space, space.strip())


def input_mode(transform: ImageCms.ImageCmsTransform) -> str:
    """The mode of pixels that a conversion of colors takes."""
    return transform.input_mode
