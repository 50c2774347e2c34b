"""The table of networks: found, checked, deepened, taken apart."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core import models
from core.settings import settings
from core.stylize import extractors
from core.stylize.objective import objective


@pytest.fixture(autouse=True)
def forget():
    """Networks are loaded once a process; here each test is one."""
    extractors._loaded.clear()
    objective.cache_clear()
    yield
    extractors._loaded.clear()
    objective.cache_clear()


def small_vgg(convolutions: tuple[int, ...]) -> keras.Model:
    """The beginning of a VGG with few channels, under Keras's names."""
    inputs = x = keras.Input((None, None, 3))
    for block, count in enumerate(convolutions, start=1):
        for n in range(1, count + 1):
            name = f"block{block}_conv{n}"
            x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name=name)(x)
    return keras.Model(inputs, x)


def test_deepening_changes_nothing():
    shallow, deep = small_vgg((2, 2)), small_vgg((2, 4))
    extractors.deepen(shallow, deep)
    x = np.random.default_rng(0).normal(size=(1, 12, 9, 3)).astype(np.float32)
    np.testing.assert_allclose(deep(x), shallow(x), rtol=1e-6)


def test_vgg19_without_its_weights_has_exactly_the_features_of_vgg16():
    told: list[str] = []
    vgg16, vgg19 = extractors.load("vgg16"), extractors.load("vgg19", progress=told.append)
    assert (vgg16.title, vgg19.title) == ("VGG16", "VGG19 (deepened VGG16)")
    picture = np.random.default_rng(0).uniform(0, 255, (1, 64, 48, 3)).astype(np.float32)
    prepared = vgg16.network.preprocessing(picture)
    same = {layer: layer for layer in vgg19.network.style}
    same |= {
        "block3_conv3": "block3_conv4",
        "block4_conv3": "block4_conv4",
        "block5_conv2": "block5_conv2",
    }
    theirs = vgg16.layers(same.keys())(prepared)
    ours = vgg19.layers(same.values())(prepared)
    for name16, name19 in same.items():
        np.testing.assert_array_equal(ours[name19], theirs[name16])


def test_vgg16_is_the_shipped_one():
    picture = np.random.default_rng(0).uniform(0, 255, (1, 48, 64, 3)).astype(np.float32)
    loaded = extractors.load("vgg16")
    ours = loaded.layers(["block5_conv3"])(loaded.network.preprocessing(picture))["block5_conv3"]
    shipped = models.load_keras("vgg16_base").body(picture)
    # What ships may run in bfloat16, which has eight bits of mantissa.
    distance = np.linalg.norm(np.float32(ours) - np.float32(shipped))
    assert distance < 0.03 * np.linalg.norm(ours)


@pytest.mark.parametrize("network", extractors.TABLE.values(), ids=lambda network: network.id)
def test_preprocessing_is_that_of_keras(network):
    module = {"inception_v3": "inception_v3", "resnet50": "resnet"}.get(network.id, "vgg16")
    theirs = getattr(keras.applications, module).preprocess_input
    picture = np.random.default_rng(0).uniform(0, 255, (1, 5, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(network.preprocessing(picture), theirs(picture.copy()), atol=1e-4)


def test_a_network_is_cut_after_the_deepest_layer_in_use():
    loaded = extractors.load("vgg16")
    names = [layer.name for layer in loaded.layers(["block1_conv1", "block2_conv1"]).layers]
    assert names[-1] == "block2_conv1"
    with pytest.raises(ValueError, match="block9_conv9"):
        loaded.layers(["block9_conv9"])


def test_a_network_that_there_is_not():
    with pytest.raises(KeyError, match="vgg16, vgg19, resnet50, inception_v3"):
        extractors.load("alexnet")


def test_without_weights_and_connection_one_sentence_says_what_to_do():
    with pytest.raises(extractors.NotHere, match=r"ATELIER_WEIGHTS names\.$") as refused:
        extractors.load("inception_v3")
    assert "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5" in str(refused.value)


def test_resnet50_without_its_weights_is_the_shipped_classifier():
    loaded = extractors.load("resnet50")
    assert loaded.title == "ResNet50 (tuned to paintings)"
    picture = np.random.default_rng(0).uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    layers = [*loaded.network.style, *loaded.network.content]
    maps = loaded.layers(layers)(loaded.network.preprocessing(picture), training=False)
    sizes = {name: tuple(each.shape[1:]) for name, each in maps.items()}
    assert sizes == {
        "conv1_relu": (32, 48, 64),
        "conv2_block3_out": (16, 24, 256),
        "conv3_block4_out": (8, 12, 512),
        "conv4_block6_out": (4, 6, 1024),
    }
    seen = loaded.layers(["features"])(picture, training=False)["features"]
    shipped = models.load_keras("resnet50_improved").body(picture)
    # What identifies may run in bfloat16, which has eight bits of mantissa.
    distance = np.linalg.norm(np.float32(seen) - np.float32(shipped))
    assert distance < 0.05 * np.linalg.norm(seen)


@pytest.mark.parametrize("network_id", ["vgg19", "inception_v3"])
def test_weights_that_are_not_the_published_ones_are_refused(network_id, tmp_path, monkeypatch):
    (tmp_path / extractors.get(network_id).file.name).write_bytes(b"anything")
    monkeypatch.setenv("ATELIER_WEIGHTS", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(models.WeightsError, match="damaged") as refused:
        extractors.load(network_id)
    assert not isinstance(refused.value, extractors.NotHere)
