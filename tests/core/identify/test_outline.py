"""Paintings in photos of them: found where they hang, cut out, refused in a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.walls import on_a_wall, overlap
from core import examples, images
from core.errors import InvalidRequest
from core.identify import outline
from core.images import Picture

PAINTINGS = [images.load(each.read(), enough=400).pixels for each in examples.catalogue()[:4]]
FULL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize("number", range(len(PAINTINGS)))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_painting_is_found_on_its_wall(number: int, seed: int):
    photo, corners, frame = on_a_wall(PAINTINGS[number], seed, (480, 640))
    found = outline.find(photo)
    assert found is not None
    assert max(overlap(found, corners), overlap(found, frame)) > 0.85


def test_where_there_is_no_wall_nothing_is_found(make_picture):
    assert outline.find(np.full((200, 300, 3), 90, np.uint8)) is None
    assert outline.find(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)) is None
    assert outline.find(make_picture(20, 300)) is None
    assert [outline.find(each) for each in PAINTINGS] == [None] * len(PAINTINGS)


def test_the_cut_is_the_painting_seen_from_in_front():
    painting = np.zeros((120, 160, 3), np.uint8)
    painting[:60, :80], painting[:60, 80:] = (255, 0, 0), (0, 255, 0)
    painting[60:, :80], painting[60:, 80:] = (0, 0, 255), (255, 255, 0)
    photo, corners, _ = on_a_wall(painting, 5, (480, 640))
    flat = outline.cut(photo, corners)
    high, wide = flat.shape[:2]
    quarters = [(0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)]
    told = [flat[int(y * high), int(x * wide)].argmax() for y, x in quarters[:3]]
    assert told == [0, 1, 2]
    assert flat[int(0.75 * high), int(0.75 * wide)].argmin() == 2


def test_whole_pictures_stay_as_they_are(make_picture):
    photo = make_picture(96, 128)
    assert np.array_equal(outline.cut(photo, FULL), photo)
    picture = Picture(photo, "JPEG", (128, 96))
    assert outline.without_wall(picture) == (picture, None)


def test_the_order_of_the_corners_does_not_matter(make_picture):
    photo = make_picture(96, 128)
    corners = ((0.1, 0.2), (0.8, 0.1), (0.9, 0.9), (0.2, 0.8))
    wanted = outline.cut(photo, corners)
    for order in ((1, 2, 3, 0), (3, 2, 1, 0), (2, 0, 3, 1)):
        assert np.array_equal(outline.cut(photo, [corners[each] for each in order]), wanted)


@pytest.mark.parametrize(
    ("corners", "sentence"),
    [
        (FULL[:3], "Four corners"),
        (((0, 0), (1, 0), (1, float("nan")), (0, 1)), "Four corners"),
        (((0, 0), (1, 0), (0.4, 0.4), (0, 1)), "around"),
        (((0.5, 0.5), (0.55, 0.5), (0.55, 0.55), (0.5, 0.55)), "too small"),
    ],
)
def test_corners_of_no_painting_are_refused_in_a_sentence(corners, sentence, make_picture):
    with pytest.raises(InvalidRequest, match=sentence):
        outline.cut(make_picture(96, 128), corners)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-2, 3), st.floats(-2, 3)), min_size=4, max_size=4))
def test_any_corners_are_cut_or_refused(corners):
    photo = np.zeros((64, 80, 3), np.uint8)
    try:
        found = outline.cut(photo, corners)
    except InvalidRequest:
        return
    assert found.dtype == np.uint8
    assert max(found.shape) <= 110
