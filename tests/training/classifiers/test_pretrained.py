"""Starting weights: where they are looked for, and what happens where they are not."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from core import models
from core.models import architectures
from core.recipes import RECIPES
from core.settings import ROOT
from training.classifiers import pretrained
from training.classifiers.layers import batch_normalisation

WEIGHTS = Path(os.environ.get("ATELIER_TEST_WEIGHTS", ROOT.parent / "shared" / "weights"))


def test_a_file_that_is_nowhere_is_asked_for_in_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="--weights or ATELIER_WEIGHTS"):
        pretrained.load("resnet50_v2", keras.Sequential(), tmp_path)


def test_a_network_without_a_start_is_left_as_it_is(tmp_path):
    model = architectures.custom_cnn(3)
    before = model.get_weights()
    pretrained.load("custom_cnn", model, tmp_path)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_vgg16_that_ships_is_what_trainings_look_through(tmp_path, monkeypatch):
    base = pretrained.base("vgg16", tmp_path)  # which is empty
    shipped = models.load_keras("vgg16_base").body
    assert base is not shipped
    for one, other in zip(base.get_weights(), shipped.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="custom_cnn has no base"):
        pretrained.base("custom_cnn", None)


def test_without_keras_file_the_recipe_starts_from_the_other_resnet50(tmp_path):
    recipe = RECIPES["resnet50_two_phase"]
    changed = pretrained.within_reach(recipe, tmp_path)
    assert changed == dataclasses.replace(recipe, network="resnet50_v2")
    assert pretrained.within_reach(RECIPES["resnet50"], tmp_path).id == "resnet50"
    assert pretrained.within_reach(RECIPES["custom_cnn"], tmp_path) is RECIPES["custom_cnn"]


def test_a_damaged_file_of_keras_is_refused(tmp_path):
    (tmp_path / pretrained.keras_resnet50().name).write_bytes(b"damaged")
    with pytest.raises(models.WeightsError, match="damaged or not the published"):
        pretrained.within_reach(RECIPES["resnet50"], tmp_path)


def test_the_file_of_keras_applications_fills_the_network(tmp_path, monkeypatch):
    """A file in Keras's own format; one stage stands for all, which differ in shapes alone."""
    from keras.src.legacy.saving import legacy_h5_format

    monkeypatch.setattr(architectures.resnet, "_RESNET50_STAGES", ((64, 3),))

    def one_stage(weights: str | None, include_top: bool) -> keras.Model:
        from keras.src.applications import resnet

        return resnet.ResNet(
            lambda x: resnet.stack_residual_blocks_v1(x, 64, 3, stride1=1, name="conv2"),
            preact=False,
            use_bias=True,
            include_top=include_top,
            weights=weights,
            weights_name="one_stage",
        )

    monkeypatch.setattr(keras.applications, "ResNet50", one_stage)
    theirs = one_stage(None, False)
    described = pretrained.keras_resnet50()
    path = tmp_path / described.name
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, theirs)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(
        pretrained, "keras_resnet50", lambda: dataclasses.replace(described, digest=md5)
    )
    assert pretrained.within_reach(RECIPES["resnet50"], tmp_path) is RECIPES["resnet50"]

    ours = architectures.resnet50(3, normalisation=batch_normalisation)
    pretrained.load("resnet50", ours, tmp_path)
    for layer in theirs.layers:
        for one, other in zip(
            ours.get_layer(layer.name).get_weights() if layer.weights else [],
            layer.get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("conv5", [False, True])
def test_each_weight_of_the_other_resnet50_goes_to_its_place(conv5, tmp_path, monkeypatch):
    monkeypatch.setattr(architectures.resnet, "_RESNET50_STAGES", ((4, 1), (8, 2), (4, 1), (8, 1)))
    source = architectures.resnet50_v2(3, normalisation=batch_normalisation)
    rng = np.random.default_rng(0)
    arrays = {
        f"{layer.name}/{w.name}": rng.normal(size=w.shape).astype(np.float16)
        for layer in source.layers
        for w in layer.weights
        if layer.name not in ("head_bn", "logits")
    }
    path = tmp_path / pretrained.RESNET50_V2.name
    np.savez(path, **arrays)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = dataclasses.replace(pretrained.RESNET50_V2, digest=digest)
    monkeypatch.setattr(pretrained, "RESNET50_V2", file)
    model = architectures.resnet50_v2(3, conv5=conv5, normalisation=batch_normalisation)
    pretrained.load("resnet50_v2", model, tmp_path)
    for name, array in arrays.items():
        layer, variable = name.split("/")
        if conv5 and layer == "post_bn":
            layer = "conv5_block1_preact_bn"
        weights = {w.name: w for w in model.get_layer(layer).weights}
        np.testing.assert_array_equal(weights[variable].numpy(), array.astype(np.float32))


@pytest.mark.real_data
def test_the_real_file_has_every_weight_of_the_network_and_no_other():
    path = WEIGHTS / pretrained.RESNET50_V2.name
    if not path.is_file():
        pytest.skip("No starting weights here")
    model = architectures.resnet50_v2(3, normalisation=batch_normalisation)
    pretrained.load("resnet50_v2", model, path.parent)
    with np.load(path) as weights:
        stored = {name: weights[name].shape for name in weights.files}
    ours = {f"{x.name}/{w.name}": tuple(w.shape) for x in model.layers for w in x.weights}
    extra = {name for name in ours if name.startswith(("head_bn/", "logits/"))}
    assert {name: shape for name, shape in ours.items() if name not in extra} == stored
