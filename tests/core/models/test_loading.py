"""Models in memory, and refusing weights that are not the recorded ones."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from core import models
from core.models import entries

HEAD = models.get("vgg16")  # small: its own file is under 1 MB


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("damage", ["truncated", "one bit", "exchanged", "empty"])
def test_damaged_weights_are_refused_and_not_remembered(damage, tmp_path, fresh, use):
    good = (models.ASSETS / HEAD.file.name).read_bytes()
    bad = {
        "truncated": good[: len(good) // 2],
        "one bit": good[:5000] + bytes([good[5000] ^ 1]) + good[5001:],
        "exchanged": (models.ASSETS / "models.json").read_bytes(),
        "empty": b"",
    }[damage]
    (tmp_path / HEAD.file.name).write_bytes(bad)
    use(weights=tmp_path)
    with pytest.raises(models.WeightsError, match="damaged or not the published"):
        models.load("vgg16")
    assert not models.is_loaded("vgg16")


def test_weights_of_another_network_are_refused_even_with_a_right_digest(
    tmp_path, monkeypatch, fresh, use
):
    path = tmp_path / HEAD.file.name
    shutil.copy(models.ASSETS / HEAD.file.name, path)
    with h5py.File(path, "a") as stored:
        stored.move("layers/dense", "layers/other")
    file = HEAD.file.model_copy(update={"sha256": file_digest(path), "bytes": path.stat().st_size})
    catalogue = models.catalogue() | {"vgg16": HEAD.model_copy(update={"file": file})}
    monkeypatch.setattr(entries, "catalogue", lambda: catalogue)
    use(weights=tmp_path)
    with pytest.raises(models.WeightsError, match="do not fit"):
        models.load("vgg16")
    assert not models.is_loaded("vgg16")


@pytest.mark.slow
def test_the_file_of_keras_applications_fills_the_same_network(
    nothing_shipped, tmp_path, monkeypatch, fresh, use
):
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    entry = models.get("vgg16_base")
    original = keras.applications.VGG16(weights=None, include_top=False)
    path = tmp_path / entry.keras_file.name
    with h5py.File(path, "w") as file:  # the format of Keras's own files
        legacy_h5_format.save_weights_to_hdf5_group(file, original)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    keras_file = entry.keras_file.model_copy(update={"md5": md5})
    catalogue = {"vgg16_base": entry.model_copy(update={"keras_file": keras_file})}
    monkeypatch.setattr(entries, "catalogue", lambda: catalogue)
    use(weights=tmp_path)

    body = models.load_keras("vgg16_base").body
    for name in ("block1_conv1", "block5_conv3"):
        np.testing.assert_array_equal(
            body.get_layer(name).get_weights()[0], original.get_layer(name).get_weights()[0]
        )
    kernel, bias = body.get_layer("bgr_mean").get_weights()  # which Keras's file does not have
    np.testing.assert_allclose(bias, [-103.939, -116.779, -123.68], rtol=1e-6)
    np.testing.assert_array_equal(kernel[0, 0], np.eye(3)[::-1])


@pytest.mark.parametrize("runtime", ["litert", "tensorflow"])
def test_many_threads_get_the_one_copy(runtime, fresh, use):
    use(runtime=runtime)
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: models.load(), range(16)))
    assert len({id(getattr(one, "network", one)) for one in loaded}) == 1


@pytest.mark.parametrize(
    ("runtime", "expected"), [("auto", "LiteRT"), ("litert", "LiteRT"), ("tensorflow", "TensorFl")]
)
def test_the_setting_says_what_runs_a_model(runtime, expected, fresh, use):
    use(runtime=runtime)
    assert models.load().runtime.startswith(expected)
    assert models.is_loaded(models.DEFAULT)


def test_without_graphs_keras_runs_a_model_or_a_sentence_says_so(fresh, use, monkeypatch):
    bare = models.get(models.DEFAULT).model_copy(update={"graphs": None})
    catalogue = models.catalogue() | {models.DEFAULT: bare}
    monkeypatch.setattr(entries, "catalogue", lambda: catalogue)
    assert isinstance(models.load(), models.KerasLoaded)
    use(runtime="litert")
    with pytest.raises(models.WeightsError, match="ATELIER_RUNTIME"):
        models.load()


@pytest.mark.parametrize("damage", ["truncated", "one bit", "exchanged", "empty"])
def test_damaged_graphs_are_refused_and_not_remembered(damage, tmp_path, fresh, use):
    name = models.get(models.DEFAULT).graphs.file.name
    good = (models.ASSETS / name).read_bytes()
    bad = {
        "truncated": good[: len(good) // 2],
        "one bit": good[:5000] + bytes([good[5000] ^ 1]) + good[5001:],
        "exchanged": (models.ASSETS / models.get("vgg16").graphs.file.name).read_bytes(),
        "empty": b"",
    }[damage]
    (tmp_path / name).write_bytes(bad)
    use(weights=tmp_path)
    with pytest.raises(models.WeightsError, match="damaged or not the published"):
        models.load()
    assert not models.is_loaded(models.DEFAULT)


def test_a_model_whose_network_nobody_makes_is_refused_in_a_sentence(tmp_path):
    entry = HEAD.model_copy(update={"network": "of an extension"})
    with pytest.raises(models.WeightsError, match="ATELIER_EXTENSIONS"):
        models.build(entry, tmp_path / "any.weights.h5")
