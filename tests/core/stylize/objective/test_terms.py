"""Terms of the loss against plain NumPy versions of the papers' equations; masks and tiles."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from core.stylize.objective import terms

GRAM, MOMENTS = terms.STYLE["grams"], terms.STYLE["moments"]
ALL = {**terms.STYLE, "content": terms.CONTENT, "variation": terms.TOTAL_VARIATION}


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(0.3, 1, (9, 7, 3)).astype(np.float32)


@pytest.fixture
def target() -> np.ndarray:
    return np.random.default_rng(1).normal(0.5, 2, (9, 7, 3)).astype(np.float32)


@pytest.fixture
def mask() -> np.ndarray:
    """Weights between none and two, some places left out."""
    return np.random.default_rng(2).uniform(-0.5, 2, (9, 7)).clip(0).astype(np.float32)


def numpy_gram(features: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """G_ij = sum over k of F_ik F_jk (Gatys et al. 2015, equation 3), over the places k."""
    height, width, channels = features.shape
    gram, places = np.zeros((channels, channels)), 0.0
    for row in range(height):
        for column in range(width):
            weight = 1.0 if mask is None else float(mask[row, column])
            vector = features[row, column].astype(np.float64)
            gram += weight * np.outer(vector, vector)
            places += weight
    return gram / places


def numpy_moments(features: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    weights = np.ones(len(flat)) if mask is None else mask.ravel()
    mean = np.average(flat, axis=0, weights=weights)
    return np.stack([mean, np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=weights))])


def relative(value: np.ndarray, target: np.ndarray) -> float:
    """Squared distance, in energies of the target."""
    return float(((value - target) ** 2).sum() / (target**2).sum())


# What is computed.


def test_gram_matrix(features, mask):
    np.testing.assert_allclose(GRAM.accumulate(features), numpy_gram(features), rtol=1e-5)
    np.testing.assert_allclose(
        GRAM.accumulate(features, mask), numpy_gram(features, mask), rtol=1e-5
    )


def test_moments(features, mask):
    np.testing.assert_allclose(MOMENTS.accumulate(features), numpy_moments(features), rtol=1e-5)
    np.testing.assert_allclose(
        MOMENTS.accumulate(features, mask), numpy_moments(features, mask), rtol=1e-5
    )


def test_content_is_compared_place_by_place(features, target, mask):
    def distance(mask: np.ndarray | None) -> float:
        wanted = terms.CONTENT.accumulate(target, mask)
        return float(terms.CONTENT.distance(terms.CONTENT.accumulate(features, mask), wanted))

    assert distance(None) == pytest.approx(relative(features, target), rel=1e-5)
    weights = mask[..., None]
    expected = (weights * (features - target) ** 2).sum() / (weights * target**2).sum()
    assert distance(mask) == pytest.approx(expected, rel=1e-5)


def test_total_variation(mask):
    picture = np.random.default_rng(0).uniform(0, 255, (9, 7, 3)).astype(np.float32)
    down, right = (np.diff(picture / 255, axis=axis) ** 2 for axis in (0, 1))
    found = terms.TOTAL_VARIATION.accumulate(picture)
    assert float(found) == pytest.approx(down.mean() + right.mean(), rel=1e-4)
    above, beside = mask[1:] * mask[:-1], mask[:, 1:] * mask[:, :-1]
    expected = np.average(down.mean(2), weights=above) + np.average(right.mean(2), weights=beside)
    assert float(terms.TOTAL_VARIATION.accumulate(picture, mask)) == pytest.approx(expected, 1e-4)
    assert float(terms.TOTAL_VARIATION.distance(found)) == float(found)


@pytest.mark.parametrize("name", terms.STYLE)
def test_distances_are_shares_of_the_energy_of_the_target(name, features, target):
    term = terms.STYLE[name]
    found, wanted = term.accumulate(features), term.accumulate(target)
    expected = relative(np.asarray(found), np.asarray(wanted))
    assert float(term.distance(found, wanted)) == pytest.approx(expected, rel=1e-5)
    assert float(term.distance(wanted, wanted)) == 0
    assert float(term.distance(0.0 * wanted, wanted)) == pytest.approx(1)


# Masks.


@pytest.mark.parametrize("name", ALL)
def test_a_mask_of_ones_is_none(name, features):
    term, ones = ALL[name], np.ones(features.shape[:2], np.float32)
    np.testing.assert_allclose(
        term.accumulate(features, ones), term.accumulate(features), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("name", ALL)
def test_a_mask_selects_places(name, features):
    """What is outside has no say, and what is inside says what it would say alone."""
    term, mask = ALL[name], np.zeros(features.shape[:2], np.float32)
    mask[2:6, 1:5] = 1
    other = np.where(mask[..., None] > 0, features, 1000.0).astype(np.float32)
    found = np.asarray(term.accumulate(features, mask))
    np.testing.assert_array_equal(term.accumulate(other, mask), found)
    if term is terms.CONTENT:
        found = found[2:6, 1:5]
    alone = term.accumulate(features[2:6, 1:5])
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", terms.STYLE)
def test_a_mask_that_lets_nothing_through_does_no_harm(name, features):
    nothing = np.zeros(features.shape[:2], np.float32)
    assert np.isfinite(terms.STYLE[name].accumulate(features, nothing)).all()


# Tiles.

TILES = [
    (slice(top, bottom), slice(left, right))
    for top, bottom in ((0, 4), (4, 9))
    for left, right in ((0, 2), (2, 3), (3, 7))
]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", terms.STYLE)
def test_statistics_of_tiles_add_up(name, masked, features, mask):
    term = terms.STYLE[name]
    mask[:4, :2] = 0  # a whole tile
    masks = [mask[tile] if masked else None for tile in TILES]
    parts = [term.accumulate(features[tile], m) for tile, m in zip(TILES, masks, strict=True)]
    counts = [terms.places(features[tile], m) for tile, m in zip(TILES, masks, strict=True)]
    whole = mask if masked else None
    assert sum(counts) == pytest.approx(terms.places(features, whole))
    merged = term.merge(parts, counts)
    assert merged.dtype == np.float32
    assert merged.shape == term.shape(features.shape[-1])
    np.testing.assert_allclose(merged, term.accumulate(features, whole), rtol=1e-5, atol=1e-6)


def test_small_deviations_are_not_lost_in_large_means():
    features = np.random.default_rng(3).normal(1000, 0.01, (8, 8, 1)).astype(np.float32)
    halves = [features[:4], features[4:]]
    merged = MOMENTS.merge([MOMENTS.accumulate(half) for half in halves], [32, 32])
    assert merged[1, 0] == pytest.approx(float(features.astype(np.float64).std()), rel=0.01)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", terms.STYLE)
def test_gradients_by_features_are_those_of_the_tape(name, masked, features, target, mask):
    term, mask = terms.STYLE[name], mask if masked else None
    wanted, x = term.accumulate(target), tf.constant(features)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        statistics = term.accumulate(x, mask)
        distance = term.distance(statistics, wanted)
    expected = tape.gradient(distance, x).numpy()
    by, count = tape.gradient(distance, statistics), terms.places(features, mask)
    for tile in TILES:
        part = None if mask is None else mask[tile]
        found = term.gradient(features[tile], statistics, by, count, part)
        np.testing.assert_allclose(found, expected[tile], rtol=1e-3, atol=1e-7)


def test_content_of_tiles_adds_up(features, target):
    energy = float((target**2).sum())
    found = sum(
        float(terms.CONTENT.distance(features[tile], target[tile], energy)) for tile in TILES
    )
    assert found == pytest.approx(relative(features, target), rel=1e-5)


def test_what_cannot_be_cut_says_so():
    assert {name: term.tiles for name, term in ALL.items()} == {
        "grams": True, "moments": True, "content": True, "variation": False
    }  # fmt: skip
