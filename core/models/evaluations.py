"""The evaluations of the classifiers, as `python -m training evaluate` has written them.

Beside the weights of a model lies a directory with `evaluation.json`, which names the digests
of the files that were measured, and tables. Figures whose files are no longer those on this
machine do not count any more.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, TypeAdapter

from core import models
from core.settings import settings

log = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
TABLES = ("per_artist", "confusion", "reliability", "paintings", "history", "search")
# What each must have; a table from elsewhere, or a damaged one, may have anything.
_WORDS = {
    "per_artist": ("artist", "name"),
    "confusion": ("artist",),
    "reliability": (),
    "paintings": ("file", "artist", "named"),
    "history": (),
    "search": (),
}
_NUMBERS = {
    "per_artist": ("precision", "recall", "f1", "paintings"),
    "confusion": (),  # those of its rows
    "reliability": ("from", "to", "paintings", "confidence", "accuracy"),
    "paintings": ("probability", "known_score"),
    "history": ("epoch",),
    "search": ("units", "learning_rate", "val_macro"),
}
_OF_TEST = ("macro_accuracy", "macro_f1", "top5_accuracy", "calibration_error")
_OVERVIEW = [
    *("model", "title", "evaluated", *SPLITS, *_OF_TEST, "megabytes", "milliseconds"),
    *("trained_on", "trained", "measured_on", "measured"),
]


class Split(BaseModel):
    """The figures of one split, as `training.publishing.evaluate.figures` names them.

    Attributes:
        runtime: What ran the model; empty in files from before there was a choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str  # name of the directory of paintings
    date: str
    figures: dict[str, float | int]
    runtime: str = ""


class Evaluation(BaseModel):
    """All that was measured of one model.

    Attributes:
        weights: Name to SHA-256 of the files that were measured.
        milliseconds: For one painting, prepared already, one at a time; the median.
        processor: On what that was.
        splits: Figures by split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    weights: dict[str, str]
    milliseconds: float
    processor: str
    splits: dict[str, Split]


class Attempt(BaseModel):
    """What a training reached whose weights do not ship.

    Attributes:
        recipe: Name in `core.recipes.RECIPES`.
        reported: Accuracy that the report gives for it, on artists of its own.
        changes: Fields of the recipe that were set otherwise, such as fewer epochs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    title: str
    reported: float | None
    epochs: int
    seconds: int
    megabytes: float
    changes: dict[str, Any]
    evaluation: Evaluation


def attempts(directory: Path | None = None) -> list[Attempt]:
    """The trainings whose weights do not ship, in the order of their recipes."""
    try:
        text = (models.assets(directory) / "attempts.json").read_text(encoding="utf-8")
        return TypeAdapter(list[Attempt]).validate_json(text)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        log.warning("attempts.json cannot be read: %s", error)
        return []


