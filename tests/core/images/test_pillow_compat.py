"""Pillow's undocumented names and habits, still as they were when `pillow_compat` was checked."""

from __future__ import annotations

import io
import warnings

import numpy as np
import PIL
import pytest
from PIL import Image, ImageCms

from core.images import UnreadablePicture, pillow_compat
from core.images.pillow_compat import MeteredFile
from tests.fuzz import chunk, originals, png, save, tiff

CHECKED_WITH = "13.0.0"
GRAY = np.zeros((4, 4), np.uint8)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_this_is_the_version_that_was_checked():
    """After an update: read its changes to plugins, see that all below holds, name it above."""
    assert PIL.__version__ == CHECKED_WITH


def test_tiffs_have_tags_and_others_do_not():
    image = opened(tiff(4, 4, bytes(16), t339=("H", (1,))))
    assert pillow_compat.is_tiff(image)
    assert pillow_compat.tags(image)[339] == (1,)
    assert pillow_compat.tags(image).get(258) == (8,)
    other = opened(save(GRAY, "PNG"))
    assert not pillow_compat.is_tiff(other)
    assert pillow_compat.tags(other) == {}


def test_tags_are_there_after_decoding_too():
    image = opened(tiff(4, 4, bytes(32), bits=(16,)))
    image.load()
    assert pillow_compat.tags(image)[258] == (16,)


def test_strips_are_counted_before_they_are_decoded():
    strips = {"t273": ("L", (0,) * 4), "t278": 1, "t279": ("L", (4,) * 4)}
    assert pillow_compat.tiles(opened(tiff(4, 4, bytes(4), **strips))) == 4


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(4, 4, 2, 0, bytes(4 * 2)), "L;2"),
        (png(4, 4, 4, 0, bytes(4 * 3)), "L;4"),
        (png(4, 4, 16, 2, bytes(4 * 25)), "RGB;16B"),
        (png(4, 4, 8, 6, bytes(4 * 17)), "RGBA"),
        (save(np.zeros((4, 4, 3), np.uint8), "JPEG"), "RGB"),
        (tiff(4, 4, bytes(48), bits=(8, 8, 8)), "RGB"),
    ],
)
def test_layouts_have_these_names(data, expected):
    assert pillow_compat.raw_mode(opened(data)) == expected


@pytest.mark.parametrize(
    ("bits", "color", "row", "stored", "scaled"),
    [(2, 0, 2, 1, 85), (4, 0, 3, 1, 17), (16, 2, 25, (256, 512, 768), (1, 2, 3))],
)
def test_a_transparent_color_comes_in_the_depth_of_the_file(bits, color, row, stored, scaled):
    samples = stored if isinstance(stored, tuple) else (stored,)
    body = b"".join(value.to_bytes(2) for value in samples)
    image = opened(png(4, 4, bits, color, bytes(4 * row), before=chunk(b"tRNS", body)))
    assert image.info["transparency"] == stored
    pillow_compat.scale_transparency(image)
    assert image.info["transparency"] == scaled


def test_side_directories_are_read_by_load_unless_it_is_told_not_to(monkeypatch):
    asked = []
    known = Image.Exif.get_ifd
    monkeypatch.setattr(
        Image.Exif, "get_ifd", lambda self, tag: asked.append(tag) or known(self, tag)
    )
    aside = tiff(4, 4, bytes(16), t34665=8)  # EXIF, said to begin where the file's own tags do
    opened(aside).load()
    assert asked
    asked.clear()
    image = opened(aside)
    pillow_compat.skip_side_directories(image)
    image.load()
    assert not asked


def test_exif_of_a_jpeg_is_kept_as_bytes():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert pillow_compat.exif_bytes(opened(save(GRAY, "JPEG", exif=exif)).info) == exif.tobytes()
    assert pillow_compat.exif_bytes(opened(save(GRAY, "JPEG")).info) == b""


def test_profiles_name_their_space():
    spaces = {
        name: pillow_compat.color_space(ImageCms.createProfile(name)) for name in ("sRGB", "LAB")
    }
    assert spaces == {"sRGB": "RGB", "LAB": "LAB"}


def test_transforms_name_what_they_take():
    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    assert pillow_compat.input_mode(ImageCms.buildTransform(*profiles, "LAB", "RGB")) == "LAB"


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif", "tiff"])
def test_opening_takes_few_reads_and_decoding_goes_on_with_the_same_file(name):
    file = MeteredFile(originals()[name])
    with Image.open(file) as image:
        assert file._reads > 9_900
        file.allow_pixels()
        image.load()
        assert image.size == (24, 16)


@pytest.mark.parametrize(("size", "allowed"), [(1, 10_000), (1_000_000, 4)])
def test_headers_without_end_are_given_up(size, allowed):
    file = MeteredFile(bytes(5_000_000))
    for _ in range(allowed):
        file.read(size)
    with pytest.raises(UnreadablePicture, match="complicated"):
        file.read(size)


def test_the_whole_at_once_is_not_counted():
    file = MeteredFile(bytes(5_000_000))
    assert len(file.read()) == 5_000_000


def test_warnings_come_from_modules_of_pillow_by_name(monkeypatch):
    """So that the one filter of `pillow_compat` hushes them, and nothing else."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    large = save(np.zeros((12, 12), np.uint8), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Image.DecompressionBombWarning):
            opened(large)
        warnings.filterwarnings("ignore", module=r"PIL\.")
        assert opened(large).size == (12, 12)
        with pytest.raises(UserWarning):
            warnings.warn("not of Pillow", stacklevel=1)
