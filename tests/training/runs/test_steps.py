"""The loop of trainings that count in steps: a kill at any moment leaves a resumable run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core.files
from training import runs
from training.runs import averages

STEPS, EVERY = 5, 2


class Network:
    """Stands for a Keras model: what is saved of it is its weights."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights

    def save_weights(self, path: Path) -> None:
        path.write_bytes(self.weights.tobytes())


class Session:
    """A random walk: what a step draws depends on its number alone."""

    def __init__(self) -> None:
        self.step = 0
        self.weights, self.mean = np.zeros(4), np.zeros(4)
        self.sums = np.zeros(())

    def run_step(self) -> None:
        self.weights += np.random.default_rng(self.step).normal(size=4)
        averages.update([self.mean], [self.weights], 0.9, self.step)
        self.sums += self.weights.sum()
        self.step += 1

    def losses(self) -> dict[str, float]:
        found = {"loss": float(self.sums)}
        self.sums[...] = 0
        return found

    def averaged(self) -> dict[str, Any]:
        return {"network": Network(self.mean)}

    def state(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "mean": self.mean}

    def samples(self) -> list[list[np.ndarray]]:
        return [[np.full((8, 8, 3), 128 + 10 * self.mean[0])]]


def train(run: Path) -> list[dict[str, Any]]:
    session, reported = Session(), []
    session.step = runs.ArrayCheckpoint(run).restore(session.state())
    runs.train_steps(
        session,
        session.run_step,
        session.samples,
        run,
        steps=STEPS,
        report_every=EVERY,
        on_report=reported.append,
    )
    return reported


def left(run: Path) -> dict[str, bytes]:
    """All files but the curves, whose records have times; times in the history left out."""
    found = {}
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.parent.name != "curves":
            found[path.relative_to(run).as_posix()] = path.read_bytes()
    lines = found["history.csv"].decode().splitlines()
    found["history.csv"] = "\n".join(line.rpartition(",")[0] for line in lines).encode()
    return found


def test_rows_samples_weights_and_state_are_left(tmp_path):
    reported = train(tmp_path)
    assert [row["step"] for row in reported] == [2, 4, 5]
    assert sorted(left(tmp_path)) == [
        "history.csv",
        "network.weights.h5",
        "samples/000002.jpg",
        "samples/000004.jpg",
        "samples/000005.jpg",
        "state.npz",
    ]
    assert train(tmp_path) == []


@pytest.mark.parametrize("written", [False, True])
def test_a_run_that_is_killed_around_any_file_resumes_to_the_same(tmp_path, monkeypatch, written):
    train(tmp_path / "whole")
    whole, kills = left(tmp_path / "whole"), 3 * 4  # a row, a sheet, weights and a state each
    settle = core.files._settle
    for number in range(kills):
        run, count = tmp_path / f"broken-{number}", iter(range(kills))

        def killing(*arguments: Any, number: int = number, count: Any = count) -> None:
            dies = next(count) == number
            if written or not dies:
                settle(*arguments)
            if dies:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(core.files, "_settle", killing)
            with pytest.raises(KeyboardInterrupt):
                train(run)
        train(run)
        assert left(run) == whole, number
        curve = runs.curves.read(run / "curves")["loss"]
        assert list(curve) == [2, 4, 5]


def test_young_averages_forget_faster():
    mean = np.zeros(1)
    for step in range(3):
        averages.update([mean], [np.ones(1)], 0.999, step)
    assert mean[0] == pytest.approx(1 - 0.1 * (2 / 11) * (3 / 12))
