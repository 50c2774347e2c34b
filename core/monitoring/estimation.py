"""Accuracy without labels: how often a calibrated classifier says that it is right.

If probabilities are calibrated, their mean is the expected accuracy, and their sums are the
expected confusion matrix (confidence-based performance estimation; Guillory et al., arXiv
2107.03315, tell where it fails). It is blind to pictures about which the classifier is surely
wrong, so it is asked only of those that pass for paintings by known artists, and shown with its
error.
"""

from __future__ import annotations

import numpy as np

from core.images.types import Floats
from core.monitoring.intervals import Interval
from core.monitoring.sample import Sample

_Z = 1.959964  # standard deviations either side that hold 95 of 100


def accuracy(sample: Sample, *, calibration_error: float) -> Interval:
    """The expected share of right first names among what passes for known.

    Args:
        calibration_error: By how much confidence and accuracy differ on test paintings, 0..1;
            the interval cannot be narrower.
    """
    confidence = sample.confidence[sample.known].astype(np.float64)
    n = len(confidence)
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0, 0)
    share = float(confidence.mean())
    chance = _Z * float(np.sqrt((confidence * (1 - confidence)).sum())) / n
    error = chance + calibration_error
    return Interval(share, max(share - error, 0.0), min(share + error, 1.0), n)


def confusion(sample: Sample) -> Floats:
    """The expected confusion matrix, `(artists, artists)`: rows are painters, columns names."""
    found = np.zeros((sample.outputs, sample.outputs), np.float32)
    known = sample.known
    np.add.at(found.T, sample.named[known], sample.probabilities[known])
    return found
