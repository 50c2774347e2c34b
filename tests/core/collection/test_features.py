"""What is measured of a picture: size, light, colors, fingerprints; and the palettes of artists."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis.extra import numpy as hnp
from PIL import Image

from core import collection
from core.collection import scan
from core.collection.features import palette, palettes_by_artist
from tests.core.collection.conftest import (
    measure,
    picture,
    plain,
)
from tests.fuzz import exif, pattern, save


@pytest.mark.parametrize(
    ("colour", "brightness"),
    [
        ((0, 0, 0), 0.0),
        ((255, 255, 255), 1.0),
        ((128, 128, 128), 0.502),
        ((255, 0, 0), 0.299),
        ((0, 255, 0), 0.587),
        ((0, 0, 255), 0.114),
    ],
)
def test_brightness_is_the_mean_luma(place, colour, brightness):
    assert measure(place, plain(*colour)).brightness == pytest.approx(brightness, abs=1e-3)


def test_brightness_is_a_mean_over_the_picture(place):
    image = plain(255, 255, 255, size=(400, 300))
    image.paste((0, 0, 0), (0, 0, 300, 300))
    assert measure(place, image).brightness == pytest.approx(0.25, abs=5e-3)


@pytest.mark.parametrize("pixels", [pattern(90, 120).mean(-1).astype(np.uint8), picture(0)[..., 0]])
def test_grey_has_no_colour(place, pixels):
    assert measure(place, pixels).colourfulness == 0


def test_colourfulness_is_that_of_hasler_and_suesstrunk(place):
    """At 128 x 128 nothing is scaled, and the formula can be written out."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (128, 128, 3)).astype(np.uint8)
    pixels[:, :60, 0] //= 3
    red, green, blue = pixels.astype(float).transpose(2, 0, 1)
    rg, yb = red - green, 0.5 * (red + green) - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert expected > 60
    assert measure(place, pixels).colourfulness == pytest.approx(expected, abs=0.02)


def test_the_palette_has_the_colours_and_their_shares(place):
    image = plain(200, 30, 20, size=(400, 400))
    image.paste((10, 20, 160), (0, 0, 400, 100))
    (first, red), (second, blue), *_ = json.loads(measure(place, image).palette)
    assert (first, second) == ("#c81e14", "#0a14a0")
    assert (red, blue) == pytest.approx((0.75, 0.25), abs=0.05)  # the edge is blurred


def test_a_small_accent_is_in_the_palette():
    """Median cut would give six greys."""
    grey = np.tile(np.linspace(60, 200, 64).astype(np.uint8)[:, None, None], (1, 64, 3))
    grey[:8, :8] = (220, 20, 20)
    colours = [colour for colour, _ in palette(Image.fromarray(grey))]
    assert "#dc1414" in colours


@hypothesis_settings(deadline=None)
@given(hnp.arrays(np.uint8, (8, 8, 3)))
def test_shares_of_a_palette_add_up_and_fall(pixels):
    colours = palette(Image.fromarray(pixels))
    shares = [share for _, share in colours]
    assert 1 <= len(colours) <= 6
    assert sum(shares) == pytest.approx(1, abs=0.0031)
    assert shares == sorted(shares, reverse=True)
    assert all(len(bytes.fromhex(colour.removeprefix("#"))) == 3 for colour, _ in colours)


@pytest.mark.parametrize(("orientation", "size"), [(1, (60, 40)), (3, (60, 40)), (6, (40, 60))])
def test_sizes_are_those_of_the_upright_picture(place, orientation, size):
    data = save(pattern(40, 60), "JPEG", exif=exif(orientation))
    row = measure(place, data)
    assert (row.width, row.height) == size


def test_a_large_picture_is_read_small_but_its_size_is_its_own(place):
    row = measure(place, save(pattern(1500, 2100), "JPEG"))
    assert (row.width, row.height) == (2100, 1500)


def test_fingerprints_are_of_the_file_and_of_the_look(place):
    data = save(picture(1), "PNG")
    row = measure(place, data)
    again = measure(place, save(picture(1), "JPEG", quality=95))
    assert (row.bytes, row.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (len(row.hash), len(row.small)) == (16, scan.SMALL**2)
    assert again.sha256 != row.sha256
    assert (int(again.hash, 16) ^ int(row.hash, 16)).bit_count() <= 4
    assert (row.error, row.file) == ("", "one.png")


@pytest.mark.filterwarnings("error")
def test_the_palette_of_an_artist_is_made_of_those_of_the_paintings(place, measured):
    for name, colour in [("Titian/a", (200, 0, 0)), ("Titian/b", (0, 0, 90)), ("X/c", (9, 9, 9))]:
        (place / name).parent.mkdir(exist_ok=True)
        (place / f"{name}.png").write_bytes(save(plain(*colour), "PNG"))
    scan.scan(place)
    table = palettes_by_artist(scan.table(place))
    assert table["artist"].tolist() == ["Titian", "X"]
    dark, light = json.loads(table["palette"][0])
    assert (dark, light) == (["#00005a", 0.5], ["#c80000", 0.5])
    assert json.loads(table["palette"][1]) == [["#090909", 1.0]]


@pytest.mark.real_data
def test_real_paintings_have_sensible_figures(real_paintings):
    files = [file.file for file in collection.files(real_paintings)[::1000]]
    for file in files:
        row = scan.measure(real_paintings, file)
        assert not row.error
        assert min(row.width, row.height) > 100
        assert 0.02 < row.brightness < 0.98
        assert 0 <= row.colourfulness < 150
        assert sum(share for _, share in json.loads(row.palette)) == pytest.approx(1, abs=0.0031)
