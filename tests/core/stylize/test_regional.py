"""Refining in regions: styles that stay where they belong, a photo that stays as it is."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from core.stylize import artist_styles, objective, refine, regional, regions
from core.stylize.objective import losses
from core.stylize.regions import Layout
from core.stylize.request import StylizeRequest

pytestmark = pytest.mark.tensorflow

ROWS, COLUMNS = 64, 80
USUAL = {"rows": ROWS, "steps": 6, "soft_edge": 0.1}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    rng = np.random.default_rng(4)
    return rng.integers(90, 166, (ROWS, COLUMNS, 3), np.uint8)


@pytest.fixture(scope="module")
def styles() -> list[np.ndarray]:
    """Red and blue ones, with something to see in them."""
    rng = np.random.default_rng(5)
    found = rng.integers(0, 60, (2, ROWS, ROWS, 3), np.uint8)
    found[0, ..., 0] += 190
    found[1, ..., 2] += 190
    return list(found)


@pytest.fixture(scope="module")
def left() -> np.ndarray:
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[:, : COLUMNS // 2] = True
    return mask


def smooth(height: int, width: int, seed: int) -> np.ndarray:
    """A made-up picture without noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return refine.as_pixels(refine.resize(coarse, height, width))


def lay_out(request: StylizeRequest, masks: list[np.ndarray], styles: int = 2) -> Layout:
    found = regions.lay_out(request, masks, styles, ROWS, COLUMNS)
    assert found is not None
    return found


def redness(pixels: np.ndarray) -> np.ndarray:
    """By column."""
    return (pixels[..., 0].astype(float) - pixels[..., 2]).mean(0)


