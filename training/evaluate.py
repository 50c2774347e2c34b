"""Measures a trained classifier, calibrates it on validation, tests it once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from core import artists, models
from core.identify import calibrated, known_features, known_score
from training import metrics

# The artists of the reports' eleven that the paintings hold (all but Dürer and Goya).
NINE = (
    "vincent-van-gogh",
    "edgar-degas",
    "pablo-picasso",
    "pierre-auguste-renoir",
    "paul-gauguin",
    "rembrandt",
    "alfred-sisley",
    "titian",
    "marc-chagall",
)


@dataclass(frozen=True)
class Predictions:
    """Logits `(n, artists + 1)` of a split and class numbers `(n,)`; the last means "other"."""

    logits: np.ndarray
    y: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Which rows are by an artist that the model knows."""
        return self.y < self.logits.shape[1] - 1


def fit_calibration(val: Predictions) -> models.Calibration:
    """The temperature that makes validation paintings most likely (Guo et al., 1706.04599)."""
    logits, y = val.logits[val.known], val.y[val.known]

    def loss(log_temperature: float) -> float:
        calibration = models.Calibration(temperature=float(np.exp(log_temperature)))
        probability = calibrated(logits, calibration)
        return -float(np.log(probability[np.arange(len(y)), y] + 1e-12).mean())

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    return models.Calibration(temperature=round(float(np.exp(best.x)), 4))


def fit_known(val: Predictions) -> models.KnownScore | None:
    """Logistic regression of known against other on validation; None if it has no others.

    The threshold lets nine in ten of the known paintings pass: a visitor is told "not one
    of the artists I know" wrongly in one case of ten.
    """
    if val.known.all():
        return None
    features = known_features(val.logits)
    model = LogisticRegression(class_weight="balanced").fit(features, val.known)
    scores = model.predict_proba(features)[:, 1]
    return models.KnownScore(
        weights=tuple(round(float(w), 5) for w in model.coef_[0]),
        intercept=round(float(model.intercept_[0]), 5),
        threshold=round(float(np.quantile(scores[val.known], 0.10)), 4),
    )


def figures(split: Predictions, entry: models.Entry) -> dict[str, Any]:
    """Every figure of merit of one split, rounded, as it goes into the catalogue."""
    known = split.known
    probability, y = calibrated(split.logits[known], entry.calibration), split.y[known]
    named = probability.argmax(1)
    nine = [entry.artists.index(a) for a in NINE if a in entry.artists]
    _, _, f1, _ = precision_recall_fscore_support(y, named, average="macro", zero_division=0)
    result: dict[str, Any] = {
        "paintings": int(known.sum()),
        "accuracy": (named == y).mean(),
        "macro_accuracy": metrics.macro_accuracy(probability, y),
        "macro_f1": f1,
        "top5_accuracy": metrics.top_k_accuracy(probability, y, 5),
        "calibration_error": metrics.expected_calibration_error(probability, y),
    }
    if nine:
        among = np.isin(y, nine)
        result["nine_accuracy"] = metrics.macro_accuracy(probability[among], y[among])
        # The reports' question: which of these artists, all others left aside.
        only = np.full_like(probability[among], -1.0)
        only[:, nine] = probability[among][:, nine]
        result["nine_accuracy_among_nine"] = metrics.macro_accuracy(only, y[among])
    if not known.all() and entry.known is not None:
        score = known_score(split.logits, entry)
        result["others"] = int((~known).sum())
        result["known_auroc"] = metrics.auroc(known, score)
        result["known_accepted"] = (score[known] >= entry.known.threshold).mean()
        result["others_rejected"] = (score[~known] < entry.known.threshold).mean()
    return {k: v if isinstance(v, int) else round(float(v), 4) for k, v in result.items()}


def write_tables(split: Predictions, entry: models.Entry, directory: Path) -> None:
    """Writes `per_artist.csv`, `confusion.csv` and `reliability.csv` of a split."""
    directory.mkdir(parents=True, exist_ok=True)
    known = split.known
    probability, y = calibrated(split.logits[known], entry.calibration), split.y[known]
    named, classes = probability.argmax(1), list(range(len(entry.artists)))

    per_class = precision_recall_fscore_support(y, named, labels=classes, zero_division=0)
    rows = [
        [artist, artists.get(artist).name, *(round(float(v), 4) for v in values[:3]), values[3]]
        for artist, values in zip(entry.artists, np.stack(per_class, 1).tolist(), strict=True)
    ]
    head = ["artist", "name", "precision", "recall", "f1", "paintings"]
    _write_csv(directory / "per_artist.csv", head, rows)

    matrix = confusion_matrix(y, named, labels=classes).tolist()
    rows = [[artist, *row] for artist, row in zip(entry.artists, matrix, strict=True)]
    _write_csv(directory / "confusion.csv", ["artist", *entry.artists], rows)

    confidence, right = probability.max(1), named == y
    bins = np.minimum((confidence * 10).astype(int), 9)
    rows = [
        [
            b / 10,
            (b + 1) / 10,
            int(at.sum()),
            *(round(float(v[at].mean()), 4) for v in (confidence, right)),
        ]
        for b in range(10)
        if (at := bins == b).any()
    ]
    head = ["from", "to", "paintings", "confidence", "accuracy"]
    _write_csv(directory / "reliability.csv", head, rows)


def _write_csv(path: Path, head: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
