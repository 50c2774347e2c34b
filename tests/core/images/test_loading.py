"""The door for pictures: what comes in, what is refused, and with which words."""

from __future__ import annotations

import io
import re
import signal
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core import images
from core.images import UnreadablePicture, folders, load
from core.settings import settings as app_settings
from tests import fuzz
from tests.fuzz import chunk, exif, pattern, png, save, tiff

# Pillow's warnings about broken files; `test_pillow_neither_warns_nor_decides` is about them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning"
)

ROOT = Path(__file__).resolve().parents[3]
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


# What comes in.


@pytest.mark.parametrize("name", fuzz.originals())
def test_every_valid_file_is_a_picture(name):
    picture = attempt(fuzz.originals()[name])
    assert picture is not None
    assert picture.format.lower() == name.split()[0].lower()


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "packbits"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("WEBP", {"lossless": True}),
    ],
)
@given(
    pixels=hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), fill=st.just(7)
    )
)
@settings(max_examples=25, deadline=None)
def test_lossless_files_keep_every_pixel(format, options, pixels):
    picture = load(save(pixels, format, **options))
    assert np.array_equal(picture.pixels, pixels)
    assert picture.format == format
    assert picture.original_size == pixels.shape[1::-1]


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_lossy_files_look_the_same(format):
    pixels = pattern(64, 96)
    options = {"JPEG": {"quality": 95, "subsampling": 0}}.get(format, {"quality": 95})
    assert np.abs(load(save(pixels, format, **options)).pixels - pixels.astype(int)).mean() < 2.5


def test_the_content_counts_and_not_the_name(tmp_path):
    path = tmp_path / "painting.jpg"
    path.write_bytes(save(PATTERN, "PNG"))
    for source in (path, str(path), path.read_bytes()):
        picture = load(source)
        assert picture.format == "PNG"
        assert np.array_equal(picture.pixels, PATTERN)


def test_a_missing_file_is_no_broken_picture(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.png")


def test_large_pictures_are_put_together_from_their_bands():
    pixels = pattern(700, 1000)
    assert np.array_equal(load(save(pixels, "BMP")).pixels, pixels)
    turned = save(Image.fromarray(stored(6, pixels)), "PNG", exif=exif(6))
    assert np.array_equal(load(turned).pixels, pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 16_383), (16_383, 1)])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_extreme_shapes(format, size):
    picture = load(save(Image.new("RGB", size, (200, 100, 50)), format), enough=224)
    assert picture.original_size == size
    assert picture.pixels.shape == (size[1], size[0], 3)
    assert close(picture.pixels, (200, 100, 50), 4)


# Modes.


def test_grey_and_black_and_white():
    grey = np.array([[0, 1, 128, 255]], np.uint8)
    for format in ("PNG", "BMP", "TIFF", "GIF"):
        assert load(save(grey, format)).pixels.tolist() == [[[v] * 3 for v in (0, 1, 128, 255)]]
    bits = Image.fromarray(grey).convert("1", dither=Image.Dither.NONE)
    for format in ("PNG", "BMP", "TIFF", "GIF"):
        assert load(save(bits, format)).pixels[0, :, 0].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("order", "<>")
def test_sixteen_bits_become_eight(order):
    values, expected = [0, 128, 129, 257, 32_768, 65_407, 65_535], [0, 0, 1, 1, 128, 255, 255]
    deep = np.array([values], np.uint16)
    data = deep.astype(f"{order}u2").tobytes()
    files = [save(deep, "PNG"), save(deep, "TIFF"), tiff(7, 1, data, (16,), order)]
    for file in files:
        assert load(file).pixels[0, :, 0].tolist() == expected
    colours = png(7, 1, 16, 2, b"\0" + deep.repeat(3).astype(">u2").tobytes())
    strip = tiff(7, 1, deep.repeat(3).astype(f"{order}u2").tobytes(), (16, 16, 16), order)
    for file in (colours, strip):
        assert load(file).pixels[0, :, 1].tolist() == [v >> 8 for v in values]
    alpha = b"\0" + np.stack([deep[0]] * 3 + [np.full(7, 65_535)], 1).astype(">u2").tobytes()
    assert load(png(7, 1, 16, 6, alpha)).pixels[0, :, 2].tolist() == [v >> 8 for v in values]


