"""Layouts: what each region gets, how regions meet, and what of the photo stays."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidRequest
from core.stylize import regions
from core.stylize.regions import Region
from core.stylize.request import StylizeRequest

HEIGHT, WIDTH = 40, 60


def rows(start: int, stop: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[start:stop] = True
    return mask


def lay_out(masks: list[np.ndarray], styles: int, **how: object) -> regions.Layout:
    found = regions.lay_out(StylizeRequest(**how), masks, styles, HEIGHT, WIDTH)
    assert found is not None
    return found


def bands(layout: regions.Layout) -> list[int]:
    """The label of each band of ten rows."""
    assert (layout.labels == layout.labels[:, :1]).all()
    return layout.labels[5::10, 0].tolist()


def test_there_is_no_layout_without_masks():
    assert regions.lay_out(StylizeRequest(), [], 1, HEIGHT, WIDTH) is None
    with pytest.raises(InvalidRequest, match="no region without a mask"):
        regions.lay_out(StylizeRequest(region_styles=("1",)), [], 1, HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("styles", "painted", "where"),
    [
        (1, [(0,)], [1, 0, 1, 0]),  # both regions are one, since they get the same
        (2, [(0,), (1,)], [1, 0, 2, 0]),
        (3, [(2,), (0,), (1,)], [2, 1, 3, 1]),  # the last one is for what no mask covers
    ],
)
def test_by_default_each_region_has_the_style_of_its_number(styles, painted, where):
    layout = lay_out([rows(0, 10), rows(20, 30)], styles)
    assert layout.regions == tuple(Region(each, 1.0) for each in painted)
    assert bands(layout) == where


def test_regions_get_what_is_said_of_them():
    masks = [rows(0, 20), rows(10, 30)]
    layout = lay_out(masks, 2, region_styles=("photo", "2", "all"), region_strengths=(1, 0.5, 0.8))
    assert layout.regions == (Region((0, 1), 0.8), Region((1,), 0.5))
    assert bands(layout) == [0, 2, 2, 1]  # later masks lie over earlier ones
    assert layout.regions[0].weights((0.3, 0.7)) == (0.3, 0.7)
    assert layout.regions[1].weights((0.3, 0.7)) is None
    # No strength is the photo, and what is not said of the rest is that it stays.
    layout = lay_out(masks, 2, region_styles=("1", "2"), region_strengths=(0, 1))
    assert layout.regions == (Region((1,), 1.0),)
    assert bands(layout) == [0, 1, 1, 0]


def test_a_region_that_is_covered_is_none():
    layout = lay_out([rows(0, 20), rows(0, 30)], 2)
    assert layout.regions == (Region((1,), 1.0),)
    assert bands(layout) == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"region_styles": ("3", "1")}, "There is no style 3: 2 are given"),
        ({"region_styles": ("1",)}, "2 masks and 1 values of region_styles"),
        ({"region_styles": ("1",) * 4}, "2 masks and 4 values of region_styles"),
        ({"region_strengths": (1,)}, "2 masks and 1 values of region_strengths"),
        ({"region_styles": ("photo", "photo")}, "nothing to paint"),
        ({"region_strengths": (0, 0)}, "nothing to paint"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(how, sentence):
    with pytest.raises(InvalidRequest, match=sentence):
        lay_out([rows(0, 10), rows(20, 30)], 2, **how)


def test_styles_without_a_region_are_refused():
    with pytest.raises(InvalidRequest, match="1 masks and 3 styles: say which"):
        lay_out([rows(0, 10)], 3)


@pytest.mark.parametrize("how", [{"region_styles": ("0",)}, {"region_styles": ("sky",)}])
def test_a_style_is_a_number_or_a_word_that_is_known(how):
    with pytest.raises(InvalidRequest, match="Styles of regions"):
        StylizeRequest(**how)


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_strengths_are_shares(strength):
    with pytest.raises(InvalidRequest, match="Strengths of regions"):
        StylizeRequest(region_strengths=(strength,))


def test_weights_sum_to_one_and_are_hard_without_a_soft_edge():
    layout = lay_out([rows(0, 10), rows(20, 30)], 2, soft_edge=0)
    np.testing.assert_array_equal(layout.weights.argmax(0), layout.labels)
    assert set(np.unique(layout.weights)) == {0, 1}
    soft = lay_out([rows(0, 10), rows(20, 30)], 2, soft_edge=0.2).weights
    np.testing.assert_allclose(soft.sum(0), 1, atol=1e-6)
    assert len(np.unique(soft)) > 4


def test_a_soft_edge_lies_in_what_is_painted_and_leaves_the_photo_whole():
    breadth = 0.2 * HEIGHT
    photo, painted = lay_out([rows(0, 20)], 1, soft_edge=0.2).weights[:, :, 0]
    np.testing.assert_array_equal(photo[20:], 1)
    np.testing.assert_array_equal(painted[: 20 - round(breadth)], 1)
    border = photo[20 - round(breadth) : 20]
    assert (np.diff(border) > 0).all()
    assert 0 <= border[0] < border[-1] < 1


def test_a_soft_edge_between_styles_lies_on_both_sides_and_no_style_goes_beyond_it():
    breadth = round(0.2 * HEIGHT)
    _, below, above = lay_out([rows(0, 20)], 2, soft_edge=0.2).weights[:, :, 0]
    edge = 20
    np.testing.assert_array_equal(above[: edge - breadth // 2], 1)
    np.testing.assert_array_equal(above[edge + breadth // 2 :], 0)
    np.testing.assert_array_equal(below, above[::-1])
    assert above[edge - 1] > 0.5 > above[edge] > 0


def test_a_copy_of_another_size_has_the_same_regions():
    layout = lay_out([rows(0, 20)], 1, soft_edge=0.2)
    small = layout.at(10, 15)
    assert small.labels.shape == (10, 15)
    np.testing.assert_array_equal(small.labels[:, 0], [1] * 5 + [0] * 5)
    assert small.regions == layout.regions
    assert layout.at(HEIGHT, WIDTH) is layout


def test_a_box_holds_all_that_a_region_paints_and_some_of_what_is_around_it():
    mask = np.zeros((300, 400), bool)
    mask[100:120, 150:160] = True
    request = StylizeRequest(region_styles=("1", "photo"))
    layout = regions.lay_out(request, [mask], 1, 300, 400)
    down, right = layout.box(0, 32)
    assert (down.start, down.stop) == (52, 168)
    assert (right.start, right.stop) == (102, 208)
    down, right = layout.box(0, 350)
    assert (down.start, down.stop) == (0, 300)
    assert right.stop - right.start >= 350


def test_the_photo_is_restored_to_the_pixel():
    layout = lay_out([rows(0, 20)], 1)
    rng = np.random.default_rng(0)
    photo, painting = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), np.uint8)
    restored = layout.restored(painting, photo)
    np.testing.assert_array_equal(restored[20:], photo[20:])
    np.testing.assert_array_equal(restored[:20], painting[:20])
