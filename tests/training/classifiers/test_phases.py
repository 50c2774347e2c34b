"""Phases: which is next, when one ends, how fast it learns."""

from __future__ import annotations

import dataclasses
import types

import keras
import numpy as np
import pytest

from core.recipes import Phase, Recipe
from training.classifiers import phases

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