def test_twelve_bits_are_as_bright_as_eight():
    packed = bytes([0xFF, 0xF8, 0x00, 0x00, 0x00, 0x00])  # 4095, 2048, 0, 0
    assert load(tiff(4, 1, packed, (12,))).pixels[0, :, 0].tolist() == [255, 128, 0, 0]


def test_negatives_are_turned():
    assert load(tiff(2, 1, b"\0\xff", t262=0)).pixels[0, :, 0].tolist() == [255, 0]
    deep = struct.pack("<3H", 0, 257, 65_535)
    assert load(tiff(3, 1, deep, (16,), t262=0)).pixels[0, :, 0].tolist() == [255, 254, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([-3e38, 0.0, 3e38], [0, 128, 255]),
        ([np.nan, 2.0, 4.0, np.inf, -np.inf], [0, 0, 255, 255, 0]),
        ([np.nan, np.nan], [0, 0]),
        ([np.inf, -np.inf], [0, 0]),
        ([7.0, 7.0], [0, 0]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_real_numbers_are_spread_from_black_to_white(values, expected):
    real = np.array([values], np.float32)
    if max(expected) and max(abs(v) for v in values if np.isfinite(v)) > 1e38:
        expected = [expected[0], expected[1], 255]
    assert load(save(real, "TIFF")).pixels[0, :, 0].tolist() == expected


def test_whole_numbers_of_32_bits_are_spread_too():
    values = np.array([[-100, 0, 155]], np.int32)
    assert load(save(values, "TIFF")).pixels[0, :, 0].tolist() == [0, 100, 255]


def test_lab():
    lab = Image.new("LAB", (3, 1))
    for x, colour in enumerate([(0, 128, 128), (255, 128, 128), (138, 209, 198)]):
        lab.putpixel((x, 0), colour)
    pixels = load(save(lab, "TIFF")).pixels
    assert close(pixels[0], [[0, 0, 0], WHITE, [255, 0, 0]], 5)


def test_inks_without_a_profile():
    inks = [(0, 0, 0, 0), (255, 0, 0, 0), (0, 255, 255, 0), (0, 0, 0, 255), (0, 0, 0, 128)]
    expected = [WHITE, [0, 255, 255], [255, 0, 0], [0, 0, 0], [127, 127, 127]]
    cmyk = np.repeat(np.array([inks], np.uint8), 16, axis=0).repeat(16, axis=1)
    image = Image.frombytes("CMYK", (80, 16), cmyk.tobytes())
    assert np.array_equal(load(save(image, "TIFF")).pixels[0, 8::16], expected)
    jpeg = save(image, "JPEG", quality=100)
    assert close(load(jpeg).pixels[8, 8::16], expected, 4)
    # Without Adobe's mark, too, browsers take the inks as Adobe stores them.
    start = jpeg.index(b"\xff\xee\0\x0eAdobe")
    unmarked = jpeg[:start] + jpeg[start + 16 :]
    assert b"Adobe" not in unmarked
    assert np.array_equal(load(unmarked).pixels, load(jpeg).pixels)


# Transparency.


def test_transparent_parts_are_over_white():
    colours = [(255, 0, 0, 255), (255, 0, 0, 0), (0, 0, 0, 51), (0, 200, 100, 128)]
    expected = [[255, 0, 0], WHITE, [204, 204, 204], [127, 227, 177]]
    image = Image.frombytes("RGBA", (4, 1), np.array(colours, np.uint8).tobytes())
    for file in (save(image, "PNG"), save(image, "TIFF"), save(image, "WEBP", lossless=True)):
        assert load(file).pixels[0].tolist() == expected
    many = image.resize((64, 16), Image.Resampling.NEAREST)
    assert close(load(save(many, "AVIF", quality=100)).pixels[8, 8::16], expected, 6)
    deep = b"\0" + (np.array(colours, np.uint16) * 257).astype(">u2").tobytes()
    assert load(png(4, 1, 16, 6, deep)).pixels[0].tolist() == expected


def test_transparent_grey():
    grey = np.array([[(0, 255), (0, 0), (0, 51), (100, 255)]], np.uint8)
    image = Image.frombytes("LA", (4, 1), grey.tobytes())
    for file in (
        save(image, "PNG"),
        save(image, "TIFF"),
        tiff(4, 1, grey.tobytes(), (8, 8), t338=2),
    ):
        assert load(file).pixels[0, :, 0].tolist() == [0, 255, 204, 100]
    deep = (grey[0] * np.uint16(257)).astype(">u2").tobytes()
    assert load(png(4, 1, 16, 4, b"\0" + deep)).pixels[0, :, 0].tolist() == [0, 255, 204, 100]


def test_colours_multiplied_by_their_opacity():
    data = bytes([100, 0, 0, 100, 0, 0, 0, 0, 9, 9, 9, 255])
    pixels = load(tiff(3, 1, data, (8, 8, 8, 8), t338=1)).pixels
    assert pixels[0].tolist() == [[255, 155, 155], WHITE, [9, 9, 9]]
    pixels = load(tiff(2, 1, bytes([50, 100, 7, 255]), (8, 8), t338=1)).pixels
    assert close(pixels[0, :, 0], [205, 7], 1)


def indexed(transparency: int | bytes | None, format: str) -> bytes:
    image = Image.frombytes("P", (4, 1), bytes([0, 1, 2, 3]))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    return save(image, format, **({} if transparency is None else {"transparency": transparency}))


def test_palettes():
    colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]
    for format in ("PNG", "GIF", "BMP", "TIFF"):
        assert load(indexed(None, format)).pixels[0].tolist() == colours
    for format in ("PNG", "GIF"):
        expected = [colours[0], WHITE, *colours[2:]]
        assert load(indexed(1, format)).pixels[0].tolist() == expected
    pixels = load(indexed(b"\xff\x00\x80\xff", "PNG")).pixels
    assert pixels[0].tolist() == [[255, 0, 0], WHITE, [127, 127, 255], [9, 9, 9]]


@pytest.mark.parametrize(
    ("bits", "rows", "key", "expected"),
    [
        (1, b"\x40", 1, [0, 255]),
        (1, b"\x40", 0, [255, 255]),
        (2, b"\x60", 2, [85, 255]),
        (4, b"\x3c", 12, [51, 255]),
        (8, b"\x33\x99", 0x99, [51, 255]),
        (16, b"\x33\x33\x12\x34", 0x1234, [51, 255]),
    ],
)
def test_one_grey_is_transparent(bits, rows, key, expected):
    file = png(2, 1, bits, 0, b"\0" + rows, chunk(b"tRNS", struct.pack(">H", key)))
    assert load(file).pixels[0, :, 0].tolist() == expected


def test_one_colour_is_transparent():
    key = chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    assert load(png(2, 1, 8, 2, bytes([0, 1, 2, 3, 3, 2, 1]), key)).pixels[0].tolist() == [
        WHITE,
        [3, 2, 1],
    ]
    deep = struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0x3412, 0x5678, 0x9ABC)
    file = png(2, 1, 16, 2, b"\0" + deep, chunk(b"tRNS", deep[:6]))
    assert load(file).pixels[0].tolist() == [WHITE, [0x34, 0x56, 0x9A]]


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


