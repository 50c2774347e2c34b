"""Forms: the term against plain NumPy, its gradient, tiles, and several styles."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize import objective
from core.stylize.objective import forms, neighbors
from core.stylize.request import StylizeRequest

SIZE = 165, 203  # odd, so that poolings leave rows and columns out
LARGEST = 25_000  # pixels: forces tiles
WEIGHTS = objective.Weights(content=0.1, style=0.5, variation=0.3, forms=0.5)

pytestmark = pytest.mark.tensorflow


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """Soft patches of color, float32 0..255."""
    from core.images.resize import resize

    patches = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3))
    return resize(patches.astype(np.float32), height, width).clip(0, 255)


@pytest.fixture(scope="module")
def judge() -> objective.Objective:
    layers = tuple(forms.CONTENT.items()), (("block1_conv1", 1.0), ("block2_conv1", 1.0))
    return objective.objective("vgg16", "float32", *layers, True)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return picture(*SIZE, seed=0)


@pytest.fixture(scope="module")
def style() -> np.ndarray:
    return picture(120, 140, seed=1)


@pytest.fixture(scope="module")
def canvas() -> np.ndarray:
    return picture(*SIZE, seed=2)


@pytest.fixture(scope="module")
def matched(judge, photo, style) -> forms.Forms:
    return judge.match(photo, [style], [1.0])


def columns_by_hand(maps: dict[str, np.ndarray]) -> np.ndarray:
    """Hypercolumns, place by place."""
    maps = {name: np.asarray(maps[name], np.float64) for name in forms.LAYERS}
    height, width, _ = maps["block3_conv1"].shape
    rows = []
    for y in range(height):
        for x in range(width):
            row = []
            for name in forms.LAYERS:
                map_ = maps[name]
                if name.startswith("block1"):
                    value = map_[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].mean((0, 1))
                elif name.startswith("block2"):
                    value = map_[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean((0, 1))
                elif name.startswith("block3"):
                    value = map_[y, x]
                else:
                    value = map_[min(y // 2, len(map_) - 1), min(x // 2, map_.shape[1] - 1)]
                row.append(value / map_.shape[-1])
            rows.append(np.concatenate(row))
    return np.array(rows).reshape(height, width, -1)


def test_hypercolumns_and_distance_are_those_of_plain_arithmetic(judge, canvas, matched):
    maps = judge.features(canvas)
    expected = columns_by_hand(maps)
    found = forms.hypercolumns(maps).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * expected.max())
    wanted = np.asarray(matched.bank, np.float64)[matched.chosen]
    lengths = np.linalg.norm(expected, axis=-1) * np.linalg.norm(wanted, axis=-1)
    mean = (1 - (expected * wanted).sum(-1) / lengths).mean()
    distance = forms.distance(maps, **matched.arguments())
    assert float(distance) == pytest.approx(mean, rel=1e-4)


def test_places_are_chosen_as_by_plain_arithmetic(judge, photo, style, matched):
    asked, places = (
        columns_by_hand(judge.features(each)).reshape(-1, 1728).astype(np.float32)
        for each in (photo, style)
    )
    _, numbers = neighbors.nearest(asked, neighbors.prepare(places, asked))
    assert (numbers.reshape(matched.chosen.shape) == matched.chosen).mean() > 0.999
    np.testing.assert_allclose(np.asarray(matched.bank), neighbors.unit(places), atol=1e-5)


def test_a_picture_is_most_like_itself(judge, style):
    matched = judge.match(style, [style], [1.0])
    own = np.arange(matched.chosen.size).reshape(matched.chosen.shape)
    assert (matched.chosen == own).mean() > 0.9
    evaluate = judge.against(style, judge.describe(style), WEIGHTS, forms=matched)
    assert evaluate(style).forms < 0.01


def test_the_loss_is_the_weighted_sum_and_the_gradient_is_its_own(
    judge, photo, style, canvas, matched
):
    evaluate = judge.against(photo, judge.describe(style), WEIGHTS, forms=matched)
    found = evaluate(canvas)
    without = judge.against(
        photo, judge.describe(style), objective.Weights(0.1, 0.5, 0.3), forms=matched
    )(canvas)
    assert found.loss == pytest.approx(without.loss + 0.5 * found.forms, rel=1e-5)
    way = 0.5 * found.gradient / np.abs(found.gradient).max()
    ahead, behind = evaluate(canvas + way).loss, evaluate(canvas - way).loss
    slope = float(np.vdot(found.gradient, way))
    assert (ahead - behind) / 2 == pytest.approx(slope, rel=0.02)


def test_tiles_choose_and_judge_as_the_whole_does(judge, photo, style, canvas, matched):
    tiled = judge.match(photo, [style], [1.0], largest=LARGEST)
    assert len(judge._parts(photo, LARGEST, ())) > 1
    assert (tiled.chosen == matched.chosen).mean() > 0.999
    target = judge.describe(style)
    whole = judge.against(photo, target, WEIGHTS, forms=matched)(canvas)
    parts = judge.against(photo, target, WEIGHTS, forms=matched, largest=LARGEST)(canvas)
    for part in ("loss", "content", "style", "forms"):
        assert getattr(parts, part) == pytest.approx(getattr(whole, part), rel=5e-5)
    difference = np.abs(parts.gradient - whole.gradient).max()
    assert difference < 1e-5 * np.abs(whole.gradient).max()


def test_several_styles_share_the_places(judge, photo, style, monkeypatch):
    other = picture(100, 130, seed=5)
    monkeypatch.setattr(forms, "MOST_PLACES", 1000)
    both = judge.match(photo, [style, other], [0.25, 0.75], seed=3)
    assert both.bank.shape == (1000, 1728)
    assert (both.chosen >= 500).mean() == pytest.approx(0.75, abs=0.01)
    again = judge.match(photo, [style, other], [0.25, 0.75], seed=3)
    np.testing.assert_array_equal(both.chosen, again.chosen)
    different = judge.match(photo, [style, other], [0.25, 0.75], seed=4)
    assert (both.chosen != different.chosen).any()


def test_the_request_has_a_share_of_forms():
    assert 0 < StylizeRequest().forms <= 1
