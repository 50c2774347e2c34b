"""Masks: read from pictures of any kind, refused in a sentence, fitted to a painting."""

from __future__ import annotations

import numpy as np
import pytest

from core import images
from core.stylize import regions
from core.stylize.regions import UnusableMask


def gray(mask: np.ndarray, low: int = 0, high: int = 255) -> np.ndarray:
    levels = np.where(mask, high, low).astype(np.uint8)
    return np.repeat(levels[..., None], 3, -1)


@pytest.fixture
def half() -> np.ndarray:
    mask = np.zeros((40, 60), bool)
    mask[:, :30] = True
    return mask


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_mask_is_where_a_picture_is_white(half, kind):
    np.testing.assert_array_equal(regions.load(images.encode(gray(half), kind)), half)


def test_grays_go_to_the_nearer_side(half):
    np.testing.assert_array_equal(regions.load(images.encode(gray(half, 100, 140))), half)


def test_color_is_refused_but_for_a_trace_of_it(half):
    pixels = gray(half)
    pixels[0, :20] = 255, 0, 0
    np.testing.assert_array_equal(regions.load(images.encode(pixels))[1:], half[1:])
    pixels[:4, :20] = 255, 0, 0
    with pytest.raises(UnusableMask, match="in color"):
        regions.load(images.encode(pixels))


@pytest.mark.parametrize(("level", "name"), [(0, "black"), (255, "white"), (90, "black")])
def test_a_mask_of_one_value_is_refused(level, name):
    with pytest.raises(UnusableMask, match=f"is {name}.* everywhere"):
        regions.load(images.encode(np.full((20, 20, 3), level, np.uint8)))


def test_what_is_no_picture_is_refused_as_one():
    with pytest.raises(images.UnreadablePicture):
        regions.load(b"P5 white")


@pytest.mark.parametrize("size", [(20, 30), (40, 60), (400, 600), (33, 50)])
def test_a_mask_of_another_size_is_fitted(half, size):
    fitted = regions.fit(half, *size)
    assert fitted.shape == size
    np.testing.assert_array_equal(fitted[:, : size[1] // 2 - 1], True)
    np.testing.assert_array_equal(fitted[:, size[1] // 2 + 1 :], False)


@pytest.mark.parametrize("size", [(60, 40), (40, 40), (40, 64)])
def test_a_mask_of_another_shape_is_refused(half, size):
    with pytest.raises(UnusableMask, match=rf"another shape \(60×40\).* \({size[1]}×{size[0]}\)"):
        regions.fit(half, *size)


def test_a_pixel_of_rounding_is_no_other_shape():
    mask = np.zeros((7, 10), bool)
    mask[:3] = True
    assert regions.fit(mask, 100, 150).shape == (100, 150)


def test_a_region_that_cannot_be_seen_is_refused(half):
    dot = np.zeros((400, 600), bool)
    dot[7, 7] = True
    with pytest.raises(UnusableMask, match="too small"):
        regions.fit(dot, 40, 60)


def test_a_coarser_grid_says_how_much_of_each_place_is_covered():
    mask = np.zeros((4, 8), bool)
    mask[:, :3] = True
    np.testing.assert_allclose(regions.on_grid(mask, 2, 4), [[1, 0.5, 0, 0]] * 2)
    assert regions.on_grid(mask, 4, 8).dtype == np.float32
