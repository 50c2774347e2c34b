"""The door for pictures: what comes in, what is refused, and with which words."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageFile

from core import images
from core.images import folders, load
from tests import fuzz
from tests.core.images.checks import PATTERN, attempt, close, refusal, stored
from tests.fuzz import exif, pattern, save

# Pillow's warnings about broken files; `test_pillow_neither_warns_nor_decides` is about them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning"
)
ROOT = Path(__file__).resolve().parents[3]


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
