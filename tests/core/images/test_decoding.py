"""The first frame is decoded, turned upright, and no larger than needed."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st
from PIL import Image

from core.images import load
from tests import fuzz
from tests.core.images.checks import HEIGHT, PATTERN, WIDTH, close, stored
from tests.fuzz import chunk, exif, pattern, png, save

# Pillow's warnings about broken files; `test_pillow_neither_warns_nor_decides` is about them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning"
)


# Several pictures in one file.


@pytest.mark.parametrize(
    ("format", "tolerance"),
    [("GIF", 0), ("PNG", 0), ("WEBP", 0), ("AVIF", 4), ("TIFF", 0), ("MPO", 4)],
)
def test_the_first_frame_counts(format, tolerance):
    frames = [Image.new("RGB", (32, 16), c) for c in [(200, 10, 10), (10, 200, 10), (9, 9, 200)]]
    options = {"lossless": True} if format == "WEBP" else {}
    file = save(frames[0], format, save_all=True, append_images=frames[1:], **options)
    picture = load(file)
    assert close(picture.pixels, (200, 10, 10), tolerance)
    assert picture.format == ("JPEG" if format == "MPO" else format)


def test_a_frame_with_its_own_palette_and_place():
    image = Image.frombytes("P", (2, 1), b"\1\1")
    image.putpalette([0, 0, 0, 200, 100, 50])
    own = save(image, "GIF")
    flags = own[10]
    length = 3 << ((flags & 7) + 1)
    palette, rest = own[13 : 13 + length], own[13 + length :]
    at = rest.index(b",\0\0\0\0")
    frame = b"," + struct.pack("<4H", 1, 0, 2, 1) + bytes([0x80 | flags & 7]) + palette
    file = own[:6] + struct.pack("<2H", 3, 1) + b"\0\0\0" + rest[:at] + frame + rest[at + 10 :]
    pixels = load(file).pixels
    assert pixels[0, 1:].tolist() == [[200, 100, 50]] * 2
    assert pixels.shape == (1, 3, 3)


# Orientation.


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_pictures_are_turned_upright(format, orientation):
    upright = pattern(32, 48)
    options = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}
    options = options.get(format, {"quality": 98, "subsampling": "4:4:4"})
    file = save(stored(orientation, upright), format, exif=exif(orientation), **options)
    picture = load(file)
    assert picture.original_size == (48, 32)
    assert picture.pixels.shape == upright.shape
    assert close(picture.pixels, upright, 8 if "quality" in options else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("size", [(400, 600), (999, 1000)])
def test_pictures_are_turned_when_reduced(format, orientation, size):
    upright = pattern(*size)
    picture = load(save(stored(orientation, upright), format, exif=exif(orientation)), enough=100)
    assert picture.original_size == size[::-1]
    height, width = picture.pixels.shape[:2]
    assert 100 <= min(height, width) < 200
    expected = np.asarray(Image.fromarray(upright).resize((width, height), Image.Resampling.BOX))
    assert np.abs(picture.pixels - expected.astype(int)).mean() < 3


def test_pages_without_compression_are_turned_too():
    picture = load(fuzz.originals()["tiff turned"])
    assert np.array_equal(picture.pixels, np.rot90(PATTERN, -1))


def test_orientation_from_xmp():
    xmp = b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="3"/>'
    jpeg = save(PATTERN, "JPEG", quality=100, subsampling=0)
    turned = load(jpeg[:2] + fuzz.segment(0xE1, xmp) + jpeg[2:])
    assert np.array_equal(turned.pixels, load(jpeg).pixels[::-1, ::-1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0" + b"\xff" * 500,
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\xff\xff\xff\xff\0\0\0\0",
        exif(0),
        exif(9),
        exif(65_535),
        exif((6, 6)),
        exif(6).replace(b"\x12\x01\x03\0", b"\x12\x01\x02\0"),
        exif(6)[:-5],
        exif(6) + bytes(300_000),
    ],
)
@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_malformed_exif_does_not_cost_the_picture(format, data):
    file = save(PATTERN, "WEBP", lossless=True, exif=data or b" ")
    if format == "PNG":
        rows = b"".join(b"\0" + row.tobytes() for row in PATTERN)
        file = png(WIDTH, HEIGHT, 8, 2, rows, chunk(b"eXIf", data))
    picture = load(file)
    assert picture.format == format
    upright = picture.pixels if picture.original_size == (WIDTH, HEIGHT) else PATTERN
    assert np.array_equal(upright, PATTERN)


def test_malformed_exif_in_jpegs():
    jpeg = save(PATTERN, "JPEG")
    broken = (
        jpeg[:2] + fuzz.segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(40)) + jpeg[2:]
    )
    assert np.array_equal(load(broken).pixels, load(jpeg).pixels)


# Reduced decoding.


@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    enough=st.integers(1, 400),
    orientation=st.integers(1, 8),
    format=st.sampled_from(["JPEG", "PNG", "BMP"]),
)
@settings(max_examples=150, deadline=None)
def test_reduced_pictures_keep_enough(width, height, enough, orientation, format):
    options = {} if format == "BMP" else {"exif": exif(orientation)}
    file = save(Image.new("RGB", (width, height), (10, 120, 240)), format, **options)
    picture = load(file, enough=enough)
    turned = bool(options) and orientation > 4
    assert picture.original_size == ((height, width) if turned else (width, height))
    shorter = min(picture.pixels.shape[:2])
    target(-shorter)
    assert shorter >= min(enough, width, height)
    shape = picture.pixels.shape[1] / picture.pixels.shape[0]
    original = picture.original_size[0] / picture.original_size[1]
    assert shape == pytest.approx(original, rel=2 / shorter)
    assert close(picture.pixels, (10, 120, 240), 6)


@pytest.mark.parametrize("kind", ["RGB", "L", "CMYK", "P", "RGBA", "1", "I;16", "LA", "F", "LAB"])
def test_reduced_pictures_look_the_same(kind):
    image = Image.fromarray(pattern(330, 470))
    if kind == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")) * np.uint16(257))
    elif kind == "LAB":
        image = Image.merge("LAB", image.split())
    else:
        image = image.quantize(64) if kind == "P" else image.convert(kind)
    format = "PNG" if kind in ("P", "RGBA", "I;16", "LA", "1") else "TIFF"
    file = save(image, format)
    full, reduced = load(file), load(file, enough=100)
    assert reduced.pixels.shape == (110, 157, 3)
    assert reduced.original_size == full.original_size == (470, 330)
    expected = np.asarray(Image.fromarray(full.pixels).reduce(3)).astype(int)
    assert np.abs(reduced.pixels - expected).mean() < 1


def test_reduced_edges_do_not_take_the_colour_of_what_is_transparent():
    cells = np.zeros((400, 400, 4), np.uint8)
    cells[:, ::2] = 255, 0, 0, 255  # and every other column is transparent black
    pixels = load(save(Image.fromarray(cells), "PNG"), enough=100).pixels
    assert close(pixels, (255, 127, 127), 1)


def test_small_pictures_are_not_touched():
    assert np.array_equal(load(save(PATTERN, "PNG"), enough=224).pixels, PATTERN)
