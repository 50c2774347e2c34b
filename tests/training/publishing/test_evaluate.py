"""Figures of merit against hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from core import models
from training.classifiers import metrics
from training.publishing import evaluate, fitting


def entry(**changes: object) -> models.Entry:
    """A model of other artists, with logits that are taken as they are."""
    plain = {"calibration": models.Calibration()}  # that which ships has a number an artist
    return models.get("vgg16").model_copy(update=plain | changes)


def test_macro_accuracy_counts_each_artist_alike():
    probability = np.eye(2)[[0, 0, 0, 0, 0]]
    assert metrics.macro_accuracy(probability, np.array([0, 0, 0, 0, 1])) == 0.5


def test_top_k():
    probability = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    assert metrics.top_k_accuracy(probability, np.array([1, 2]), 2) == 0.5


def test_calibration_error_of_the_overconfident():
    probability = np.tile([0.9, 0.1], (10, 1))
    y = np.array([0] * 6 + [1] * 4)
    assert metrics.expected_calibration_error(probability, y) == pytest.approx(0.3)
    y = np.array([0] * 9 + [1])
    assert metrics.expected_calibration_error(probability, y) == pytest.approx(0)


def test_temperature_is_found():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 6))
    chances = np.exp(logits[:, :5])
    chances /= chances.sum(1, keepdims=True)
    y = np.array([rng.choice(5, p=p) for p in chances])
    found = fitting.fit_calibration(evaluate.Predictions(logits * 3, y))
    assert found.temperature == pytest.approx(3, rel=0.1)


def test_artists_with_few_paintings_are_favored_as_far_as_validation_says():
    rng = np.random.default_rng(0)
    trained = np.array([1000, 100, 10])
    y = np.repeat([0, 1, 2], 500)
    logits = rng.normal(0, 1.5, (1500, 4))
    logits[np.arange(1500), y] += 3
    skewed = logits + 0.4 * np.log([1000, 100, 10, 1])
    found = fitting.fit_calibration(evaluate.Predictions(skewed, y), trained)
    assert np.diff(found.bias) == pytest.approx(0.4 * np.log(10) / found.temperature, rel=0.3)
    assert fitting.fit_calibration(evaluate.Predictions(skewed, y)).bias == ()


def test_known_score_separates_and_passes_nine_in_ten():
    rng = np.random.default_rng(0)
    known = rng.normal(0, 1, (500, 6))
    known[np.arange(500), rng.integers(0, 5, 500)] += 5
    other = rng.normal(0, 1, (200, 6))
    other[:, 5] += 4
    split = evaluate.Predictions(np.concatenate([known, other]), np.repeat([0, 5], [500, 200]))
    fitted = fitting.fit_known(split)
    assert fitted is not None
    figures = evaluate.figures(split, entry(known=fitted, artists=models.get("vgg16").artists[:5]))
    assert figures["known_auroc"] > 0.97
    assert figures["known_accepted"] == pytest.approx(0.9, abs=0.01)
    assert figures["others_rejected"] > 0.9


def test_without_others_there_is_no_known_score():
    assert fitting.fit_known(evaluate.Predictions(np.zeros((4, 3)), np.array([0, 1, 0, 1]))) is None


def test_the_nine_are_judged_among_all_and_among_themselves():
    artists = ("titian", "claude-monet", "rembrandt")
    logits = np.array([[1.0, 2.0, 0, 0], [0, 0, 3.0, 0], [3.0, 0, 0, 0], [0, 3.0, 0, 0]])
    split = evaluate.Predictions(logits, np.array([0, 2, 0, 1]))
    figures = evaluate.figures(split, entry(artists=artists, known=None))
    assert figures["accuracy"] == 0.75
    assert figures["nine_accuracy"] == 0.75  # Titian half, Rembrandt whole
    assert figures["nine_accuracy_among_nine"] == 1  # Monet may not be named
