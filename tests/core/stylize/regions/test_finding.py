"""Regions that are found from a box or a stroke, on pictures of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.regions import UnusableMask
from core.stylize.regions.finding import find

HEIGHT, WIDTH = 120, 160


@pytest.fixture(scope="module")
def disk() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (rows - 60) ** 2 + (columns - 70) ** 2 < 35**2


@pytest.fixture(scope="module")
def photo(disk) -> np.ndarray:
    """An orange disk on a green meadow, both of them uneven, and a small orange one elsewhere."""
    rng = np.random.default_rng(3)
    picture = np.where(disk[..., None], (220, 130, 40), (60, 140, 70))
    picture[5:20, 140:155] = 220, 130, 40
    return (picture + rng.normal(0, 12, picture.shape)).clip(0, 255).astype(np.uint8)


def overlap(found: np.ndarray, wanted: np.ndarray) -> float:
    return float((found & wanted).sum() / (found | wanted).sum())


def test_a_box_around_it_finds_what_is_in_the_box(photo, disk):
    hint = np.zeros((HEIGHT, WIDTH), bool)
    hint[15:105, 25:115] = True
    found = find(photo, hint)
    assert found.shape == (HEIGHT, WIDTH)
    assert overlap(found, disk) > 0.95
    assert not (found & ~hint).any()


def test_a_stroke_across_it_finds_what_it_touches_and_no_other_of_its_color(photo, disk):
    hint = np.zeros((HEIGHT, WIDTH), bool)
    hint[57:63, 45:95] = True
    found = find(photo, hint)
    assert overlap(found, disk) > 0.95
    assert not found[:25, 130:].any()


def test_the_same_hint_finds_the_same(photo):
    hint = np.zeros((HEIGHT, WIDTH), bool)
    hint[57:63, 45:95] = True
    np.testing.assert_array_equal(find(photo, hint), find(photo, hint))


def test_a_large_photo_is_looked_at_in_a_small_copy(photo, disk):
    large = photo.repeat(5, 0).repeat(5, 1)
    hint = np.zeros(disk.shape, bool)
    hint[15:105, 25:115] = True
    found = find(large, hint)
    assert found.shape == large.shape[:2]
    assert overlap(found, disk.repeat(5, 0).repeat(5, 1)) > 0.94


def test_a_hint_of_another_shape_is_refused(photo):
    hint = np.zeros((50, 50), bool)
    hint[10:20, 10:20] = True
    with pytest.raises(UnusableMask, match="another shape"):
        find(photo, hint)


def test_where_there_is_nothing_it_says_so():
    plain = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    hint = np.zeros((HEIGHT, WIDTH), bool)
    hint[40:43, 40:60:7] = True
    with pytest.raises(UnusableMask, match="Nothing was found"):
        find(plain, hint)
