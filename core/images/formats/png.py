"""Whether a PNG is whole, which its decoder does not say: it leaves missing rows black."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First pixel and distance of the pixels of each pass, across and down, of an interlaced file.
_PASSES = (
    *((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4)),
    *((0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)),
)
_PIECE = 1 << 20  # bytes unpacked at a time


def is_sound(data: bytes) -> bool:
    """Whether the checksums of the pixels' chunks are right, as far as the file has them."""
    for body, checksum in _pixel_chunks(data):
        wanted = zlib.crc32(body, zlib.crc32(b"IDAT"))
        if len(checksum) == 4 and wanted != int.from_bytes(checksum):
            return False
    return True


def has_all_rows(data: bytes) -> bool:
    """Whether unpacking a PNG, which takes its time, gives as many bytes as it has pixels."""
    missing = _wanted(data)
    packer = zlib.decompressobj()
    for body, _ in _pixel_chunks(data):
        waiting: bytes | memoryview = body
        while waiting:
            try:
                missing -= len(packer.decompress(waiting, _PIECE))
            except zlib.error:
                return False
            if missing <= 0:
                return True
            if packer.eof:
                return False
            waiting = packer.unconsumed_tail
    try:
        return missing <= len(packer.flush())
    except zlib.error:
        return False


def _pixel_chunks(data: bytes) -> Iterator[tuple[memoryview, bytes]]:
    """The chunks that hold the first picture's pixels, and their checksums."""
    view, position, begun = memoryview(data), 8, False
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        name, end = data[position + 4 : position + 8], position + 8 + length
        if name == b"IDAT":
            begun = True
            yield view[position + 8 : end], data[end : end + 4]
        elif begun:
            return
        position = end + 4


def _wanted(data: bytes) -> int:
    """The bytes of all rows, each with its filter's number before it."""
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    bits, color, interlaced = data[24], data[25], data[28]
    pixel = bits * _SAMPLES.get(color, 1)
    total = 0
    for left, across, top, down in _PASSES if interlaced else ((0, 1, 0, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * pixel + 7) // 8)
    return total