# Colour profiles.


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
def test_a_profile_is_applied(format):
    image = Image.new("RGB", (32, 32), (200, 30, 60))
    exact = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}.get(format, {"quality": 95})
    file = save(image, format, icc_profile=fuzz.swapped_profile(), **exact)
    assert close(load(file).pixels, (30, 200, 60), 4)


@pytest.mark.parametrize("name", ["sRGB built-in", "Anything at all"])
def test_srgb_by_any_name_changes_nothing(name):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = profile.replace("sRGB".encode("utf-16-be"), name[:4].encode("utf-16-be"))
    assert np.array_equal(load(save(PATTERN, "PNG", icc_profile=renamed)).pixels, PATTERN)


def test_a_profile_is_not_taken_for_srgb_by_its_name():
    profile = fuzz.swapped_profile()
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    red = Image.new("RGB", (2, 2), (255, 0, 0))
    assert close(load(save(red, "PNG", icc_profile=profile)).pixels, (0, 255, 0), 2)


def test_profiles_of_grey():
    values = np.array([[0, 55, 255]], np.uint8)
    expected = [0, 128, 255]  # linear light of 55 / 255 is sRGB's 128
    alpha = Image.fromarray(values).convert("LA")
    deep = values * np.uint16(257)
    for picture in (values, alpha, deep):
        pixels = load(save(picture, "PNG", icc_profile=fuzz.grey_profile())).pixels
        assert close(pixels[0, :, 0], expected, 1)
        assert (pixels == pixels[..., :1]).all()


