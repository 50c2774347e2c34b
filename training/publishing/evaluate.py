"""The evaluation of classifiers as they ship.

One way for all: paintings of a split, prepared as for a visitor, go through the network that
`core.models` loads. What is found lies beside the weights, with their digests, where
`core.models.evaluations` reads it.
"""

from __future__ import annotations

import json
import logging
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from core import artists, images, models
from core.errors import AtelierError
from core.files import write
from core.hardware import processor
from core.identify import calibrated, known_score, view
from core.models import evaluations
from training.classifiers import metrics
from training.data import dataset, trained_on
from training.data.dataset import Painting
from training.data.files import csv_text, json_text
from training.data.inputs import TrainingError

log = logging.getLogger(__name__)

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


class OverlapError(AtelierError, ValueError):
    """Pictures to be measured were trained with, or nobody can tell. Says what to do."""

    code = "overlap"


def predict(
    loaded: models.Loaded,
    paintings: Sequence[Painting],
    *,
    batch: int = 32,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Predictions:
    """What a model says of paintings, read and prepared as `core.identify` does it.

    Args:
        batch: Paintings in memory at once.
        on_progress: Told after each batch how many are done, and of how many.
    """
    entry, found = loaded.entry, []
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(paintings), batch):
            part = paintings[start : start + batch]
            pixels = pool.map(lambda p: view(images.load(p.path).pixels, entry), part)
            found.append(loaded.logits(np.stack(list(pixels))))
            on_progress(start + len(part), len(paintings))
    return Predictions(np.concatenate(found), _numbers(paintings, entry))


def milliseconds(loaded: models.Loaded, runs: int = 30) -> float:
    """The median time for one painting that is prepared already, one at a time."""
    side, times = loaded.entry.side, []
    painting = np.full((1, side, side, 3), 128, np.uint8)
    for _ in range(runs + 3):  # the first ones find nothing ready
        started = time.perf_counter()
        loaded.logits(painting)
        times.append(1000 * (time.perf_counter() - started))
    return round(statistics.median(times[3:]), 1)


def record(
    loaded: models.Loaded,
    found: Mapping[str, tuple[Sequence[Painting], Predictions]],
    data: dataset.Data,
    directory: Path,
) -> evaluations.Evaluation:
    """Writes what was found of some splits beside the weights; other splits stay.

    Args:
        found: By split: its paintings, and what the model says of them.
        data: From where the paintings are.
        directory: Of the weights, `assets/models`.
    """
    entry = loaded.entry
    before = evaluations.read(entry, directory)
    measured = {
        split: evaluations.Split(
            data=dataset.title(data),
            date=date.today().isoformat(),
            figures=figures(predictions, entry),
            runtime=loaded.runtime,
        )
        for split, (_, predictions) in found.items()
    }
    evaluation = evaluations.Evaluation(
        model=entry.id,
        weights=evaluations.digests(entry, directory),
        milliseconds=milliseconds(loaded),
        processor=processor(),
        splits=(before.splits if before else {}) | measured,
    )
    own = directory / entry.id
    if "test" in found:
        paintings, predictions = found["test"]
        write_tables(predictions, entry, own)
        _write_paintings(paintings, predictions, entry, own / "paintings.csv", data)
    write(own / "evaluation.json", json_text(evaluation.model_dump()))
    return evaluation


def check_overlap(
    entries: Sequence[models.Entry], paintings: Sequence[Painting], directory: Path
) -> None:
    """Sees to it that no model was trained with one of the pictures, byte by byte.

    Raises:
        OverlapError: If one was, or does not say what it was trained with.
    """
    fingerprints = trained_on.fingerprints(paintings)
    for entry in entries:
        path = directory / entry.id / trained_on.FILE
        if not path.is_file():
            raise OverlapError(
                f"{entry.title} does not say which pictures it was trained with: publish it again."
            )
        seen = np.isin(fingerprints, np.load(path, allow_pickle=False))
        if seen.any():
            first = paintings[int(seen.argmax())].path.name
            raise OverlapError(
                f"{entry.title} was trained with {int(seen.sum())} of these {len(seen)} pictures "
                f"({first} is the first): choose others."
            )


def table(
    found: Sequence[evaluations.Evaluation], split: str, catalogue: dict[str, models.Entry]
) -> list[dict[str, Any]]:
    """The comparison of models on one split, best first, one row a model."""
    rows = [
        {
            "model": one.model,
            "title": catalogue[one.model].title,
            **one.splits[split].figures,
            "megabytes": round(catalogue[one.model].total_bytes / 1e6, 1),
            "milliseconds": one.milliseconds,
            "data": one.splits[split].data,
            "date": one.splits[split].date,
            "weights": " ".join(one.weights.values()),
        }
        for one in found
        if split in one.splits
    ]
    return sorted(rows, key=lambda row: -row["accuracy"])


