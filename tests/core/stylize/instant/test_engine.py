"""The instant network: statistics of the paper, sizes, blends, colours."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core import examples, images
from core.models import architectures
from core.stylize import extractors as perceptual
from core.stylize import instant, losses
from core.stylize.instant import engine as instant_engine


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
    return instant.compiled(eye, eye.layers(instant.LAYERS), decoder)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return images.preview(images.load(examples.photos()[0].read()).pixels, 120)


@pytest.fixture(scope="module")
def paintings() -> list[np.ndarray]:
    shown = examples.catalogue()[:2]
    return [images.preview(images.load(each.read()).pixels, 120) for each in shown]


def drawn(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        name: rng.gamma(1.0, 20.0, (2, 6, 5, channels)).astype(np.float32)
        for name, channels, _ in architectures.STYLE_LEVELS
    }


def covariance(maps: np.ndarray) -> np.ndarray:
    """Of the channels of one picture's map, at every second place, variances one larger."""
    some = maps[::2, ::2].reshape(-1, maps.shape[-1]).astype(np.float64)
    return np.cov(some.T, bias=True) + np.eye(maps.shape[-1])


def test_matched_maps_have_the_moments_of_the_style():
    """Equation 8 of the paper: the style's moments, and the photo's order of places."""
    photo, style = drawn(1), drawn(2)
    matched = instant.match(photo, instant.statistics(photo), instant.statistics(style))
    for (name, _, size), found in zip(architectures.STYLE_LEVELS, matched, strict=True):
        if name in instant_engine.CORRELATED:
            continue
        found = np.asarray(found) * size
        np.testing.assert_allclose(found.mean((1, 2)), style[name].mean((1, 2)), rtol=1e-3)
        np.testing.assert_allclose(found.std((1, 2)), style[name].std((1, 2)), rtol=2e-2)
        before, after = photo[name][0, ..., 0].ravel(), found[0, ..., 0].ravel()
        assert np.corrcoef(before, after)[0, 1] == pytest.approx(1, abs=1e-4)


def test_shallow_layers_get_the_covariance_of_the_style():
    rng = np.random.default_rng(5)
    photo, style = (
        {
            name: rng.gamma(1.0, 20.0, (2, 32, 40, channels)).astype(np.float32)
            @ rng.normal(0.3, 0.3, (channels, channels)).astype(np.float32)
            for name, channels, _ in architectures.STYLE_LEVELS
        }
        for _ in range(2)
    )
    matched = instant.match(photo, instant.statistics(photo), instant.statistics(style))
    for (name, _, size), found in zip(architectures.STYLE_LEVELS, matched, strict=True):
        if name not in instant_engine.CORRELATED:
            continue
        for n in range(2):
            wanted, got = covariance(style[name][n]), covariance(np.asarray(found)[n] * size)
            assert np.abs(got - wanted).max() < 2e-2 * wanted.max(), name
            mean = style[name][n][::2, ::2].mean((0, 1))
            now = np.asarray(found)[n][::2, ::2].mean((0, 1)) * size
            assert np.abs(now - mean).max() < 1e-2 * np.sqrt(wanted.max())


def test_transport_turns_one_covariance_into_another_and_moves_least():
    rng = np.random.default_rng(6)
    own, wanted = (np.cov(rng.normal(0, 9, (2, 12, 60)).reshape(24, 60))[None] for _ in range(2))
    own, wanted = (each[:, :12, :12].astype(np.float32) for each in (own, wanted))
    change = np.asarray(instant.transport(own, wanted))[0]
    np.testing.assert_allclose(change, change.T, atol=1e-4)
    assert np.linalg.eigvalsh(change).min() > 0  # symmetric and positive: the optimal one
    np.testing.assert_allclose(change @ own[0] @ change, wanted[0], rtol=1e-3, atol=0.05)
    same = np.asarray(instant.transport(own, own))[0]
    np.testing.assert_allclose(same, np.eye(12), atol=1e-4)


def test_a_covariance_that_is_none_does_no_harm():
    """A strength beyond 1 may ask for variances below nothing."""
    own, wanted = np.eye(4, dtype=np.float32)[None], -np.eye(4, dtype=np.float32)[None]
    assert np.abs(instant.transport(own, wanted)).max() < 1e-6


