"""The ending decides the format; a file remembers how it was made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core import images
from core.errors import InvalidRequest
from core.images import encoding, folders
from tests.fuzz import pattern

MADE = {"content": "d\\xe9j\\xe0.jpg", "styles": ["Édouard — 北斎"], "rows": 48, "weights": None}


@pytest.mark.parametrize("ending", encoding.ENDINGS)
def test_every_ending_gives_its_format_and_the_picture_itself(
    ending, make_picture, remembered, tmp_path
):
    pixels = make_picture()
    kind = encoding.format_of(tmp_path / f"a{ending.upper()}")
    data = encoding.encode(pixels, kind, MADE)
    read = images.load(data)
    assert read.format == kind.name
    assert ending.removeprefix(".") in folders.EXTENSIONS
    most = 6 if kind.name == "WEBP" else 3  # it halves chroma, which moves sharp edges
    assert np.abs(read.pixels.astype(int) - pixels).mean() < most
    assert remembered(data) == (None if kind.name == "BMP" else MADE)


@pytest.mark.parametrize("name", ["a.gif", "a.pdf", "a", "a.png.txt", ".png"])
def test_another_ending_is_refused_with_those_there_are(name):
    with pytest.raises(InvalidRequest, match=r"\.png, \.jpg, .* or \.avif\.$"):
        encoding.format_of(Path(name))


def test_what_a_format_has_no_room_for_is_refused():
    webp = encoding.format_of(Path("a.webp"))
    encoding.check_size(webp, 10, 16_383)
    with pytest.raises(InvalidRequest, match="16383 pixels a side"):
        encoding.check_size(webp, 10, 16_384)


def test_a_jpeg_without_room_for_what_is_to_be_remembered_is_written_all_the_same(
    make_picture, remembered
):
    jpeg = encoding.format_of(Path("a.jpg"))
    data = encoding.encode(make_picture(), jpeg, {"styles": ["x" * 70_000]})
    assert images.load(data).format == "JPEG"
    assert remembered(data) is None


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_what_is_written_can_be_read(format):
    picture = images.load(images.encode(pattern(), format))
    assert picture.format == format
    assert np.array_equal(picture.pixels, pattern())


def test_options_reach_the_writer():
    large = pattern(200, 300)
    small = images.encode(large, "JPEG", quality=20)
    assert len(small) < len(images.encode(large, "JPEG", quality=95))
    assert images.load(small).format == "JPEG"
