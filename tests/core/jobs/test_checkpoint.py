"""Checkpoints as files: they come back as they were, and nothing in them is executed."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from core.jobs import checkpoint
from core.jobs.checkpoint import Checkpoint


def test_arrays_and_state_come_back_as_they_were():
    arrays = {
        "x": np.random.default_rng(0).normal(size=(3, 4, 3)).astype(np.float32),
        "none": np.zeros((0, 2), np.uint8),
        "one": np.float64(0.1),
    }
    state = {"step": 3, "loss": 0.1 + 0.2, "nested": {"moves": [["a", 1e-300]]}, "none": None}
    found, told = checkpoint.unpacked(checkpoint.packed(arrays, state))
    assert told == state
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_checkpoint_without_state_has_an_empty_one():
    assert checkpoint.unpacked(checkpoint.packed({})) == ({}, {})


def test_objects_are_neither_written_nor_read():
    with pytest.raises(ValueError, match="allow_pickle"):
        checkpoint.packed({"x": np.array([print], object)})
    file = io.BytesIO()
    np.savez(file, state=np.array([print], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        checkpoint.unpacked(file.getvalue())
    with pytest.raises(ValueError, match="pickle"):
        checkpoint.unpacked(pickle.dumps({"x": 1}))


def test_what_is_damaged_is_no_checkpoint():
    whole = checkpoint.packed({"x": np.arange(100)}, {"n": 1})
    bare = io.BytesIO()
    np.savez(bare, x=np.arange(3))
    for data in (
        b"",
        whole[:50],
        whole[:-50],
        whole[:600] + b"\xff" * 20 + whole[620:],
        bare.getvalue(),
    ):
        with pytest.raises(ValueError, match="damaged"):
            checkpoint.unpacked(data)


def test_the_name_of_the_state_is_taken():
    with pytest.raises(ValueError, match="cannot be called 'state'"):
        checkpoint.packed({"state": np.zeros(1)})


def test_checkpoints_of_parts_are_joined_and_come_apart_again():
    inner = Checkpoint({"n": 1}, {"a": np.arange(3)}, {"p": {"b": np.zeros(2)}})
    whole = Checkpoint.joined({"one": Checkpoint.joined({"x": inner}), "other": Checkpoint({})})
    arrays, state = checkpoint.unpacked(checkpoint.packed(whole.arrays, whole.state))
    found = Checkpoint(state, arrays, whole.pieces).part("one").part("x")
    assert (found.state, list(found.arrays), list(found.pieces)) == ({"n": 1}, ["a"], ["p"])
    assert found.arrays["a"].tolist() == [0, 1, 2]
