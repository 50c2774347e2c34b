"""Distances to a style and to a painter, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pictures import distances


def slow_nearest(a: np.ndarray, b: np.ndarray) -> float:
    def cosine(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / np.sqrt((x @ x) * (y @ y)))

    return float(np.mean([1 - max(cosine(x, y) for y in b) for x in a]))


def test_the_two_way_distance_is_that_of_sums_written_out():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(9, 4)), rng.normal(size=(6, 4))
    there, back = distances.nearest(a, b)
    assert there == pytest.approx(slow_nearest(a, b))
    assert back == pytest.approx(slow_nearest(b, a))


def test_what_is_left_unused_of_a_style_shows_on_the_way_back():
    style = np.eye(4)
    there, back = distances.nearest(style[:1].repeat(5, axis=0), style)
    assert there == pytest.approx(0)
    assert back == pytest.approx(3 / 4)


def test_a_set_is_at_no_distance_from_its_own_kind():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 16)).astype(np.float32)
    same = distances.kid(features, features)
    # Without bias, a set compared with itself is below nothing by what a pair of equals adds.
    assert -1 < same.value < 0
    assert distances.kid(features, features + 1).value > 1


def test_features_are_those_of_the_classifier(make_picture):
    from core import models

    picture = make_picture(224, 224)
    body = models.load_keras(distances.MODEL).body
    maps = np.asarray(body.predict_on_batch(picture[None].astype(np.float32)))
    whole = distances.whole([picture])
    assert whole.shape == (1, 1280)
    np.testing.assert_allclose(whole[0], maps.mean(axis=(0, 1, 2)), rtol=1e-3, atol=1e-4)


def test_a_wide_picture_is_seen_from_border_to_border(make_picture):
    picture = make_picture(256, 512)
    assert distances.places(picture).shape == (16 * 32, 112)
    assert distances.whole([picture]).shape == (2, 1280)
