"""The comparison of runtimes: the same paintings, the same weights, LiteRT and Keras."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from core import models
from core.hardware import processor
from core.models import evaluations
from training.data import dataset
from training.data.dataset import Painting
from training.publishing.evaluate import Predictions, figures, milliseconds, predict

FILE = "runtimes.json"  # in the directory of models


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of the file by model, of those that are still what was measured."""
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    known = {entry.id: entry for entry in models.classifiers()}
    return {
        row["model"]: row
        for row in rows
        if row["model"] in known and row["weights"] == evaluations.digests(known[row["model"]])
    }


def compare(
    entry: models.Entry,
    paintings: Sequence[Painting],
    data: dataset.Data,
    *,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:
    """Measures a classifier in both runtimes, Keras in float32.

    Returns:
        Figures, milliseconds and name of each runtime; the largest difference of a logit and of
        a figure, and the share of paintings for which both name the same artist first.

    Raises:
        core.models.WeightsError: If one of the runtimes cannot run it.
    """
    graph = models.load_graph(entry.id, models.CLASSIFIER)
    lite = models.LiteRTLoaded(entry, graph)
    keras_model = models.build(entry, models.resolve(entry), dtype="float32")
    measured: dict[str, dict[str, Any]] = {}
    logits: list[np.ndarray] = []
    for name, loaded in (("litert", lite), ("tensorflow", keras_model)):
        found: Predictions = predict(loaded, paintings, on_progress=on_progress)
        logits.append(found.logits)
        measured[name] = {
            "runtime": loaded.runtime,
            "milliseconds": milliseconds(loaded),
            "figures": figures(found, entry),
        }
    one, other = (measured[name]["figures"] for name in ("litert", "tensorflow"))
    return {
        "model": entry.id,
        "data": dataset.title(data),
        "paintings": len(paintings),
        "date": date.today().isoformat(),
        "processor": processor(),
        "weights": evaluations.digests(entry),
        **measured,
        "largest_difference_of_logits": float(f"{np.abs(logits[0] - logits[1]).max():.2g}"),
        "largest_difference_of_figures": round(max(abs(one[k] - other[k]) for k in one), 4),
        "same_first_name": round(float((logits[0].argmax(1) == logits[1].argmax(1)).mean()), 4),
    }