def with_others(rows: list[dict[str, Any]], stem: Path) -> list[dict[str, Any]]:
    """A comparison with the rows of other models from the one before, best first.

    Those stay that are of the same data, and of weights that still ship.
    """
    path = stem.with_name(f"{stem.name}.json")
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    weights = {e.id: " ".join(evaluations.digests(e).values()) for e in models.classifiers()}
    measured, data = {row["model"] for row in rows}, {row["data"] for row in rows}
    kept = [
        row
        for row in before
        if row["model"] not in measured
        and row["data"] in data
        and row["weights"] == weights.get(row["model"])
    ]
    return sorted([*rows, *kept], key=lambda row: -row["accuracy"])


def write_comparison(rows: list[dict[str, Any]], stem: Path) -> None:
    """Writes a comparison as `<stem>.json` and `<stem>.csv`."""
    write(stem.with_name(f"{stem.name}.json"), json_text(rows))
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = [[row.get(name, "") for name in names] for row in rows]
    write(stem.with_name(f"{stem.name}.csv"), csv_text(names, values))


def _numbers(paintings: Sequence[Painting], entry: models.Entry) -> np.ndarray:
    """Class numbers; those by painters that the model does not know get the last one."""
    number = {artist: n for n, artist in enumerate(entry.artists)}
    found = (artists.find(p.artist) if p.artist else None for p in paintings)
    return np.array([number.get(a.id, len(number)) if a else len(number) for a in found])


def _write_paintings(
    paintings: Sequence[Painting],
    predictions: Predictions,
    entry: models.Entry,
    path: Path,
    data: dataset.Data,
) -> None:
    """One row a painting: who painted it, who was named, how surely."""
    probability = calibrated(predictions.logits, entry.calibration)
    score = known_score(predictions.logits, entry.known).round(4) if entry.known else None
    rows = []
    for n, (painting, y, chances) in enumerate(
        zip(paintings, predictions.y, probability, strict=True)
    ):
        best = int(chances.argmax())
        rows.append(
            [
                dataset.relative(painting.path, data).as_posix(),
                entry.artists[y] if y < len(entry.artists) else "",
                entry.artists[best],
                round(float(chances[best]), 4),
                "" if score is None else float(score[n]),
            ]
        )
    write(path, csv_text(["file", "artist", "named", "probability", "known_score"], rows))


def figures(split: Predictions, entry: models.Entry) -> dict[str, Any]:
    """Every figure of merit of one split, rounded, as it goes into the catalogue."""
    known = split.known
    if not known.any():
        raise TrainingError(f"None of the paintings is by an artist that {entry.title} knows.")
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
    among = np.isin(y, nine)
    if among.any():
        result["nine_accuracy"] = metrics.macro_accuracy(probability[among], y[among])
        # The reports' question: which of these artists, all others left aside.
        only = np.full_like(probability[among], -1.0)
        only[:, nine] = probability[among][:, nine]
        result["nine_accuracy_among_nine"] = metrics.macro_accuracy(only, y[among])
    if known.any() and not known.all() and entry.known is not None:
        score = known_score(split.logits, entry.known)
        result["others"] = int((~known).sum())
        result["known_auroc"] = metrics.auroc(known, score)
        result["known_accepted"] = (score[known] >= entry.known.threshold).mean()
        result["others_rejected"] = (score[~known] < entry.known.threshold).mean()
    return {k: v if isinstance(v, int) else round(float(v), 4) for k, v in result.items()}


def write_tables(split: Predictions, entry: models.Entry, directory: Path) -> None:
    """Writes `per_artist.csv`, `confusion.csv` and `reliability.csv` of a split."""
    known = split.known
    probability, y = calibrated(split.logits[known], entry.calibration), split.y[known]
    named, classes = probability.argmax(1), list(range(len(entry.artists)))

    per_class = precision_recall_fscore_support(y, named, labels=classes, zero_division=0)
    rows = [
        [artist, artists.get(artist).name, *(round(float(v), 4) for v in values[:3]), values[3]]
        for artist, values in zip(entry.artists, np.stack(per_class, 1).tolist(), strict=True)
    ]
    head = ["artist", "name", "precision", "recall", "f1", "paintings"]
    write(directory / "per_artist.csv", csv_text(head, rows))

    matrix = confusion_matrix(y, named, labels=classes).tolist()
    rows = [[artist, *row] for artist, row in zip(entry.artists, matrix, strict=True)]
    write(directory / "confusion.csv", csv_text(["artist", *entry.artists], rows))

    confidence, right = probability.max(1), named == y
    bins = np.minimum((confidence * metrics.BINS).astype(int), metrics.BINS - 1)
    rows = [
        [
            round(b / metrics.BINS, 4),
            round((b + 1) / metrics.BINS, 4),
            int(at.sum()),
            *(round(float(v[at].mean()), 4) for v in (confidence, right)),
        ]
        for b in range(metrics.BINS)
        if (at := bins == b).any()
    ]
    head = ["from", "to", "paintings", "confidence", "accuracy"]
    write(directory / "reliability.csv", csv_text(head, rows))
