"""The structure of content: what it hangs on, and its sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr, softmax

from benchmarks.pictures import self_similarity
from benchmarks.pictures.self_similarity import distance


def some(seed: int, places: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1, 1, (places, 8)).astype(np.float32)


def test_it_is_the_divergence_written_out():
    a, b = some(0), some(1)

    def similarity(x: np.ndarray) -> np.ndarray:
        return (x @ x.T) / (x**2).mean() / x.shape[1]

    q, p = softmax(similarity(b), axis=1), np.exp(log_softmax(similarity(a), axis=1))
    assert distance(a, b) == pytest.approx(rel_entr(q, p).sum() / len(a), rel=1e-3)


def test_many_places_are_summed_in_chunks(monkeypatch):
    a, b = some(0), some(1)
    whole = distance(a, b)
    monkeypatch.setattr(self_similarity, "_CHUNK", 7)
    assert distance(a, b) == pytest.approx(whole, rel=1e-5)


def test_the_same_is_at_no_distance_and_another_scale_changes_nothing():
    a, b = some(0), some(1)
    assert distance(a, a) == pytest.approx(0, abs=1e-6)
    assert distance(a, 5 * b) == pytest.approx(distance(a, b), rel=1e-3)


def test_other_features_with_the_same_likenesses_change_nothing():
    a, b = some(0), some(1)
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(8, 8)))
    assert distance(a, b @ turn.astype(np.float32)) == pytest.approx(distance(a, b), rel=1e-3)


def test_places_that_change_seats_are_another_content():
    a = some(0)
    assert distance(a, a[::-1]) > 0.01


def test_features_are_those_of_vgg16(make_picture):
    found = self_similarity.features(make_picture(64, 96))
    assert found.shape == (8 * 12, 256)
    assert found.min() == 0  # after a ReLU
    assert found.max() > 0
