"""The architectures compute what the papers and Keras's own versions compute."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core import networks
from training.layers import batch_normalisation
from training.pretrained import fold, fold_batch_norm


def test_lite0_has_the_published_size_and_shapes():
    model = networks.efficientnet_lite0(1000)
    # 4.65 million parameters as published, of which normalisation counts two a channel;
    # folded, one bias a channel is left.
    assert model.count_params() == pytest.approx(4_652_008 - 21_000, abs=2_000)
    assert model.output_shape == (None, 1000)
    features = keras.Model(model.input, model.get_layer("features").output)
    assert features(np.zeros((1, 224, 224, 3), np.float32)).shape == (1, 7, 7, 1280)
    assert features(np.zeros((1, 97, 130, 3), np.float32)).shape == (1, 4, 5, 1280)


def test_vgg16_is_that_of_keras_applications():
    ours = networks.vgg16_base()
    theirs = keras.applications.VGG16(weights=None, include_top=False)
    for layer in theirs.layers:
        if layer.weights:
            ours.get_layer(layer.name).set_weights(layer.get_weights())
    mean = np.array([103.939, 116.779, 123.68], np.float32)
    ours.get_layer("bgr_mean").set_weights([np.eye(3, dtype=np.float32)[::-1][None, None], -mean])
    rgb = np.random.default_rng(0).uniform(0, 255, (2, 64, 48, 3)).astype(np.float32)
    expected = keras.Model(theirs.input, theirs.get_layer("block5_conv3").output)(
        keras.applications.vgg16.preprocess_input(rgb.copy())
    )
    np.testing.assert_allclose(ours(rgb), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("depthwise", [False, True])
def test_folded_convolution_equals_convolution_then_normalisation(depthwise):
    rng = np.random.default_rng(1)
    channels = 6
    if depthwise:
        convolution = keras.layers.DepthwiseConv2D(3, use_bias=False)
        folded = keras.layers.DepthwiseConv2D(3)
    else:
        convolution = keras.layers.Conv2D(channels, 3, use_bias=False)
        folded = keras.layers.Conv2D(channels, 3)
    norm = keras.layers.BatchNormalization(epsilon=1e-3)
    x = rng.normal(size=(2, 9, 9, 6)).astype(np.float32)
    norm(folded(x))
    convolution(x)
    statistics = [rng.uniform(0.5, 2, channels).astype(np.float32) for _ in range(4)]
    norm.set_weights(statistics)
    (kernel,) = convolution.get_weights()
    folded.set_weights(fold_batch_norm(kernel, *statistics, epsilon=1e-3, depthwise=depthwise))
    np.testing.assert_allclose(folded(x), norm(convolution(x)), rtol=1e-4, atol=1e-4)


def test_the_shipped_form_computes_what_was_trained():
    """Training form to folded form: the same logits, with lived-in statistics."""
    trained = networks.efficientnet_lite0(5, normalisation=batch_normalisation)
    rng = np.random.default_rng(0)
    for layer in trained.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.8, 1.2, w.shape) for w in layer.get_weights()])
    shipped = networks.efficientnet_lite0(5)
    fold(trained, shipped)
    x = rng.uniform(0, 255, (1, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(shipped(x), trained(x, training=False), rtol=1e-3, atol=1e-3)


def test_the_fused_normalisation_is_that_of_keras():
    ours = batch_normalisation("one")
    keras_own = keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.97)
    x = np.random.default_rng(0).normal(2, 3, (4, 5, 5, 6)).astype(np.float32)
    for _ in range(3):
        np.testing.assert_allclose(
            ours(x, training=True), keras_own(x, training=True), rtol=1e-4, atol=1e-5
        )
    for one, other in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02)  # the variance is the unbiased one
    np.testing.assert_allclose(ours(x), keras_own(x), rtol=0.02, atol=0.02)


def test_half_precision_weights_give_nearly_the_same_logits(tmp_path):
    model = networks.efficientnet_lite0(5)
    half = networks.efficientnet_lite0(5, dtype="float16")
    half.set_weights([w.astype(np.float16) for w in model.get_weights()])
    path = tmp_path / "half.weights.h5"
    half.save_weights(path)
    again = networks.efficientnet_lite0(5)
    again.load_weights(path)
    x = np.random.default_rng(0).uniform(0, 255, (1, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(again(x), model(x), rtol=0.02, atol=0.02)
    assert path.stat().st_size < 0.62 * 4 * model.count_params()
