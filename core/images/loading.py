"""The only door for pictures: bytes or a path in, clean RGB out, or a clear error.

Uploads are hostile until they have passed here.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

from core.images import folders, limits, sandbox
from core.images.decoding import decode
from core.images.picture import Picture, UnreadablePicture, too_large_here
from core.settings import settings

log = logging.getLogger(__name__)

_decoder = sandbox.Decoder()


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
    data = source if isinstance(source, bytes) else read(Path(source))
    limits.check_file(data)
    if data[4:8] == b"ftyp":  # AVIF, whose header may lie about the size of what is inside
        return _decode_apart(data, enough)
    return decode(data, enough)


def read(path: Path) -> bytes:
    """The bytes of a file, no more than one over the limit. Waits for no pipe or device.

    Raises:
        UnreadablePicture: If it is no regular file.
        OSError: If it cannot be opened.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        # It may have become a pipe meanwhile, which would make us wait for who writes to it.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode):
                return file.read(settings().max_bytes + 1)
    raise UnreadablePicture(f"This is {folders.what(mode)}, not a file: choose a picture in it.")


def _decode_apart(data: bytes, enough: int | None) -> Picture:
    try:
        return _decoder.decode(data, enough)
    except MemoryError:  # it fits in the other process, not once more in this one
        raise too_large_here() from None
    except sandbox.Died as error:
        log.info("Refused a picture that killed its decoder: %s", error)
        raise UnreadablePicture(
            "The picture is damaged, or too large for this machine: try saving it as JPEG or PNG."
        ) from error
