"""Nearest neighbors: against plain NumPy written apart, and shares of several styles."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.objective import neighbors

QUERIES, PLACES, CHANNELS = 2500, 1300, 12  # more than one product of rows each


def features(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.abs(rng.normal(size=(count, CHANNELS)) + rng.normal(size=CHANNELS)).astype(np.float32)


def by_hand(queries, places, strength) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the best places and their numbers, one cosine at a time."""
    queries = (queries - queries.mean(0)).astype(np.float64)
    places = (places - places.mean(0)).astype(np.float64)
    lengths = np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(places, axis=1))
    cosines = queries @ places.T / lengths
    hubness = np.sort(cosines, axis=0)[::-1][:10].mean(0)
    scores = cosines - strength * hubness
    return scores.max(1), scores.argmax(1)


def matched(queries, places, strength, **more) -> tuple[np.ndarray, np.ndarray]:
    return neighbors.nearest(queries, neighbors.prepare(places, queries, hubness=strength, **more))


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.5])
def test_each_query_takes_the_place_that_plain_arithmetic_finds(strength):
    queries, places = features(QUERIES, 0), features(PLACES, 1)
    scores, numbers = matched(queries, places, strength)
    expected, best = by_hand(queries, places, strength)
    np.testing.assert_array_equal(numbers, best)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert (scores.dtype, numbers.dtype) == (np.float32, np.int32)


def test_the_correction_spreads_queries_over_more_places():
    queries, places = features(QUERIES, 0), features(PLACES, 1)
    used = [len(set(matched(queries, places, strength)[1])) for strength in (0.0, 0.5, 1.0)]
    assert used[0] < used[1] < used[2]


def test_half_precision_finds_places_nearly_as_good():
    queries, places = features(QUERIES, 0), features(PLACES, 1)
    _, numbers = matched(queries, places, 0.5, half=True)
    _, best = by_hand(queries, places, 0.5)
    assert (numbers == best).mean() > 0.8


def test_a_flat_picture_matches_without_harm():
    scores, numbers = matched(np.ones((5, 3), np.float32), np.ones((4, 3), np.float32), 0.5)
    assert np.isfinite(scores).all()
    assert set(numbers) <= {0, 1, 2, 3}


@pytest.mark.parametrize("shares", [(1.0,), (0.25, 0.75), (0.5, 0.3, 0.2)])
def test_each_style_gets_its_share_where_it_fits_best(shares):
    rng = np.random.default_rng(3)
    scores = [rng.normal(number, 0.3, 4000).astype(np.float32) for number in range(len(shares))]
    taken = neighbors.share_out(scores, shares)
    found = np.bincount(taken, minlength=len(shares)) / 4000
    np.testing.assert_allclose(found, shares, atol=0.01)
    if len(shares) == 2:  # those that are given away fit least
        gain = scores[1] - scores[0]
        assert gain[taken == 0].max() <= gain[taken == 1].min()
