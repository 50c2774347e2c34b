"""The instant network: sizes, blends, strength, colors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core import examples, images
from core.models import architectures
from core.stylize import extractors as perceptual
from core.stylize import instant, regions
from core.stylize.instant import engine as instant_engine
from core.stylize.style import InstantTarget


@pytest.fixture(scope="module")
def engine() -> instant.Engine:
    """The real eye with a decoder that has learned nothing but reads the style."""
    keras.utils.set_random_seed(1)
    decoder = architectures.style_decoder(widths=(16, 16, 8, 8), hidden=8)
    rng = np.random.default_rng(1)
    for layer in decoder.layers:
        if layer.name.endswith("_style"):  # made with zeros, which read nothing
            kernel, bias = layer.get_weights()
            layer.set_weights([rng.normal(0, 0.3, kernel.shape), bias])
    eye = perceptual.load("vgg16")
    return instant.compiled(eye, decoder)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return images.preview(images.load(examples.photos()[0].read()).pixels, 120)


@pytest.fixture(scope="module")
def paintings() -> list[np.ndarray]:
    shown = examples.catalogue()[:2]
    return [images.preview(images.load(each.read()).pixels, 120) for each in shown]


def test_the_eye_sees_the_photo_at_half_its_size(photo):
    eye = instant.TensorFlowNetworks(perceptual.load("vgg16"), None)
    maps = eye.encode(np.zeros((1, 64, 96, 3), np.float32)).maps
    assert [maps[name].shape[1:3] for name in instant.LAYERS] == [
        (4, 6), (8, 12), (16, 24), (32, 48)
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [(64, 64), (97, 131), (40, 300), (17, 33)])
def test_any_shape_comes_back_at_the_rows_that_were_asked_for(engine, photo, shape):
    picture = np.resize(photo, (*shape, 3))
    painted = instant.paint(picture, [photo], rows=80, engine=engine)
    assert painted.shape == (80, max(1, round(80 * shape[1] / shape[0])), 3)
    assert painted.dtype == np.uint8


def test_large_paintings_are_painted_smaller_and_enlarged(engine, photo, paintings, monkeypatch):
    monkeypatch.setattr(instant_engine, "LARGEST", 60 * 60)
    seen, whole = [], engine.paint
    monkeypatch.setattr(engine, "paint", lambda p, *rest: seen.append(p.shape) or whole(p, *rest))
    painted = instant.paint(photo, paintings[:1], rows=200, engine=engine)
    assert painted.shape[0] == 200
    assert seen[0][1] * seen[0][2] < 110 * 110  # with margins


def test_strength_goes_from_the_photo_to_the_style(engine, photo, paintings):
    """At 0 any style gives the same; more of it goes further away."""

    def paint(style: np.ndarray, strength: float) -> np.ndarray:
        return instant.paint(photo, [style], rows=64, strength=strength, engine=engine).astype(int)

    one, other = (paint(style, 0.0) for style in paintings)
    np.testing.assert_array_equal(one, other)
    half, whole = (np.abs(paint(paintings[0], s) - one).mean() for s in (0.5, 1.0))
    assert 0 < half < whole


def test_where_a_photo_is_flat_it_is_painted_over_strokes(engine, paintings):
    """The same everywhere gave the same everywhere."""
    grey = np.full((192, 256, 3), 120, np.uint8)

    def changes(strength: float) -> float:
        painted = instant.paint(grey, paintings[:1], rows=192, strength=strength, engine=engine)
        return painted[64:-64, 64:-64].std(axis=(0, 1)).max()

    assert changes(0.0) < 1
    assert changes(1.0) > 3 * changes(0.0) + 1


def test_styles_blend_by_their_weights(engine, photo, paintings):
    def paint(weights: list[float]) -> np.ndarray:
        return instant.paint(photo, paintings, style_weights=weights, rows=64, engine=engine)

    alone = instant.paint(photo, paintings[:1], rows=64, engine=engine)
    np.testing.assert_array_equal(paint([1, 0]), alone)
    blend = paint([1, 1]).astype(int)
    assert np.abs(blend - alone).mean() > 0
    assert np.abs(blend - paint([0, 1])).mean() > 0


def test_a_described_style_paints_as_its_picture_does(engine, photo, paintings):
    small = images.preview(paintings[0], 100)
    assert small.shape[0] >= 64
    from_picture = instant.paint(photo, [small], rows=small.shape[0], engine=engine)
    described = instant.describe(small, engine)
    assert described.network == "vgg16"
    from_figures = instant.paint(photo, [described], rows=small.shape[0], engine=engine)
    np.testing.assert_array_equal(from_picture, from_figures)


def test_the_colors_of_the_photo_can_stay(engine, photo, paintings):
    painted = instant.paint(photo, paintings[:1], rows=64, keep_colors=True, engine=engine)
    small = images.preview(photo, painted.shape[1]).astype(float)
    hue = painted.astype(float) - painted.mean(axis=2, keepdims=True)
    expected = small - small.mean(axis=2, keepdims=True)
    assert np.abs(hue.mean((0, 1)) - expected.mean((0, 1))).max() < 12


def test_styles_without_weights_of_their_own_are_refused(engine, photo, paintings):
    with pytest.raises(ValueError, match="one each"):
        instant.paint(photo, paintings, style_weights=[1.0], rows=64, engine=engine)
    with pytest.raises(ValueError, match="one each"):
        instant.paint(photo, [], rows=64, engine=engine)


def test_the_style_vector_is_finite_for_a_black_picture(engine):
    described = instant.describe(np.zeros((32, 32, 3), np.uint8), engine)
    vector = instant.style_vector({n: m[None] for n, m in described.moments.items()})
    assert vector.shape == (1, 1920)
    assert np.isfinite(vector).all()


def test_a_style_that_says_nothing_of_a_layer_cannot_be_painted(engine, photo):
    with pytest.raises((ValueError, KeyError)):
        instant.paint(photo, [InstantTarget("vgg16", {}, {})], rows=64, engine=engine)


@pytest.mark.parametrize("keep_colors", [False, True])
def test_regions_have_styles_of_their_own_and_the_photo_stays_where_it_is_to(
    engine, photo, paintings, keep_colors
):
    height, width = photo.shape[:2]
    labels = np.zeros((height, width), np.uint8)
    labels[: height // 3], labels[height // 3 : 2 * height // 3] = 1, 2
    parts = (regions.Region((0,), 1.0), regions.Region((1,), 1.0))
    layout = regions.Layout(labels, parts, soft=0.1)
    how = {"rows": height, "keep_colors": keep_colors, "engine": engine}
    found = instant.paint(photo, paintings, layout=layout, **how)
    np.testing.assert_array_equal(found[2 * height // 3 :], photo[2 * height // 3 :])
    assert np.abs(found[: height // 2].astype(int) - photo[: height // 2]).mean() > 1
    # Another style in one region changes nothing in the other, beyond the soft border.
    others = instant.paint(photo, [paintings[0], photo], layout=layout, **how)
    border = int(0.1 * min(height, width) / 2) + 1
    changed = (found != others).any(-1).any(1)
    assert not changed[: height // 3 - border].any()
    assert changed[height // 3 + border : 2 * height // 3 - 2 * border].all()


def test_large_paintings_in_regions_are_enlarged_around_a_photo_that_is_not(
    engine, photo, paintings, monkeypatch
):
    monkeypatch.setattr(instant_engine, "LARGEST", 60 * 60)
    layout = regions.Layout(np.ones(photo.shape[:2], np.uint8), (regions.Region((0,), 1.0),), 0.1)
    layout.labels[50:] = 0
    rows = photo.shape[0]
    found = instant.paint(photo, paintings[:1], layout=layout, rows=rows, engine=engine)
    np.testing.assert_array_equal(found[50:], photo[50:])
    assert (found[:40] != photo[:40]).any()
