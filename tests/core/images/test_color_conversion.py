"""Any mode, transparency and profile becomes sRGB over white."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.images import load
from tests import fuzz
from tests.core.images.checks import PATTERN, WHITE, alarm, close
from tests.fuzz import chunk, png, save, tiff

# Pillow's warnings about broken files; `test_pillow_neither_warns_nor_decides` is about them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning"
)


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