def read(entry: models.Entry, directory: Path | None = None) -> Evaluation | None:
    """What was measured of a model as it is now; None if nothing was, or if it has changed."""
    try:
        text = (models.assets(directory) / entry.id / "evaluation.json").read_text(encoding="utf-8")
        found = Evaluation.model_validate_json(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # pydantic's is a ValueError, too
        log.warning("The evaluation of %s cannot be read: %s", entry.id, error)
        return None
    return found if found.weights == digests(entry, directory) else None


def digests(entry: models.Entry, directory: Path | None = None) -> dict[str, str]:
    """Name to SHA-256 of the files of a model, its base's included.

    A file that is not on this machine counts as the recorded one: it would be downloaded, and
    not be loaded if it were another.
    """
    entries = [entry] + ([models.get(entry.base)] if entry.base else [])
    places = [place for place in (settings().weights, directory, models.assets()) if place]
    found = {}
    for file in (part.file for part in entries):
        paths = (place / file.name for place in places)
        path = next((path for path in paths if path.is_file()), None)
        found[file.name] = file.sha256
        if path:
            facts = path.stat()
            found[file.name] = _digest(path, facts.st_mtime_ns, facts.st_size)
    return found


def table(entry: models.Entry, name: str, directory: Path | None = None) -> pd.DataFrame | None:
    """One of the `TABLES` of a model, or None if it has none that can be used.

    - `per_artist`: artist, name, precision, recall, f1, paintings (test split)
    - `confusion`: artist, then how often each artist was named instead (test split)
    - `reliability`: from, to, paintings, confidence, accuracy (test split)
    - `paintings`: file, artist, named, probability, known_score (test split); `artist` is empty
      for a painter outside the collection, `known_score` if the model cannot tell
    - `history`: one row an epoch of the training
    - `search`: one row a trial of the random search before it, see `training.classifiers.tune`
    """
    path = models.assets(directory) / entry.id / f"{name}.csv"
    if not path.is_file():
        return None
    try:
        found = pd.read_csv(path, dtype=dict.fromkeys(_WORDS[name], str))
        _check(found, name)
    except (OSError, ValueError) as error:
        log.warning("%s cannot be used: %s", path, error)
        return None
    return found


def recipe(entry: models.Entry, directory: Path | None = None) -> dict[str, Any]:
    """With what a model was trained: the fields of `core.recipes.Recipe`; empty if unknown."""
    try:
        text = (models.assets(directory) / entry.id / "options.json").read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def overview(entries: Sequence[models.Entry], directory: Path | None = None) -> pd.DataFrame:
    """The comparison of models, one row each, the best on test paintings first.

    Columns: `model`, `title`, `evaluated`; `train`, `val` and `test` for the accuracy of each
    split; `macro_accuracy`, `macro_f1`, `top5_accuracy` and `calibration_error` of the test
    split; `megabytes`, `milliseconds`, `trained_on`, `trained`, `measured_on`, `measured`.
    A figure that was not measured is NaN, a word that is not known is empty.
    """
    rows = [_row(entry, read(entry, directory)) for entry in entries]
    numbers = [*SPLITS, *_OF_TEST, "megabytes", "milliseconds"]
    table = pd.DataFrame(rows, columns=_OVERVIEW).astype(dict.fromkeys(numbers, float))
    return table.sort_values("test", ascending=False, kind="stable", ignore_index=True)


def confused_pairs(confusion: pd.DataFrame) -> pd.DataFrame:
    """Who is taken for whom, the most frequent first.

    Args:
        confusion: As `table` gives it.

    Returns:
        `artist`, `named` instead, `times`, `paintings` of the artist and their `share`, for
        each pair that happened.
    """
    counts = confusion.set_index("artist")
    paintings = counts.sum(axis=1)
    pairs = counts.rename_axis(columns="named").stack().rename("times").reset_index()
    pairs = pairs[(pairs["artist"] != pairs["named"]) & (pairs["times"] > 0)]
    pairs = pairs.assign(paintings=pairs["artist"].map(paintings).astype(int))
    pairs = pairs.assign(share=pairs["times"] / pairs["paintings"])
    return pairs.sort_values(["times", "share"], ascending=False, kind="stable", ignore_index=True)


def errors(paintings: pd.DataFrame) -> pd.DataFrame:
    """The paintings by known artists that somebody else was named for, the surest first."""
    rows = paintings[paintings["artist"].notna() & (paintings["artist"] != paintings["named"])]
    return rows.sort_values("probability", ascending=False, kind="stable", ignore_index=True)


def _row(entry: models.Entry, found: Evaluation | None) -> dict[str, Any]:
    splits = found.splits if found else {}
    test = splits.get("test")
    return {
        "model": entry.id,
        "title": entry.title,
        "evaluated": found is not None,
        **{name: split.figures.get("accuracy") for name, split in splits.items()},
        **({name: test.figures.get(name) for name in _OF_TEST} if test else {}),
        "megabytes": round(entry.total_bytes / 1e6, 1),
        "milliseconds": found.milliseconds if found else None,
        "trained_on": entry.trained_on or "",
        "trained": entry.date or "",
        "measured_on": test.data if test else "",
        "measured": test.date if test else "",
    }


def _check(table: pd.DataFrame, name: str) -> None:
    """Raises ValueError if a table lacks what its name promises."""
    words, numbers = _WORDS[name], list(_NUMBERS[name])
    if missing := {*words, *numbers} - set(table.columns):
        raise ValueError(f"it has no column {', '.join(sorted(missing))}")
    if table.empty:
        raise ValueError("it has no rows")
    if name == "confusion":
        numbers = list(table.columns[1:])
        if numbers != table["artist"].tolist():
            raise ValueError("its rows and columns are not the same artists")
    if name == "paintings" and table["known_score"].isna().all():
        numbers.remove("known_score")
    for column in numbers:
        if not pd.api.types.is_numeric_dtype(table[column]) or table[column].isna().any():
            raise ValueError(f"its column {column} holds something else than numbers")
    for column in words:
        if table[column].isna().any() and (name, column) != ("paintings", "artist"):
            raise ValueError(f"its column {column} has gaps")


@cache
def _digest(path: Path, modified: int, size: int) -> str:
    """SHA-256 of a file, read again only when it has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
