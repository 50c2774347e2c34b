"""What is fitted to a classifier on validation: its calibration, and the score of the known."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from core import models
from core.identify import calibrated, known_features
from training.classifiers import metrics
from training.publishing.evaluate import Predictions

# Of the log of how many paintings an artist has in training, see `fit_calibration`.
_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def fit_calibration(val: Predictions, trained: np.ndarray | None = None) -> models.Calibration:
    """What makes honest probabilities of logits, fitted on validation.

    A network favors artists of whom it has seen many paintings. The log of these numbers is
    taken from the logits by the share that names validation paintings best, artists counting
    alike (Menon et al., arXiv 2007.07314). The temperature then makes the paintings most likely
    (Guo et al., arXiv 1706.04599).

    Args:
        trained: Paintings of each artist in training; None: temperature alone.
    """
    logits, y = val.logits[val.known][:, :-1], val.y[val.known]
    rare = np.zeros(logits.shape[1])
    if trained is not None:
        rare = -np.log(np.maximum(trained, 1) / np.maximum(trained, 1).mean())
    shares = [metrics.macro_accuracy(logits + share * rare, y) for share in _SHARES]
    rare = rare * _SHARES[int(np.argmax(shares))]

    def calibration(log_temperature: float) -> models.Calibration:
        temperature = round(float(np.exp(log_temperature)), 4)
        bias = [round(float(value) / temperature, 4) for value in rare] if rare.any() else []
        return models.Calibration(temperature=temperature, bias=tuple(bias))

    def loss(log_temperature: float) -> float:
        probability = calibrated(val.logits[val.known], calibration(log_temperature))
        return -float(np.log(probability[np.arange(len(y)), y] + 1e-12).mean())

    return calibration(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)


def fit_known(val: Predictions) -> models.KnownScore | None:
    """Logistic regression of known against other on validation; None if it has but one kind.

    The threshold lets nine in ten of the known paintings pass: a visitor is told "not one
    of the artists I know" wrongly in one case of ten.
    """
    if val.known.all() or not val.known.any():
        return None  # it cannot tell
    features = known_features(val.logits)
    model = LogisticRegression(class_weight="balanced").fit(features, val.known)
    scores = model.predict_proba(features)[:, 1]
    return models.KnownScore(
        weights=tuple(round(float(w), 5) for w in model.coef_[0]),
        intercept=round(float(model.intercept_[0]), 5),
        threshold=round(float(np.quantile(scores[val.known], 0.10)), 4),
    )
