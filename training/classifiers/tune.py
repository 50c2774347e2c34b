"""Random search over dense units and learning rate, with KerasTuner.

Each trial is an ordinary training in a directory of its own, so a search that is killed goes
on within the trial that it was in. `results.csv` and `results.json` hold what was found.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import InvalidRequest
from core.files import write
from core.recipes import Recipe, with_options
from training import classifiers
from training.data import dataset
from training.data.files import csv_text, json_text
from training.data.inputs import TrainingError
from training.keras_tuner_compat import (
    BaseTuner,
    FailedTrialError,
    FatalError,
    HyperParameters,
    Objective,
    RandomSearchOracle,
    Trial,
)
from training.runs.history import History, best, score
from training.runs.options import settle_options

log = logging.getLogger(__name__)

# The best of the report's own search: always tried first, so that no result is below it.
REPORTED: dict[str, Any] = {"units": 384, "learning_rate": 1e-4}


def tune(
    recipe: Recipe,
    data: dataset.Data,
    weights: Path | None,
    run: Path,
    *,
    trials: int = 10,
    on_trial: Callable[[dict[str, Any]], None] = lambda row: None,
) -> dict[str, Any]:
    """Searches, or resumes an interrupted search.

    Args:
        recipe: What is tuned: its `architecture.units` and all its learning rates.
        data, weights: As in `training.classifiers.train`.
        run: Directory to write; a search in it is resumed, also for more trials.
        trials: How many there are to be in the end.
        on_trial: Called with each new row of the results.

    Returns:
        The row of the best trial.

    Raises:
        InvalidRequest: If the network has no dense layer of that kind, or `run` holds the search
            of another recipe.
        training.data.inputs.TrainingError: If no trial came to a result.
        Exception: What `training.classifiers.train` raises.
    """
    if "units" not in recipe.architecture:
        raise InvalidRequest(f"{recipe.id} has no dense units to tune.")
    settle_options(run, recipe, part="recipe", refusal="holds the search of another recipe")
    with contextlib.redirect_stdout(sys.stderr):  # KerasTuner prints what it does
        tuner = _Tuner(recipe, data, weights, run, trials, on_trial)
        try:
            tuner.search(verbose=0)
        except FatalError:
            if tuner.fatal:  # KerasTuner's own error says no more than this one
                raise tuner.fatal from None
            raise
    rows = tuner.rows()
    if not rows:
        raise TrainingError("No trial came to a result; see the messages above.")
    return rows[0]


def variant(recipe: Recipe, units: int, learning_rate: float) -> Recipe:
    """The recipe of one trial."""
    if not recipe.phases:
        changed = dataclasses.replace(recipe, learning_rate=learning_rate)
    else:
        phases = [dataclasses.replace(p, learning_rate=learning_rate) for p in recipe.phases]
        changed = dataclasses.replace(recipe, phases=tuple(phases))
    return with_options(changed, [f"architecture.units={units}"])


class _Oracle(RandomSearchOracle):
    """Draws the values of each trial, those of the report first."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.trials:
            return {"status": "RUNNING", "values": dict(REPORTED)}
        return super().populate_space(trial_id)


class _Tuner(BaseTuner):
    """Runs the trials."""

    def __init__(
        self,
        recipe: Recipe,
        data: dataset.Data,
        weights: Path | None,
        run: Path,
        trials: int,
        on_trial: Callable[[dict[str, Any]], None],
    ) -> None:
        self.recipe, self.data, self.weights, self.run = recipe, data, weights, run
        self.report = on_trial
        self.fatal: Exception | None = None
        space = HyperParameters()
        space.Int("units", 64, 512, step=64, default=REPORTED["units"])
        space.Float("learning_rate", 3e-5, 1e-2, sampling="log", default=REPORTED["learning_rate"])
        monitor = recipe.monitor
        oracle = _Oracle(
            objective=Objective(monitor, "min" if monitor == "val_loss" else "max"),
            max_trials=trials,
            seed=recipe.seed,
            hyperparameters=space,
        )
        super().__init__(oracle, directory=str(run), project_name="search")
        self.save()  # else a search killed in its first trial would not be found again

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> dict[str, float]:
        values = trial.hyperparameters.values
        recipe = variant(self.recipe, values["units"], values["learning_rate"])
        log.info("Trial %s: %s", trial.trial_id, values)
        try:
            classifiers.train(recipe, self.data, self.weights, self._directory(trial))
        except FloatingPointError as error:
            raise FailedTrialError(str(error)) from error
        except Exception as error:  # wrong for all trials alike
            self.fatal = error
            raise FatalError(str(error)) from error
        return {recipe.monitor: self._outcome(trial)[recipe.monitor]}

    def on_trial_end(self, trial: Trial) -> None:
        super().on_trial_end(trial)
        for path in self._directory(trial).glob("*.weights.h5"):
            path.unlink()  # gigabytes; `training classifier` trains the winner again
        rows = self.rows()
        self._write(rows)
        for row in rows:
            if row["trial"] == trial.trial_id:
                self.report(row)

    def rows(self) -> list[dict[str, Any]]:
        """The finished trials, the best first."""
        done = [t for t in self.oracle.trials.values() if t.status == "COMPLETED"]
        monitor = self.recipe.monitor
        rows = [{"trial": t.trial_id} | t.hyperparameters.values | self._outcome(t) for t in done]
        return sorted(rows, key=lambda row: score(row, monitor), reverse=True)

    def _outcome(self, trial: Trial) -> dict[str, float]:
        """The figures of a trial's best epoch, and what it cost."""
        rows, monitor = History(self._directory(trial)).rows, self.recipe.monitor
        row = next(row for row in rows if score(row, monitor) == best(rows, monitor))
        figures = {name: value for name, value in row.items() if name.startswith("val_")}
        return figures | {
            "best_epoch": row["epoch"],
            "epochs": len(rows),
            "seconds": round(sum(row["seconds"] for row in rows), 1),
        }

    def _write(self, rows: list[dict[str, Any]]) -> None:
        write(self.run / "results.json", json_text({"model": self.recipe.id, "trials": rows}))
        names = list(rows[0]) if rows else ["trial"]
        write(self.run / "results.csv", csv_text(names, ([r[n] for n in names] for r in rows)))

    def _directory(self, trial: Trial) -> Path:
        return self.run / f"trial-{int(trial.trial_id):03d}"
