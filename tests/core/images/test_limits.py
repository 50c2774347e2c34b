"""What is too large or hostile is refused before it costs anything."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.images import load
from core.settings import settings as app_settings
from tests import fuzz
from tests.core.images.checks import HEIGHT, PATTERN, WIDTH, alarm, attempt, refusal
from tests.fuzz import chunk, png, save, tiff

# Pillow's warnings about broken files; `test_pillow_neither_warns_nor_decides` is about them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning"
)


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