def test_statistics_are_those_of_numpy():
    maps = drawn(3)
    found = instant.statistics(maps)
    assert set(found.correlations) == set(instant_engine.CORRELATED)
    for name, (mean, deviation) in ((n, np.moveaxis(m, 1, 0)) for n, m in found.moments.items()):
        some = maps[name][:, ::2, ::2] if name in instant_engine.CORRELATED else maps[name]
        np.testing.assert_allclose(mean, some.mean((1, 2)), rtol=1e-4)
        np.testing.assert_allclose(deviation, np.sqrt(some.var((1, 2)) + 1), rtol=1e-3)
    for name, correlations in found.correlations.items():
        for n, correlation in enumerate(correlations):
            expected = covariance(maps[name][n])
            deviation = np.sqrt(np.diag(expected))
            expected /= np.outer(deviation, deviation)
            np.testing.assert_allclose(correlation, expected, atol=1e-3)
            np.testing.assert_allclose(np.diag(correlation), 1, rtol=1e-5)


def test_what_the_sketch_misses_is_asked_for_within_limits():
    statistics = instant.statistics(drawn(4))
    asked = statistics.moments
    corrected = instant.corrected(statistics, asked, asked, 0.7)
    assert corrected.correlations is statistics.correlations
    same = corrected.moments
    for name in instant.LAYERS:
        np.testing.assert_allclose(same[name], asked[name], rtol=1e-5)

    # Too weak by a fifth in deviation, too dark by a tenth of it: that much more is asked for.
    got = {
        name: np.stack([m[:, 0] - 0.1 * m[:, 1], 0.8 * m[:, 1]], axis=1)
        for name, m in ((name, np.asarray(m)) for name, m in asked.items())
    }
    more = instant.corrected(statistics, asked, got, 0.7).moments
    for name in instant.LAYERS:
        mean, deviation = np.asarray(asked[name])[:, 0], np.asarray(asked[name])[:, 1]
        shift = 0.7 * 0.1 * deviation
        np.testing.assert_allclose(more[name][:, 0], mean + shift, rtol=1e-4, atol=1e-3)
        factor = 1.25**0.7
        np.testing.assert_allclose(more[name][:, 1], factor * deviation, rtol=1e-4)

    nothing = {name: np.full_like(m, 1e-3) for name, m in got.items()}
    most = instant.corrected(statistics, asked, nothing, 0.7).moments
    for name in instant.LAYERS:
        deviation = np.asarray(asked[name])[:, 1]
        np.testing.assert_allclose(most[name][:, 1], instant_engine._AT_MOST * deviation, rtol=1e-4)
        away = np.abs(np.asarray(most[name])[:, 0] - np.asarray(asked[name])[:, 0])
        assert (away <= (instant_engine._AT_MOST - 1) * deviation * 1.001).all()


@pytest.mark.parametrize(("side", "share"), [(416, 1.0), (640, 1.0), (224, 112 / 208), (64, 0.154)])
def test_a_small_sketch_is_trusted_less(engine, side, share):
    eye = perceptual.load("vgg16")
    decoder = architectures.style_decoder(widths=(8, 8, 8, 8), hidden=8)
    seen = eye.layers(instant.LAYERS)
    photo = np.full((1, side, side + 64, 3), 90, np.float32)
    wanted = instant.statistics(instant.encode(eye, seen, photo[:, :64, :64]))
    *_, found = instant.sketch(eye, seen, decoder, photo, wanted, 1.0)
    assert float(found) == pytest.approx(share, rel=2e-3)


def test_the_eye_sees_the_photo_at_half_its_size(photo):
    eye = perceptual.load("vgg16")
    batch = np.zeros((1, 64, 96, 3), np.float32)
    maps = instant.encode(eye, eye.layers(instant.LAYERS), batch)
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
    seen = []
    spied = instant.Engine(
        engine.look, lambda p, *rest: seen.append(p.shape) or engine.paint(p, *rest)
    )
    painted = instant.paint(photo, paintings[:1], rows=200, engine=spied)
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


def test_the_colours_of_the_photo_can_stay(engine, photo, paintings):
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


def test_grams_alone_cannot_be_painted(engine, photo):
    with pytest.raises((ValueError, KeyError)):
        instant.paint(photo, [losses.StyleTarget("vgg16")], rows=64, engine=engine)
