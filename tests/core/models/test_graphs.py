"""Graphs without weights, and the weights put into them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from core import models
from core.models import graphs
from core.models.graphs import Constant


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.arange(6, dtype=np.float16).reshape(2, 3)
    return path


def archive(directory: Path, *constants: Constant, bare: bytes = b"graph") -> Path:
    path = directory / "a.litert.zip"
    graphs.write(path, {"one": (bare, constants)})
    return path


def test_constants_lie_behind_the_graph_in_the_order_of_axes_that_is_asked(tmp_path, weights):
    place = Constant(offset=8, model="a", dataset="layers/dense/vars/0", axes=(1, 0))
    content = graphs.read(archive(tmp_path, place), "one", {"a": weights})
    assert content[:8] == b"graph" + bytes(3)
    np.testing.assert_array_equal(np.frombuffer(content[8:], np.float32), [0, 3, 1, 4, 2, 5])


def test_the_same_graphs_make_the_same_archive(tmp_path):
    place = Constant(offset=8, model="a", dataset="layers/dense/vars/0", axes=(1, 0))
    first = archive(tmp_path, place).read_bytes()
    assert archive(tmp_path, place).read_bytes() == first


@pytest.mark.parametrize(
    "wrong",
    [
        Constant(offset=8, model="b", dataset="layers/dense/vars/0", axes=(1, 0)),
        Constant(offset=8, model="a", dataset="layers/other/vars/0", axes=(1, 0)),
        Constant(offset=8, model="a", dataset="layers/dense/vars/0", axes=(2, 1, 0)),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_a_sentence(tmp_path, weights, wrong):
    with pytest.raises(models.WeightsError, match="do not fit"):
        models.read_graph(archive(tmp_path, wrong), "one", {"a": weights})


@pytest.mark.parametrize(
    "entry", [e for e in models.catalogue().values() if e.graphs], ids=lambda e: e.id
)
def test_no_archive_holds_weights_again(entry):
    path = models.ASSETS / entry.graphs.file.name
    assert path.stat().st_size == entry.graphs.file.bytes < 0.03 * entry.total_bytes + 30_000
    with zipfile.ZipFile(path) as opened:
        members = opened.namelist()
    names = {Path(member).stem for member in members}
    assert set(members) == {f"{name}.{kind}" for name in names for kind in ("tflite", "json")}
    assert names <= set(entry.graphs.difference)
    for name, found in entry.graphs.difference.items():
        assert found <= entry.graphs.tolerance[name]
    assert entry.graphs.pictures >= 100