def test_a_colour_profile_on_a_grey_picture():
    profile = fuzz.profile(
        b"RGB ",
        b"XYZ ",
        {name + b"TRC": b"curv\0\0\0\0" + struct.pack(">LH", 1, 256) for name in (b"r", b"g", b"b")}
        | {
            name + b"XYZ": b"XYZ \0\0\0\0" + struct.pack(">3i", *(int(65536 * v) for v in xyz))
            for name, xyz in {
                b"r": (0.4361, 0.2225, 0.0139),
                b"g": (0.3851, 0.7169, 0.0971),
                b"b": (0.1431, 0.0606, 0.7141),
            }.items()
        },
    )
    grey = np.array([[0, 55, 255]], np.uint8)
    assert close(load(save(grey, "PNG", icc_profile=profile)).pixels[0, :, 0], [0, 128, 255], 2)


@pytest.mark.parametrize(
    "profile",
    [
        fuzz.grey_profile(),
        fuzz.cmyk_profile(),
        fuzz.swapped_profile()[:200],
        b"\0" * 128,
        b"x" * 5000,
        bytes(4_100_000),
        fuzz.endless_profile(3000),
    ],
    ids=["grey", "inks", "truncated", "zeros", "noise", "huge", "endless"],
)
def test_a_profile_that_does_not_fit_is_ignored(profile):
    with alarm():
        for format in ("TIFF", "WEBP"):
            if format == "TIFF" and len(profile) > 1_000_000:
                continue
            exact = {"lossless": True} if format == "WEBP" else {}
            file = save(PATTERN, format, icc_profile=profile, **exact)
            assert np.array_equal(load(file).pixels, PATTERN)


def test_profiles_of_inks():
    image = Image.new("CMYK", (48, 16))
    image.paste((255, 0, 0, 0), (16, 0, 32, 16))
    image.paste((0, 255, 0, 0), (32, 0, 48, 16))
    for format, tolerance in (("TIFF", 4), ("JPEG", 8)):
        pixels = load(save(image, format, icc_profile=fuzz.cmyk_profile())).pixels
        assert close(pixels[8, 8::16], [WHITE, [255, 0, 0], [0, 0, 0]], tolerance)
        plain = load(save(image, format, icc_profile=fuzz.cmyk_profile()[:300])).pixels
        assert close(plain[8, 8::16], [WHITE, [0, 255, 255], [255, 0, 255]], tolerance)


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


# Words.


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"Dear visitor, this is a letter.", "not a picture"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"PK\x03\x04" + bytes(100), "not a picture"),
        (bytes(1000), "not a picture"),
        (save(PATTERN, "ICO"), "not a picture"),
        (save(PATTERN, "PPM"), "not a picture"),
        (save(PATTERN, "JPEG2000"), "not a picture"),
        (save(PATTERN, "TGA"), "not a picture"),
        (save(PATTERN, "EPS"), "not a picture"),
        (save(PATTERN, "PDF"), "not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "not a picture"),
        (b"\xff\xd8\xff\xe0", "not a picture"),
        (save(PATTERN, "PNG")[:-30], "damaged"),
        (save(PATTERN, "JPEG")[:-30], "damaged"),
        (save(PATTERN, "GIF")[:-30], "damaged"),
        (save(PATTERN, "BMP")[:-30], "damaged"),
        (save(PATTERN, "WEBP", lossless=True)[:-30], "damaged"),
        (save(PATTERN, "TIFF")[:-30], "damaged"),
        (save(PATTERN, "TIFF", compression="tiff_lzw")[:300], "or it is damaged"),
        (save(PATTERN, "AVIF")[:-30], "damaged"),
    ],
)
def test_words_of_refusal(data, words):
    assert words in refusal(data)


def test_refusals_name_what_can_be_opened():
    sentence = refusal(b"text")
    for format in images.FORMATS:
        assert format.lower() in sentence.lower()


# Limits.


@pytest.fixture
def limit(monkeypatch):
    def change(**limits: int) -> None:
        for name, value in limits.items():
            monkeypatch.setenv(f"ATELIER_{name.upper()}", str(value))
        app_settings.cache_clear()

    return change


def test_the_largest_file_is_a_setting(limit, tmp_path):
    file = save(PATTERN, "BMP")
    path = tmp_path / "picture.bmp"
    path.write_bytes(file)
    limit(max_bytes=len(file))
    load(file)
    load(path)
    limit(max_bytes=len(file) - 1)
    for source in (file, path):
        assert "file is too large: at most 0.00" in refusal(source)
    limit(max_bytes=2_500_000)
    assert "at most 2.5 MB" in refusal(bytes(2_500_001))


