"""Phases: which is next, when one ends, how fast it learns."""

from __future__ import annotations

import dataclasses
import types

import keras
import numpy as np
import pytest

from core.recipes import Phase, Recipe
from training.classifiers import phases
from training.runs.history import Checkpoint, History, best, epochs_since_best

RECIPE = Recipe(
    network="custom_cnn",
    monitor="val_loss",
    phases=(
        Phase(epochs=2, learning_rate=0.1, schedule="plateau"),
        Phase(epochs=9, learning_rate=0.1, layers="head", patience=3),
    ),
)


def rows(*losses: float, phase: int = 1) -> list[dict[str, float]]:
    return [{"phase": phase, "val_loss": loss, "val_macro": 1 - loss} for loss in losses]


def test_the_next_phase_follows_from_the_history():
    assert phases.current(RECIPE, []) == 0
    assert phases.current(RECIPE, rows(0.5)) == 0
    first = rows(0.5, 0.4)
    assert phases.current(RECIPE, first) == 1
    assert phases.current(RECIPE, first + rows(0.3, 0.4, 0.4, phase=2)) == 1
    assert phases.current(RECIPE, first + rows(0.3, 0.4, 0.4, 0.4, phase=2)) == 2
    assert phases.current(RECIPE, first + rows(*np.linspace(0.9, 0.1, 9), phase=2)) == 2


def test_a_recipe_without_phases_is_one_and_old_histories_name_none():
    recipe = Recipe(network="vgg16", epochs=3, patience=2)
    assert phases.current(recipe, [{"val_macro": 0.5}, {"val_macro": 0.4}]) == 0
    assert phases.current(recipe, [{"val_macro": v} for v in (0.5, 0.4, 0.5)]) == 1
    assert phases.current(recipe, [{"val_macro": v} for v in (0.5, 0.6, 0.7)]) == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_plateau_lowers_the_rate_as_keras_does(seed):
    losses = np.round(1 + np.cumsum(np.random.default_rng(seed).normal(0, 1e-2, 40)), 3)
    phase = dataclasses.replace(RECIPE.phases[0], learning_rate=0.1)
    callback = keras.callbacks.ReduceLROnPlateau(factor=0.1, patience=5)
    optimizer = keras.optimizers.SGD(0.1)
    callback.set_model(types.SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    for n, loss in enumerate(losses):
        callback.on_epoch_end(n, {"val_loss": loss})
        ours = phases.learning_rate(phase, rows(*losses[: n + 1]), "val_loss")
        assert ours == pytest.approx(float(optimizer.learning_rate), rel=1e-3)
    assert ours < 0.1


def test_the_best_epoch_is_the_first_of_the_best():
    assert epochs_since_best(rows(0.5, 0.3, 0.3, 0.4), "val_loss") == 2
    assert epochs_since_best(rows(0.5, 0.3, 0.3, 0.4), "val_macro") == 2
    assert best(rows(0.5, 0.3), "val_loss") == -0.3
    assert best(rows(0.5, 0.3), "val_macro") == 0.7


def test_history_is_what_the_file_holds_and_takes_new_columns(tmp_path):
    history = History(tmp_path)
    history.append({"epoch": 1, "loss": 1.23456789})
    history.append({"epoch": 2, "loss": 1e-7 / 3, "val_auroc": 0.5})
    again = History(tmp_path)
    assert again.rows == history.rows
    assert again.rows == [
        {"epoch": 1, "loss": 1.23457},
        {"epoch": 2, "loss": 3.33333e-08, "val_auroc": 0.5},
    ]


def test_a_checkpoint_says_which_epoch_and_outlives_a_torn_one(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.epoch == 0
    for epoch in (1, 2, 10):
        checkpoint.save(model, epoch)
    assert checkpoint.epoch == 10
    assert [path.name for path in tmp_path.iterdir()] == ["state-0010.weights.h5"]
    (tmp_path / "partial-state.weights.h5").write_bytes(b"killed")
    assert checkpoint.epoch == 10
    model.load_weights(checkpoint.path)
