"""The graphs of generators: published where they are those of Keras, refused where they are not."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from core import images, models
from core.models import architectures
from core.monet import keras_network
from core.monet.keras_network import KerasNetwork
from training.publishing.litert import graphs
from training.publishing.litert import monet as monet_graphs


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A small generator with lively weights, such as half precision can hold."""
    built = architectures.monet_generator(filters=8, blocks=1)
    rng = np.random.default_rng(0)
    built.set_weights(
        [
            np.float16(rng.normal("gamma" in weight.path, 0.2, weight.shape)).astype(np.float32)
            for weight in built.weights
        ]
    )
    return built


@pytest.fixture
def entry(network: keras.Model, tmp_path: Path) -> models.Entry:
    """A model whose weights lie in the directory of the test."""
    network.save_weights(tmp_path / "some.weights.h5")
    file = models.WeightsFile(name="some.weights.h5", sha256="", bytes=0)
    changes = {"id": "some", "file": file, "arguments": {"filters": 8, "blocks": 1}}
    return models.get("photo_to_monet").model_copy(update=changes)


@pytest.fixture
def pictures(make_picture, tmp_path: Path) -> list[Path]:
    paths = []
    for seed, (height, width) in enumerate(((70, 101), (64, 40), (200, 310))):
        paths.append(tmp_path / f"{seed}.png")
        paths[-1].write_bytes(images.encode(make_picture(height, width, seed)))
    return paths


def test_what_is_published_is_what_keras_gives(network, entry, pictures, tmp_path):
    found, loaded = monet_graphs.publish(entry, pictures, tmp_path, tmp_path)
    assert found.pictures == 3
    assert set(found.difference) == {"whole", "moments", "tile"}
    seen = np.random.default_rng(1).uniform(0, 255, (1, 44, 92, 3)).astype(np.float32)
    expected = KerasNetwork(network).whole(seen)
    np.testing.assert_allclose(loaded.whole(seen), expected, atol=1e-4)
    assert np.abs(expected - seen[0] / 127.5 + 1).mean() > 0.05


def test_the_layers_one_by_one_are_the_network(network):
    seen = np.random.default_rng(2).uniform(0, 255, (1, 32, 48, 3)).astype(np.float32)
    for run in (None, monet_graphs._resizable):
        painted = keras_network.whole(network, seen, run)
        np.testing.assert_allclose(painted, network(seen), atol=1e-4)


@pytest.mark.parametrize("part", ["stem", "up0", "change"])
def test_a_graph_that_paints_something_else_is_refused(
    entry, pictures, tmp_path, monkeypatch, part
):
    right = monet_graphs._resizable
    monkeypatch.setattr(
        monet_graphs,
        "_resizable",
        lambda layer, x: keras.ops.abs(right(layer, x)) if layer.name == part else right(layer, x),
    )
    with pytest.raises(graphs.DisagreementError, match="other whole than Keras"):
        monet_graphs.publish(entry, pictures, tmp_path, tmp_path)