def test_the_largest_picture_is_a_setting(limit):
    file = save(PATTERN, "PNG")
    limit(max_pixels=WIDTH * HEIGHT)
    load(file)
    limit(max_pixels=WIDTH * HEIGHT - 1)
    assert "picture is too large" in refusal(file)
    assert "picture is too large" in refusal(file, enough=4)


def test_the_longest_side_is_a_setting(limit):
    limit(max_side=WIDTH)
    load(save(PATTERN, "PNG"))
    limit(max_side=WIDTH - 1)
    for pixels in (PATTERN, PATTERN.swapaxes(0, 1)):
        assert refusal(save(pixels, "PNG")) == (
            "The picture is too long: at most 23 pixels a side, please."
        )


@pytest.mark.parametrize(
    ("times", "format", "options"),
    [
        (1, "JPEG", {}),
        (1, "JPEG", {"icc_profile": fuzz.swapped_profile()}),
        (1.5, "PNG", {"icc_profile": fuzz.swapped_profile()}),
        (1, "PNG", {}),
        (1, "GIF", {}),
        (1, "TIFF", {"compression": "tiff_lzw"}),
        (2, "JPEG", {"progressive": True}),
        (2, "WEBP", {}),
        (3, "AVIF", {}),
        (3, "TIFF", {"compression": "jpeg"}),
        (3, "TIFF", {"compression": "lzma"}),
    ],
)
def test_what_is_dear_to_decode_may_be_less_large(limit, times, format, options):
    file = save(Image.new("RGB", (600, 1000)), format, **options)
    limit(max_pixels=int(600_000 * times))
    load(file)
    limit(max_pixels=int(600_000 * times) - 1)
    assert "at most 0.6 megapixels" in refusal(file)


def test_what_is_dear_only_at_full_size_may_be_larger_when_reduced(limit):
    image = Image.new("CMYK", (600, 1000))
    file = save(image, "JPEG", icc_profile=fuzz.cmyk_profile())
    limit(max_pixels=600_000)
    assert "megapixels" in refusal(file)
    assert "megapixels" in refusal(file, enough=301)
    assert load(file, enough=300).original_size == (600, 1000)


def test_deep_pixels_count_by_their_bytes(limit):
    rgba = save(Image.new("RGBA", (30, 10)), "PNG")
    deep = png(30, 10, 16, 2, bytes((30 * 6 + 1) * 10))
    deep_alpha = tiff(30, 10, bytes(30 * 8 * 10), (16,) * 4, t338=2)
    for file, bytes_a_pixel in ((rgba, 4), (deep, 6), (deep_alpha, 8)):
        limit(max_pixels=100 * bytes_a_pixel)
        load(file)
        limit(max_pixels=100 * bytes_a_pixel - 1)
        refusal(file)


BOMBS = {
    name: fuzz.resize(data, 16_300, 16_200)
    for name, data in fuzz.originals().items()
    if name.islower() and name not in ("tiff big", "avif animated")  # of another structure
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_are_decoded(name, monkeypatch):
    decoded = []
    for owner in (ImageFile.ImageFile, TiffImageFile, WebPImageFile, AvifImageFile):
        monkeypatch.setattr(owner, "load", decoded.append)
    sentence = refusal(BOMBS[name])
    assert not decoded
    if "webp" not in name:  # whose decoder notices the lie first
        assert "too large" in sentence


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000)])
def test_long_pictures_are_refused(size):
    assert "at most 20,000 pixels" in refusal(save(Image.new("L", size), "PNG"))


# Attacks.


def test_hostile_files_are_dealt_with():
    for label, data in fuzz.hostile(3_000_000):
        with alarm():
            attempt(data)
            if label in ("jpeg segments", "jpeg scans", "png chunks", "gif comments", "tiff tags"):
                assert "complicated" in refusal(data), label
            elif label in ("tiff tile", "tiff tiles", "bmp lines"):
                assert "too large" in refusal(data), label


def test_scans_are_counted_up_to_the_end_of_the_picture():
    progressive = save(PATTERN, "JPEG", progressive=True)
    count = progressive.count(b"\xff\xda")
    load(fuzz.scans(progressive, 50 - count))
    assert "complicated" in refusal(fuzz.scans(progressive, 51 - count))
    # The film that a phone appends, and a thumbnail, may hold what looks like scans.
    jpeg = save(PATTERN, "JPEG")
    film, thumbnail = b"\xff\xda\0\x08" * 999, fuzz.segment(0xE5, b"\xff\xda\0\x02" * 999)
    for file in (jpeg + film, jpeg[:2] + thumbnail + jpeg[2:]):
        assert np.array_equal(load(file).pixels, load(jpeg).pixels)


