"""What tests of the door for pictures share: sound pictures, sentences, and an alarm."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from core import images
from core.images import UnreadablePicture, load
from tests.fuzz import pattern

PATTERN = pattern()
HEIGHT, WIDTH = PATTERN.shape[:2]
WHITE = [255, 255, 255]
JARGON = re.compile(
    r"error|exception|decode|header|codec|exif|icc|ifd|zlib|libtiff|pil|pillow|none|0x|<|traceback"
    r"|chunk|segment|marker|bytes|stream|errno|_|\b(un)?supported\b",
    re.IGNORECASE,
)


def stored(orientation: int, upright: np.ndarray) -> np.ndarray:
    """The pixels as a camera stores them that then notes the orientation."""
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }
    return np.ascontiguousarray(turned[orientation])


def close(pixels: np.ndarray, expected: object, tolerance: float) -> bool:
    expected = np.broadcast_to(np.asarray(expected, np.int16), pixels.shape)
    return bool(np.abs(pixels - expected).max() <= tolerance)


def refusal(data: bytes | Path, **options: int) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(UnreadablePicture) as caught:
        load(data, **options)
    sentence = str(caught.value)
    assert_is_sentence(sentence)
    return sentence


def assert_is_sentence(text: str) -> None:
    assert re.fullmatch(r"[A-Z][^.!?\n]*(\.\d[^.!?\n]*)*\.", text), text
    assert not JARGON.search(text), text
    assert 15 < len(text) < 140, text


@contextmanager
def alarm(seconds: int = 60) -> Iterator[None]:
    """Ends a hanging test. Times proper are measured by `benchmarks.images_fuzz`."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError(f"still busy after {seconds} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def attempt(data: bytes, **options: int) -> images.Picture | None:
    """Loads anything; checks that it is a sound picture or was refused in a sentence."""
    try:
        picture = load(data, **options)
    except UnreadablePicture as error:
        assert_is_sentence(str(error))
        return None
    height, width, channels = picture.pixels.shape
    assert (picture.pixels.dtype, channels) == (np.uint8, 3)
    assert not picture.pixels.flags.writeable
    assert picture.pixels.flags.c_contiguous
    assert picture.format in images.FORMATS
    if not options:
        assert picture.original_size == (width, height)
    return picture
