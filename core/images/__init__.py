"""The only door for pictures: bytes in, clean RGB out, or a clear error."""

from core.images.loading import (
    FORMATS,
    Picture,
    UnreadablePicture,
    decode_here,
    encode,
    listed,
    load,
    preview,
    read,
)

__all__ = [
    "FORMATS",
    "Picture",
    "UnreadablePicture",
    "decode_here",
    "encode",
    "listed",
    "load",
    "preview",
    "read",
]
