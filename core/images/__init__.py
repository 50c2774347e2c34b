"""The only door for pictures: bytes in, clean RGB out, or a clear error."""

from core.images.encoding import encode
from core.images.folders import listed
from core.images.loading import load, read
from core.images.picture import FORMATS, Picture, UnreadablePicture
from core.images.resize import preview
from core.images.types import Canvas, Pixels

__all__ = [
    "FORMATS",
    "Canvas",
    "Picture",
    "Pixels",
    "UnreadablePicture",
    "encode",
    "listed",
    "load",
    "preview",
    "read",
]
