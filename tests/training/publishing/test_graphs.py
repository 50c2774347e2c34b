"""The conversion to LiteRT: weights shared, results those of Keras, refusal where they are not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from core import models
from training.data.inputs import TrainingError
from training.publishing.litert import classifier as classifier_graph
from training.publishing.litert import graphs
from training.publishing.litert.graphs import Graph


def network(weights: Path) -> keras.Model:
    keras.utils.set_random_seed(4)
    inputs = keras.Input((None, None, 8))
    x = keras.layers.Conv2D(128, 3, padding="same", activation="relu")(inputs)
    built = keras.Model(inputs, keras.layers.DepthwiseConv2D(3, padding="same")(x))
    built.set_weights([np.float16(w).astype(np.float32) for w in built.get_weights()])
    built.save_weights(weights)
    return built


def converted(tmp_path: Path) -> tuple[keras.Model, models.Network, models.WeightsFile]:
    weights = tmp_path / "a.weights.h5"
    built = network(weights)
    graph = Graph(lambda maps: {"found": built(maps)}, {"maps": tf.TensorSpec((1, 8, 8, 8))})
    file = graphs.write({"one": graph}, {"a": weights}, tmp_path, "a", tmp_path)
    return built, models.read_graph(tmp_path / file.name, "one", {"a": weights}), file


def test_a_graph_holds_no_weights_and_takes_other_sizes(tmp_path):
    built, run, _ = converted(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.litert.zip") as opened:
        constants = json.loads(opened.read("one.json"))
    assert len(constants) == 3  # both kernels and the long bias; the short one stays
    for height, width in ((8, 8), (20, 12), (5, 7)):
        maps = np.random.default_rng(0).normal(size=(1, height, width, 8)).astype(np.float32)
        np.testing.assert_allclose(run(maps=maps)["found"], built(maps), atol=1e-5)


def test_weights_that_are_in_no_file_are_refused(tmp_path):
    weights = tmp_path / "a.weights.h5"
    built = network(weights)
    built.set_weights([2.5 * w for w in built.get_weights()])  # not those of the file
    graph = Graph(lambda maps: {"found": built(maps)}, {"maps": tf.TensorSpec((1, 8, 8, 8))})
    with pytest.raises(TrainingError, match="no weights file holds"):
        graphs.write({"one": graph}, {"a": weights}, tmp_path, "a", tmp_path)


@pytest.mark.parametrize("wrong", [0.2, float("nan")])
def test_what_is_not_the_same_is_not_published(tmp_path, wrong):
    _, _, file = converted(tmp_path)
    rows = [{"one": 0.01}, {"one": wrong}]
    with pytest.raises(graphs.DisagreementError, match="other one than Keras"):
        graphs.described(file, rows, {"one": 0.1})
    found = graphs.described(file, rows[:1], {"one": 0.1})
    assert (found.pictures, found.difference) == (1, {"one": 0.01})


def test_nothing_compared_is_nothing_published(tmp_path):
    _, _, file = converted(tmp_path)
    with pytest.raises(graphs.DisagreementError, match="not compared"):
        graphs.described(file, [], {"one": 0.1})


@pytest.mark.parametrize("dense", [(), (12,), (12, 9)], ids=str)
@pytest.mark.parametrize("normalised", [False, True])
def test_the_closed_form_is_the_gradient(dense, normalised):
    keras.utils.set_random_seed(5)
    maps = keras.Input((4, 5, 6))
    x = keras.layers.GlobalAveragePooling2D()(maps)
    x = keras.layers.Rescaling(3.0)(x)
    for units in dense:
        x = keras.layers.Dense(units, activation=None if normalised else "relu")(x)
        if normalised:
            layer = keras.layers.BatchNormalization()
            x = layer(x)
            layer.moving_mean.assign(np.random.default_rng(1).normal(size=units))
            layer.moving_variance.assign(np.random.default_rng(2).uniform(0.5, 2, units))
            x = keras.layers.ReLU()(x)
        x = keras.layers.Dropout(0.5)(x)
    head = keras.Model(maps, keras.layers.Dense(7)(x))
    seen = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 5, 6)), tf.float32)
    layers = list(classifier_graph._layers(head))
    for output in range(7):
        with tf.GradientTape() as tape:
            tape.watch(seen)
            logits = head(seen, training=False)
            asked = logits[0, output]
        gradient = tape.gradient(asked, seen)[0]
        found, weights = classifier_graph._forward_and_back(layers, seen, tf.constant(output))
        np.testing.assert_allclose(found, logits, atol=1e-5)
        np.testing.assert_allclose(weights, tf.reduce_mean(gradient, (0, 1)), atol=1e-6)


@pytest.mark.parametrize("kind", ["flattened", "strange"])
def test_heads_without_a_closed_form_are_left_to_keras(kind):
    maps = keras.Input((4, 5, 6))
    if kind == "flattened":
        x = keras.layers.Flatten()(maps)
    else:
        pooled = keras.layers.GlobalAveragePooling2D()(maps)
        x = keras.layers.Dense(5, activation="gelu")(pooled)
    head = keras.Model(maps, keras.layers.Dense(7)(x))
    with pytest.raises(classifier_graph.UnsupportedHeadError):
        classifier_graph._check(list(classifier_graph._layers(head)))
