"""The history of a run: a CSV of one row an epoch, step or trial, and its curves."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from core.files import write
from training.data.files import csv_text
from training.data.inputs import DivergedError
from training.runs.curves import Curves

Row = dict[str, Any]  # numbers; of a trial also dictionaries, which are JSON in the file


class History:
    """The rows of a run. `rows` holds what the file holds, no more.

    As a context it also draws each row as points of curves for TensorBoard.

    Args:
        run: Directory of the run.
        index: The column that counts: `epoch`, `step` or `trial`.
        until: The index of the state that training resumes from. A kill may have come between
            row and state: rows beyond it are dropped, and will be made again.
        file: Name of the CSV.

    Example:
        with History(run, index="step", until=checkpoint.step) as history:
            history.append({"step": 500, "loss": 0.7})
    """

    def __init__(
        self,
        run: Path,
        *,
        index: str = "epoch",
        until: float = math.inf,
        file: str = "history.csv",
    ) -> None:
        self.run, self.index, self.path = run, index, run / file
        self.rows: list[Row] = []
        self._curves: Curves | None = None
        if self.path.exists():
            with self.path.open(newline="") as lines:
                for cells in csv.DictReader(lines):
                    row = {name: json.loads(cell) for name, cell in cells.items() if name and cell}
                    if row[index] <= until:
                        self.rows.append(row)

    def append(self, row: Row) -> Row:
        """Adds a row, numbers rounded to six digits, and writes the file."""
        row = {name: _rounded(value) for name, value in row.items()}
        self.rows.append(row)
        names = dict.fromkeys(name for each in self.rows for name in each)
        cells = ([_cell(each.get(name, "")) for name in names] for each in self.rows)
        write(self.path, csv_text(list(names), cells))
        self._draw(row)
        return row

    def __enter__(self) -> History:
        self._curves = Curves(self.run / "curves")
        for row in self.rows:  # a kill may have come between row and point
            self._draw(row)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._curves:
            self._curves.close()
        self._curves = None

    def _draw(self, row: Row) -> None:
        if self._curves:
            points = {name: value for name, value in row.items() if name != self.index}
            self._curves.write(row[self.index], points)


def check_finite(row: Row, index: str = "step", field: str = "learning_rate") -> None:
    """Makes sure that a training does not resume from what is no number.

    Args:
        index: The column that counts.
        field: What to lower.

    Raises:
        DivergedError: If a figure of the row is NaN or infinite.
    """
    for name, value in row.items():
        if not math.isfinite(value):
            raise DivergedError(
                f"{name} is {value} after {index} {row[index]}: train with a lower {field}, in "
                "another directory."
            )


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


def _rounded(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value
