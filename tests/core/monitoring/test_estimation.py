"""Accuracy without labels, beside loops, and right for a calibrated classifier."""

from __future__ import annotations

import numpy as np
import pytest

from core import models
from core.identify import calibrated
from core.monitoring import estimation


def test_the_estimate_is_right_for_a_calibrated_classifier(draw):
    sample = draw(3000)
    rng = np.random.default_rng(5)
    painters = np.array([rng.choice(len(p), p=p / p.sum()) for p in sample.probabilities])
    known = sample.known
    accuracy = (painters == sample.named)[known].mean()
    found = estimation.accuracy(sample, calibration_error=0.0)
    assert found.of == known.sum() > 500
    assert found.low < accuracy < found.high
    assert found.high - found.low < 0.06


def test_the_interval_is_chance_and_calibration(drawn):
    found = drawn(500)
    entry = models.get(models.DEFAULT)
    probabilities = calibrated(found.logits, entry.calibration)[found.sample.known]
    p = np.array([row.max() for row in probabilities])
    estimated = estimation.accuracy(found.sample, calibration_error=0.03)
    assert estimated.share == pytest.approx(p.mean(), abs=1e-6)
    half = 1.959964 * np.sqrt(np.sum(p * (1 - p))) / len(p) + 0.03
    assert estimated.low == pytest.approx(p.mean() - half, abs=1e-5)


def test_the_confusion_sums_up_probabilities(draw):
    sample = draw(60)
    expected = np.zeros((sample.outputs, sample.outputs))
    for probability, known in zip(sample.probabilities, sample.known, strict=True):
        if known:
            expected[:, probability.argmax()] += probability
    np.testing.assert_allclose(estimation.confusion(sample), expected, atol=1e-4)


def test_of_no_pictures_nothing_is_said(draw):
    found = estimation.accuracy(draw(10)[:0], calibration_error=0.02)
    assert (found.of, found.low, found.high) == (0, 0, 1)
