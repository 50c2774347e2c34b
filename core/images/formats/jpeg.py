"""Whether a JPEG is whole, which its decoder does not say: it paints what is missing gray.

Its marks are read first, which is fast. Where they raise a suspicion, the decoder decides:
of a whole picture, bytes after its coded data change no pixel, and other bytes in place of
the last of them change some.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

END = b"\xff\xd9"
MAX_SCANS = 50  # progressive encoders write 10 to 24
_MAX_SEGMENTS = 100_000
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # but for restarts and stuffing
_SCAN, _EOI, _ARITHMETIC = 0xDA, 0xD9, 0xC9
_FRAMES = {0xC0, 0xC1, 0xC2, _ARITHMETIC, 0xCA}
_AFTER_SCANS = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0), _SCAN}
# Of 19,004 photographs and paintings five have such a run, all where they are of one color.
_RUN = bytes(16)
_PADDING = b"\0\xff"
_SLACK = 8  # bytes that may follow the coded data, and may be coded data that look like padding
# Codes of all lengths and no mark, which any decoder makes something of.
_NOISE = bytes((37 * n * n + 91 * n + 13) % 251 for n in range(192))


@dataclass
class Stream:
    """What the marks of a JPEG say.

    Attributes:
        scans: How often the decoder passes over the picture.
        start: Where the coded data of the last scan begin.
        end: Where they end.
        ended: Whether the mark of the end follows, and nothing before it that does not belong.
        doubtful: Whether something is there that hardly occurs in a whole file.
        complete: Whether the scans bring all coefficients of all components in full.
        too_complicated: Whether there are more scans or segments than any encoder writes.
    """

    scans: int = 0
    start: int = 0
    end: int = 0
    ended: bool = False
    doubtful: bool = False
    complete: bool = False
    too_complicated: bool = False
    _frame: int = field(default=0, repr=False)
    _components: int = field(default=0, repr=False)
    _known: set[tuple[int, int]] = field(default_factory=set, repr=False)


def read(data: bytes) -> Stream:
    """Follows the marks of a JPEG from its start to the end of the (first) picture."""
    stream, position, coded = Stream(), 2, False
    odd = False  # in the last scan: one that is followed by another came to its end
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, position)
        start = found.start() if found else len(data)
        if coded:
            stream.end = start
            while stream.end > stream.start and data[stream.end - 1] == 0xFF:
                stream.end -= 1
            odd = data.find(_RUN, stream.start, start) >= 0 or stream.end < start - 2
        if not found:
            break
        kind, body = found[1][0], found.end()
        if stream.scans and not coded and start > position and data[position:start].strip(b"\xff"):
            break  # something lies between two segments
        coded = False
        if kind == _EOI:
            stream.ended = True
            break
        if stream.scans and kind not in _AFTER_SCANS:
            break
        position = body + int.from_bytes(data[body : body + 2])
        if kind in _FRAMES and not stream.scans:
            stream._frame, stream._components = kind, int.from_bytes(data[body + 7 : body + 8])
        elif kind == _SCAN:
            if position > len(data):
                break
            stream.scans += 1
            stream.start = stream.end = position
            stream._known |= _coefficients(data[body + 2 : position], stream._frame)
            coded = True
            if stream.scans > MAX_SCANS:
                stream.too_complicated = True
                break
    else:
        stream.too_complicated = True
    stream.complete = len(stream._known) >= 64 * stream._components
    stream.doubtful = odd or not stream.ended or not stream.complete
    return stream


def is_whole(data: bytes, stream: Stream, pixels: Callable[[bytes], bytes]) -> bool:
    """Whether all of a doubtful picture is there.

    Args:
        stream: What `read` says of it.
        pixels: Decodes a JPEG, and says by a digest which pixels it has; one that cannot
            be decoded has none.
    """
    if not stream.scans or not stream.complete:
        return False
    if not stream.ended and data[stream.end :].strip(_PADDING):
        return False  # what follows is neither the end nor nothing
    if stream._frame >= _ARITHMETIC:  # that code leaves out at its end what is zero
        return stream.ended
    coded = data[stream.start : stream.end]
    # Padding may follow the picture, and a picture of one color may look like padding.
    short = min(len(coded), len(coded.rstrip(_PADDING)) + _SLACK)
    for length in sorted({short, len(coded)}):
        head, inner = data[: stream.start], coded[:length]
        as_it_is = pixels(head + inner + END)
        if pixels(head + inner + _NOISE + END) != as_it_is:
            continue  # the decoder asked for more than there is
        if len(coded) == short:
            return True  # and nothing there looks like padding
        # Half of a stuffed byte would be a mark.
        cut = head + inner[: -2 * _SLACK].rstrip(b"\xff")
        if any(pixels(cut + tail + END) != as_it_is for tail in (_NOISE, b"")):
            return True
        if pixels(head + _NOISE + END) == as_it_is:
            return True  # a scan that has nothing to say
    return False


def _coefficients(header: bytes, frame: int) -> set[tuple[int, int]]:
    """The coefficients, of each component, that a scan brings to their last bit."""
    count = header[0] if header else 0
    components = header[1 : 1 + 2 * count : 2]
    first, last, bit = 0, 63, 0
    if frame in (0xC2, 0xCA) and len(header) >= 2 * count + 4:
        first, last, bits = header[2 * count + 1 : 2 * count + 4]
        bit = bits & 15
    if bit:
        return set()
    return {(component, n) for component in components for n in range(first, min(last, 63) + 1)}
