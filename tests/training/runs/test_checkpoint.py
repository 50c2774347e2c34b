"""Checkpoints: whole or not at all, and filled in place."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from training.data.inputs import TrainingError
from training.runs import ArrayCheckpoint, ModelCheckpoint


def small() -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def train(model: keras.Model, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model.train_on_batch(rng.normal(size=(4, 2)), rng.normal(size=(4, 1)))


def test_a_checkpoint_says_which_epoch_and_outlives_a_torn_one(tmp_path):
    model = small()
    checkpoint = ModelCheckpoint(tmp_path)
    assert checkpoint.epoch == 0
    for epoch in (1, 2, 10):
        checkpoint.save(model, epoch)
    assert checkpoint.epoch == 10
    assert [path.name for path in tmp_path.iterdir()] == ["state-0010.weights.h5"]
    (tmp_path / "partial-state.weights.h5").write_bytes(b"killed")
    assert checkpoint.epoch == 10
    checkpoint.restore(model)


def test_a_model_is_restored_with_its_optimizer(tmp_path):
    whole = small()
    train(whole, 1)
    ModelCheckpoint(tmp_path).save(whole, 1)
    train(whole, 2)
    broken = small()
    ModelCheckpoint(tmp_path).restore(broken)
    train(broken, 2)
    for one, other in zip(whole.get_weights(), broken.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_arrays_and_variables_are_filled_in_place(tmp_path):
    checkpoint = ArrayCheckpoint(tmp_path)
    model, mean, count = small(), np.arange(3.0), np.zeros((), np.int64)
    assert checkpoint.restore({"mean": mean}) == 0
    count += 7
    weights = model.get_weights()
    checkpoint.save({"kernel": model.variables[0], "mean": mean, "count": count}, 5)
    mean[:] = 0
    count[...] = 0
    train(model, 1)
    state = {"kernel": model.variables[0], "mean": mean, "count": count}
    assert checkpoint.restore(state) == 5
    assert mean.tolist() == [0, 1, 2]
    assert count == 7
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half of it"])
def test_a_damaged_checkpoint_is_named(tmp_path, content):
    (tmp_path / "state.npz").write_bytes(content)
    with pytest.raises(TrainingError, match=r"state\.npz is damaged"):
        ArrayCheckpoint(tmp_path).restore({})
    (tmp_path / "state-0001.weights.h5").write_bytes(content)
    with pytest.raises(TrainingError, match=r"state-0001\.weights\.h5 is damaged"):
        ModelCheckpoint(tmp_path).restore(small())


def test_the_checkpoint_of_other_networks_is_refused(tmp_path):
    checkpoint = ArrayCheckpoint(tmp_path)
    checkpoint.save({"a": np.zeros(3)}, 1)
    for other in ({"b": np.zeros(3)}, {"a": np.zeros(4)}):
        with pytest.raises(TrainingError, match="not of the run's networks"):
            checkpoint.restore(other)