@pytest.mark.parametrize("forms", [0.0, 0.5])
@pytest.mark.parametrize("keep_colors", [False, True])
def test_not_one_pixel_of_a_kept_region_changes(photo, styles, left, forms, keep_colors):
    request = StylizeRequest(**USUAL, forms=forms, keep_colors=keep_colors)
    steps = list(regional.paint(photo, styles[:1], request, lay_out(request, [left], 1)))
    for step in steps:
        np.testing.assert_array_equal(step.pixels()[:, COLUMNS // 2 :], photo[:, COLUMNS // 2 :])
    painted = steps[-1].pixels()[:, : COLUMNS // 2]
    assert np.abs(painted.astype(int) - photo[:, : COLUMNS // 2]).mean() > (
        0.5 if keep_colors else 5
    )


def test_each_region_has_its_own_style_and_the_other_one_none_of_it(photo, styles, left):
    """What the right is painted like says nothing of the left, but for the soft border."""
    request = StylizeRequest(**USUAL, region_styles=("1", "photo"))
    (*_, alone) = regional.paint(photo, styles, request, lay_out(request, [left]))
    request = StylizeRequest(**USUAL)
    (*_, both) = regional.paint(photo, styles, request, lay_out(request, [left]))
    found = redness(both.pixels())
    border = int(0.1 * ROWS / 2) + 1
    assert found[: COLUMNS // 2 - border].min() > 60
    assert found[COLUMNS // 2 + border :].max() < -60
    # Seen from the other side: how red it is where the border ends is as without a neighbor.
    here = slice(0, COLUMNS // 2 - 2 * border - 1)
    assert np.abs(redness(alone.pixels())[here] - found[here]).mean() < 25


def test_a_picture_without_an_edge_is_painted_like_the_whole(photo, styles):
    """A region that is everything has the losses and the matches of a painting without one."""
    request = StylizeRequest(**USUAL)
    whole = Layout(np.ones((ROWS, COLUMNS), np.uint8), (regions.Region((0,), 1.0),), 0.02)
    (*_, found) = regional.paint(photo, styles, request, whole)
    (*_, wanted) = refine.refine(photo, styles[:1], request)
    assert found.step == wanted.step
    assert found.loss == pytest.approx(wanted.loss, rel=1e-3)
    assert np.abs(found.pixels().astype(int) - wanted.pixels()).mean() < 1


def test_less_strength_stays_nearer_to_the_photo(photo, styles, left):
    away = []
    for strength in (1.0, 0.3):
        request = StylizeRequest(**USUAL, region_strengths=(strength,))
        (*_, last) = regional.paint(photo, styles[:1], request, lay_out(request, [left], 1))
        away.append(np.abs(last.pixels().astype(int) - photo).mean())
    assert away[1] < 0.7 * away[0]


def test_steps_are_counted_for_the_whole_picture(photo, styles, left):
    request = StylizeRequest(**USUAL)
    steps = list(regional.paint(photo, styles, request, lay_out(request, [left])))
    assert len(steps) == 2 * request.steps
    numbers = [step.step for step in steps]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (1, request.steps)
    assert {step.of for step in steps} == {request.steps}
    shares = [step.done for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_scales_go_over_all_regions_before_the_next_one(photo, styles, left):
    request = StylizeRequest(**USUAL, scales=(0.5, 1.0))
    steps = list(regional.paint(photo, styles, request, lay_out(request, [left])))
    assert [scale for scale, _ in itertools.groupby(step.scale for step in steps)] == [0.5, 1.0]
    assert steps[0].pixels().shape == (ROWS // 2, COLUMNS // 2, 3)
    assert sum(step.first for step in steps) == 4


def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_been(photo, styles, left):
    request = StylizeRequest(**USUAL, scales=(0.5, 1.0))
    layout = lay_out(request, [left])
    wanted = list(regional.paint(photo, styles, request, layout))
    for stopped in (1, 5, 8, 11):
        steps = regional.paint(photo, styles, request, layout)
        for _ in range(stopped):
            step = next(steps)
        found = list(regional.paint(photo, styles, request, layout, resume=step.checkpoint()))
        assert [each.step for each in found] == [each.step for each in wanted[stopped - 1 :]]
        assert [each.loss for each in found] == [each.loss for each in wanted[stopped - 1 :]]
        np.testing.assert_array_equal(found[-1].pixels(), wanted[-1].pixels())


def test_a_painter_without_places_takes_forms_from_its_own_region_only(photo, styles, left):
    painter = dataclasses.replace(artist_styles.load("claude-monet"), places=None)
    request = StylizeRequest(**USUAL)
    layout = lay_out(request, [left])
    assert regional.allowed(request, [styles[0], painter], layout) is request
    assert regional.allowed(request, [painter, painter], layout).forms == 0
    *_, last = regional.paint(photo, [styles[0], painter], request, layout)
    assert redness(last.pixels())[: COLUMNS // 2 - 5].min() > 60


def test_a_painter_with_places_has_forms_in_a_region(photo, styles, left):
    painter = artist_styles.load("claude-monet")
    request = StylizeRequest(**USUAL)
    layout = lay_out(request, [left])
    assert regional.allowed(request, [painter, painter], layout) is request
    *_, one = regional.paint(photo, [painter, styles[0]], request, layout)
    *_, two = regional.paint(photo, [painter, styles[0]], request.changed(forms=0.0), layout)
    assert (one.pixels() != two.pixels()).any()


def test_a_masked_loss_is_the_same_in_tiles_and_whole():
    picture = smooth(256, 256, 1)
    photo, style = smooth(256, 256, 2), smooth(96, 96, 3)
    mask = np.zeros((256, 256), np.float32)
    mask[:140, 60:200] = 1
    layers = tuple((f"block{block}_conv1", 1.0) for block in (1, 2, 3))
    judge = objective.objective("vgg16", "float32", layers[2:], layers, True)
    weights = objective.Weights(content=0.1, style=1.0, forms=1.0)
    target, found = judge.describe(style), {}
    for largest in (None, 200 * 200):
        forms = judge.match(photo, [style], [1.0], largest=largest, mask=mask)
        evaluate = judge.against(photo, target, weights, forms=forms, largest=largest, mask=mask)
        found[largest] = evaluate(np.asarray(picture, np.float32))
    whole, tiled = found.values()
    assert tiled.loss == pytest.approx(whole.loss, rel=1e-4)
    assert tiled.content == pytest.approx(whole.content, rel=1e-3)
    error = np.abs(tiled.gradient - whole.gradient).max()
    assert error < 1e-3 * np.abs(whole.gradient).max()


def test_a_mask_weighs_the_places_of_maps_as_numpy_would():
    rng = np.random.default_rng(1)
    features = {"a": rng.normal(size=(6, 8, 3)).astype(np.float32)}
    masks = {"a": np.zeros((6, 8), np.float32)}
    masks["a"][:4, 2:] = 0.5
    found = losses.accumulate(features, {"grams": ["a"]}, masks)["grams"]["a"].numpy()
    places = features["a"][:4, 2:].reshape(-1, 3)
    np.testing.assert_allclose(found, places.T @ places / len(places), rtol=1e-5, atol=1e-6)
