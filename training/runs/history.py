"""The history of a run: `history.csv`, and the checkpoint from which it resumes."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path

import keras

from core.files import write
from training.data.files import csv_text

Row = dict[str, float]


class History:
    """`history.csv` of a run, one row an epoch. `rows` holds what the file holds, no more."""

    def __init__(self, run: Path) -> None:
        self.path = run / "history.csv"
        self.rows: list[Row] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                for row in csv.DictReader(file):
                    self.rows.append({k: json.loads(v) for k, v in row.items() if k and v})

    def append(self, row: Row) -> Row:
        """Adds an epoch, rounded to six digits, and writes the file."""
        row = {k: v if isinstance(v, int) else float(f"{v:.6g}") for k, v in row.items()}
        self.rows.append(row)
        names = dict.fromkeys(name for each in self.rows for name in each)
        cells = ([each.get(name, "") for name in names] for each in self.rows)
        write(self.path, csv_text(list(names), cells))
        return row


def score(row: Row, monitor: str) -> float:
    """How good an epoch was, more is better, by its `val_macro` or `val_loss`."""
    return -row[monitor] if monitor.endswith("loss") else row[monitor]


def best(rows: Sequence[Row], monitor: str) -> float:
    """The best score of some epochs; minus infinity if there are none."""
    return max((score(row, monitor) for row in rows), default=float("-inf"))


def epochs_since_best(rows: Sequence[Row], monitor: str) -> int:
    """How many epochs came after the best one; 0 if there are none."""
    scores = [score(row, monitor) for row in rows]
    return len(scores) - 1 - scores.index(max(scores)) if scores else 0


class Checkpoint:
    """Weights and optimiser after the last whole epoch, in a file that says which.

    It is replaced at once, so a kill leaves either the old one or the new one; the history
    may then be one row ahead of it.
    """

    def __init__(self, run: Path) -> None:
        self.run = run

    @property
    def epoch(self) -> int:
        """After how many epochs the state was saved; 0 if there is none."""
        return max((int(re.findall(r"\d+", path.name)[0]) for path in self._files()), default=0)

    @property
    def path(self) -> Path:
        """The file of the last state."""
        return self._file(self.epoch)

    def save(self, model: keras.Model, epoch: int) -> None:
        """Keeps the state after `epoch` epochs, and no older one."""
        older = [path for path in self._files() if path != self._file(epoch)]
        partial = self.run / "partial-state.weights.h5"
        model.save_weights(partial)
        partial.replace(self._file(epoch))
        for path in older:
            path.unlink()

    def _file(self, epoch: int) -> Path:
        return self.run / f"state-{epoch:04d}.weights.h5"

    def _files(self) -> list[Path]:
        return list(self.run.glob("state-*.weights.h5"))
