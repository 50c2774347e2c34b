"""Figures of merit, in NumPy."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

BINS = 15  # of confidence, for calibration


def macro_accuracy(probability: np.ndarray, y: np.ndarray) -> float:
    """Mean over classes of the share of a class that is named rightly (macro recall)."""
    right = probability.argmax(-1) == y
    return float(np.mean([right[y == c].mean() for c in np.unique(y)]))


def top_k_accuracy(probability: np.ndarray, y: np.ndarray, k: int) -> float:
    """Share of rows whose true class is among the `k` most probable."""
    best = np.argsort(-probability, axis=-1)[:, :k]
    return float((best == y[:, None]).any(-1).mean())


def expected_calibration_error(probability: np.ndarray, y: np.ndarray, bins: int = BINS) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al., 1706.04599)."""
    confidence, right = probability.max(-1), probability.argmax(-1) == y
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[bin_of == b].mean() - right[bin_of == b].mean()) * (bin_of == b).mean()
        for b in np.unique(bin_of)
    ]
    return float(np.sum(gaps))


def auroc(positive: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve of `score` for the boolean array `positive`."""
    return float(roc_auc_score(positive, score))
