"""The search: the report's values first, resumable, results kept. Trainings are made up."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import pytest

from core.recipes import RECIPES, Recipe
from training import classifiers
from training.classifiers import tune
from training.runs.history import History

RECIPE = RECIPES["custom_cnn"]


def outcome(recipe: Recipe) -> float:
    """A loss with its best value at 200 units and a learning rate of 1e-3."""
    rate = recipe.phases[0].learning_rate
    return 1 + abs(recipe.architecture["units"] - 200) / 500 + abs(math.log10(rate) + 3) / 10


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Replaces training; the recipes that were trained."""
    done: list[Recipe] = []

    def train(recipe: Recipe, data: Path, weights: Path | None, run: Path) -> None:
        run.mkdir(exist_ok=True)
        done.append(recipe)
        for epoch in (1, 2):
            loss = outcome(recipe) + (epoch == 2)
            figures = {"val_loss": loss, "val_macro": 1 / loss}
            History(run).append({"epoch": epoch, **figures, "seconds": 1.0})
        (run / "best.weights.h5").touch()

    monkeypatch.setattr(classifiers, "train", train)
    return done


def test_a_search_keeps_what_it_found(trained, tmp_path):
    seen: list[dict] = []
    found = tune.tune(RECIPE, tmp_path, None, tmp_path, trials=6, on_trial=seen.append)
    assert [row["trial"] for row in seen] == list("012345")
    assert (seen[0]["units"], seen[0]["learning_rate"]) == (384, 1e-4)  # the report's
    assert len({(r.architecture["units"], r.phases[0].learning_rate) for r in trained}) == 6
    assert all(64 <= row["units"] <= 512 and row["units"] % 64 == 0 for row in seen)
    assert found["val_loss"] == min(row["val_loss"] for row in seen)
    assert (found["best_epoch"], found["epochs"]) == (1, 2)
    kept = json.loads((tmp_path / "results.json").read_text())
    assert kept["model"] == "custom_cnn"
    assert kept["trials"] == sorted(seen, key=lambda row: row["val_loss"])
    with (tmp_path / "results.csv").open(newline="") as file:
        assert [row["trial"] for row in csv.DictReader(file)] == [
            row["trial"] for row in kept["trials"]
        ]
    assert not list(tmp_path.rglob("*.weights.h5"))


def test_a_search_goes_on_within_its_trial_and_may_grow(trained, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    tune.tune(RECIPE, tmp_path, None, whole, trials=4)
    expected = (whole / "results.json").read_text()
    train, calls = classifiers.train, []

    def killed(recipe: Recipe, *arguments: object) -> None:
        calls.append(recipe)
        if len(calls) in (1, 4):  # in its first trial, and in a later one
            raise KeyboardInterrupt
        train(recipe, *arguments)

    monkeypatch.setattr(classifiers, "train", killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            tune.tune(RECIPE, tmp_path, None, broken, trials=4)
    tune.tune(RECIPE, tmp_path, None, broken, trials=4)
    assert (broken / "results.json").read_text() == expected
    assert len(calls) == 6
    tune.tune(RECIPE, tmp_path, None, broken, trials=5)
    assert len(calls) == 7


def test_a_trial_that_diverges_is_left_out_and_other_errors_end_the_search(trained, tmp_path):
    train, calls = classifiers.train, []

    def diverging(recipe: Recipe, *arguments: object) -> None:
        calls.append(recipe)
        if len(calls) == 2:
            raise FloatingPointError("The loss is nan")
        train(recipe, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "train", diverging)
        tune.tune(RECIPE, tmp_path, None, tmp_path / "one", trials=3)
    kept = json.loads((tmp_path / "one" / "results.json").read_text())["trials"]
    assert sorted(row["trial"] for row in kept) == ["0", "2"]

    def missing(*arguments: object) -> None:
        raise FileNotFoundError("No paintings")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "train", missing)
        with pytest.raises(Exception, match="No paintings"):
            tune.tune(RECIPE, tmp_path, None, tmp_path / "two", trials=3)


def test_only_what_has_dense_units_is_tuned_and_one_recipe_a_directory(trained, tmp_path):
    with pytest.raises(ValueError, match="no dense units"):
        tune.tune(RECIPES["vgg16"], tmp_path, None, tmp_path)
    tune.tune(RECIPE, tmp_path, None, tmp_path, trials=1)
    with pytest.raises(ValueError, match="another recipe"):
        tune.tune(dataclasses.replace(RECIPE, seed=5), tmp_path, None, tmp_path, trials=1)


def test_a_variant_changes_units_and_every_learning_rate():
    changed = tune.variant(RECIPES["custom_cnn_improved"], 64, 0.5)
    assert (changed.architecture["units"], changed.stages[0].learning_rate) == (64, 0.5)
    changed = tune.variant(RECIPES["custom_cnn"], 64, 0.5)
    assert (changed.architecture["units"], changed.stages[0].learning_rate) == (64, 0.5)
    assert changed.phases[0].patience == RECIPES["custom_cnn"].phases[0].patience