def test_the_end_of_the_picture_cannot_be_hidden_in_a_comment():
    progressive = save(PATTERN, "JPEG", progressive=True)
    start = progressive.index(b"\xff\xda")
    comment = fuzz.segment(0xFE, b"\xff\xd9")
    hidden = progressive[:start] + comment + fuzz.scans(progressive, 99)[start:]
    assert "complicated" in refusal(hidden)


def test_many_pieces_are_no_attack():
    rows = b"".join(b"\0" + row.tobytes() for row in PATTERN)
    packed = zlib.compress(rows)
    texts = b"".join(chunk(b"tEXt", b"Comment\0%d" % n) for n in range(1000))
    file = png(WIDTH, HEIGHT, 8, 2, rows, texts)
    assert np.array_equal(load(file).pixels, PATTERN)
    start = file.index(b"IDAT") - 4
    pieces = b"".join(chunk(b"IDAT", packed[n : n + 1]) for n in range(len(packed)))
    assert np.array_equal(load(file[:start] + pieces + chunk(b"IEND", b"")).pixels, PATTERN)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_give_a_picture_or_a_sentence(seed):
    pictures = refused = 0
    for number, (label, data) in enumerate(fuzz.cases(seed, 700)):
        try:
            with alarm():
                picture = attempt(data, **({"enough": 5} if number % 5 == 4 else {}))
        except Exception as error:
            error.add_note(label)
            raise
        pictures += picture is not None
        refused += picture is None
    assert pictures + refused == 700
    assert min(pictures, refused) > 100


def test_the_same_seed_makes_the_same_damage():
    assert list(fuzz.cases(3, 300)) == list(fuzz.cases(3, 300))
    assert list(fuzz.cases(3, 300)) != list(fuzz.cases(4, 300))


@given(
    data=st.binary(max_size=300), magic=st.sampled_from(fuzz.MAGIC), enough=st.none() | st.just(9)
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_picture_or_a_sentence(data, magic, enough):
    attempt(magic + data, **({"enough": enough} if enough else {}))


@given(name=st.sampled_from(sorted(fuzz.originals())), end=st.floats(0, 1, exclude_max=True))
@settings(max_examples=300, deadline=None)
def test_any_part_of_a_file_gives_a_picture_or_a_sentence(name, end):
    data = fuzz.originals()[name]
    attempt(data[: int(end * len(data))])


# Manners.


def test_pixels_cannot_be_written():
    pixels = load(save(PATTERN, "PNG")).pixels
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


def test_loading_changes_nothing_for_others():
    def state() -> tuple[object, ...]:
        flags = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        return *flags, list(warnings.filters), np.geterr()

    load(save(PATTERN, "AVIF"))  # the first call makes Pillow load its plugins
    before = state()
    for _, data in fuzz.cases(5, 200):
        attempt(data)
    assert state() == before


def test_many_threads_at_once():
    files = list(fuzz.originals().values()) * 3
    alone = [load(file) for file in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(load, files))
    for one, other in zip(alone, together, strict=True):
        assert one.original_size == other.original_size
        assert np.array_equal(one.pixels, other.pixels)


def test_pillow_neither_warns_nor_decides():
    """Also where warnings are errors, results are the same, and nothing is said."""
    program = """
import logging, sys
logging.basicConfig(level=logging.WARNING)
from core import images
from tests import fuzz
for _, data in fuzz.cases(6, 400):
    try:
        print(images.load(data).pixels.sum())
    except images.UnreadablePicture as error:
        print(error)
"""
    outputs = []
    for options in (["-W", "error"], ["-W", "ignore"]):
        command = [sys.executable, *options, "-c", program]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]


def test_nothing_else_in_the_app_opens_pictures():
    others = {*ROOT.glob("*.py"), *ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py")}
    for path in others - {*ROOT.glob("core/images/*.py")}:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"Image\.open\(|imread|decode_(image|jpeg|png)|load_img", text), path


def test_extensions_are_those_of_the_formats():
    Image.init()
    registered = Image.registered_extensions()
    known = {f".{extension}" for extension in folders.EXTENSIONS} - {".jif"}  # JPEG's, too
    assert {registered[ending] for ending in known} == set(images.FORMATS)
