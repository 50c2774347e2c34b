"""Calibrated probabilities."""

from __future__ import annotations

import numpy as np

from core import identify, models


def test_probabilities_sum_to_one_and_leave_out_somebody_else():
    logits = np.array([[2.0, 1.0, 0.0, 9.0]])
    probability = identify.calibrated(logits, models.Calibration(temperature=2.0))
    expected = np.exp([1.0, 0.5, 0.0])
    np.testing.assert_allclose(probability, [expected / expected.sum()])


def test_a_bias_shifts_the_logits():
    calibration = models.Calibration(temperature=1.0, bias=(0.0, np.log(3.0)))
    probability = identify.calibrated(np.zeros((1, 3)), calibration)
    np.testing.assert_allclose(probability, [[0.25, 0.75]])
