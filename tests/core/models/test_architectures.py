"""The architectures compute what the papers and Keras's own versions compute."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.models import architectures
from core.recipes import RECIPES
from training.classifiers import phases
from training.classifiers.layers import batch_normalisation
from training.classifiers.pretrained import fold, fold_batch_norm


def test_lite0_has_the_published_size_and_shapes():
    model = architectures.efficientnet_lite0(1000)
    # 4.65 million parameters as published, of which normalisation counts two a channel;
    # folded, one bias a channel is left.
    assert model.count_params() == pytest.approx(4_652_008 - 21_000, abs=2_000)
    assert model.output_shape == (None, 1000)
    features = keras.Model(model.input, model.get_layer("features").output)
    assert features(np.zeros((1, 224, 224, 3), np.float32)).shape == (1, 7, 7, 1280)
    assert features(np.zeros((1, 97, 130, 3), np.float32)).shape == (1, 4, 5, 1280)


def test_vgg16_is_that_of_keras_applications():
    ours = architectures.vgg16_base()
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
    trained = architectures.efficientnet_lite0(5, normalisation=batch_normalisation)
    rng = np.random.default_rng(0)
    for layer in trained.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.8, 1.2, w.shape) for w in layer.get_weights()])
    shipped = architectures.efficientnet_lite0(5)
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
    model = architectures.efficientnet_lite0(5)
    half = architectures.efficientnet_lite0(5, dtype="float16")
    half.set_weights([w.astype(np.float16) for w in model.get_weights()])
    path = tmp_path / "half.weights.h5"
    half.save_weights(path)
    again = architectures.efficientnet_lite0(5)
    again.load_weights(path)
    x = np.random.default_rng(0).uniform(0, 255, (1, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(again(x), model(x), rtol=0.02, atol=0.02)
    assert path.stat().st_size < 0.62 * 4 * model.count_params()


def random_weights(model: keras.Model, seed: int = 0) -> None:
    """Lived-in weights: normalisation that does something, and maps that stay of size one."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.6, 1.4, w.shape) for w in layer.get_weights()])
        elif layer.weights:
            kernel, *bias = layer.get_weights()
            kernel = rng.normal(0, np.prod(kernel.shape[:-1]) ** -0.5, kernel.shape)
            layer.set_weights([kernel, *(rng.normal(0, 0.1, b.shape) for b in bias)])


def test_resnet50_is_that_of_keras_applications_with_the_head_of_the_report():
    ours = architectures.resnet50(7, side=64, normalisation=batch_normalisation)
    random_weights(ours)
    theirs = keras.applications.ResNet50(weights=None, include_top=False)
    for layer in theirs.layers:
        if layer.weights:
            layer.set_weights(ours.get_layer(layer.name).get_weights())
    rgb = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    maps = keras.Model(ours.input, ours.get_layer("features").output)(rgb, training=False)
    expected = theirs(keras.applications.resnet.preprocess_input(rgb.copy()), training=False)
    assert float(np.abs(expected).mean()) > 0.1
    np.testing.assert_allclose(maps, expected, rtol=1e-3, atol=1e-3)

    head = ours.layers[[layer.name for layer in ours.layers].index("features") + 1 :]
    assert [type(layer).__name__ for layer in head] == [
        "Flatten",
        *["Dense", "FusedBatchNormalization", "ReLU"] * 2,
        "Dense",
    ]
    assert [layer.units for layer in head if isinstance(layer, keras.layers.Dense)] == [512, 16, 7]

    # The second phase trains the layers that Keras counts as the first fifty, and the head.
    phases.choose_layers(ours, RECIPES["resnet50_two_phase"].phases[1])
    learning = [layer.name for layer in ours.layers if layer.trainable_weights]
    first = [layer.name for layer in theirs.layers[:50] if layer.weights]
    assert learning == first + [layer.name for layer in head if layer.weights]

    shipped = architectures.resnet50(7, side=64)
    fold(ours, shipped)
    assert not any(isinstance(x, keras.layers.BatchNormalization) for x in shipped.layers)
    np.testing.assert_allclose(shipped(rgb), ours(rgb, training=False), rtol=1e-2, atol=1e-2)


def test_resnet50_v2_computes_what_its_paper_says():
    """Against the same in NumPy, at a size whose halves are odd, so that padding shows."""
    model = architectures.resnet50_v2(5, normalisation=batch_normalisation)
    random_weights(model)
    assert not model.get_layer("input_bn").trainable
    values = {f"{x.name}/{w.name}": w.numpy() for x in model.layers for w in x.weights}

    def norm(x: np.ndarray, name: str, epsilon: float = 1e-5) -> np.ndarray:
        scale = 1 / np.sqrt(values[f"{name}/moving_variance"] + epsilon)
        x = (x - values[f"{name}/moving_mean"]) * scale
        return x * values.get(f"{name}/gamma", 1) + values.get(f"{name}/beta", 0)

    def conv(x: np.ndarray, name: str, stride: int = 1) -> np.ndarray:
        kernel = values[f"{name}/kernel"]
        pad = kernel.shape[0] // 2
        x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
        return np.tensordot(
            windows[:, ::stride, ::stride],
            kernel.transpose(2, 0, 1, 3),
            axes=([3, 4, 5], [0, 1, 2]),
        )

    def relu(x: np.ndarray) -> np.ndarray:
        return np.maximum(x, 0)

    rgb = np.random.default_rng(0).uniform(0, 255, (1, 92, 76, 3)).astype(np.float32)
    x = (rgb / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    x = relu(norm(conv(norm(x, "input_bn"), "conv1_conv", 2), "conv1_bn"))
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max((-2, -1))
    outs = {}
    for stage, blocks in ((2, 3), (3, 4), (4, 6)):
        for block in range(1, blocks + 1):
            name = f"conv{stage}_block{block}"
            stride = 2 if block == 1 and stage > 2 else 1
            active = relu(norm(x, f"{name}_preact_bn"))
            shortcut = conv(active, f"{name}_0_conv", stride) if block == 1 else x
            inner = relu(norm(conv(active, f"{name}_1_conv"), f"{name}_1_bn"))
            inner = relu(norm(conv(inner, f"{name}_2_conv", stride), f"{name}_2_bn"))
            x = shortcut + conv(inner, f"{name}_3_conv")
            outs[f"{name}_out"] = x
    outs["features"] = relu(norm(x, "post_bn"))

    names = ["conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "features"]
    taps = keras.Model(model.input, [model.get_layer(name).output for name in names])
    for name, found in zip(names, taps(rgb, training=False), strict=True):
        expected = outs[name]
        assert found.shape == expected.shape
        error = np.abs(found - expected).max() / np.abs(expected).max()
        assert error < 1e-4, name

    shipped = architectures.resnet50_v2(5)
    fold(model, shipped)
    assert np.abs(shipped.get_layer("post_bn").moving_variance - 1).max() < 1e-4
    np.testing.assert_allclose(shipped(rgb), model(rgb, training=False), rtol=1e-2, atol=1e-2)


def test_the_small_networks_fit_their_place(tmp_path):
    """At most 6 MB each, as they are stored, with as many units as a search may choose."""
    for builder, arguments in (
        (architectures.custom_cnn, {"side": 64, "units": 320}),
        (architectures.custom_cnn, {"units": 512}),
        (architectures.small_resnet, {"units": 256}),
    ):
        path = tmp_path / "small.weights.h5"
        builder(35, dtype="float16", **arguments).save_weights(path)
        assert path.stat().st_size < 6e6, builder.__name__


def test_the_custom_cnn_is_that_of_the_reports():
    model = architectures.custom_cnn(11, units=384, side=64)
    kinds = [type(layer).__name__ for layer in model.layers[2:]]
    assert kinds == ["Conv2D", "ReLU", "MaxPooling2D"] * 3 + [
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    convolutions = [x for x in model.layers if isinstance(x, keras.layers.Conv2D)]
    assert [(x.filters, x.kernel_size) for x in convolutions] == [
        (32, (3, 3)),
        (64, (3, 3)),
        (128, (3, 3)),
    ]
    assert model.get_layer("dense").units == 384
    assert model.get_layer("dropout").rate == 0.5
    assert model.output_shape == (None, 11)
    anywhere = architectures.custom_cnn(11)
    assert anywhere(np.zeros((1, 70, 50, 3), np.float32)).shape == (1, 11)


def test_the_small_residual_network_ships_as_it_was_trained():
    trained = architectures.small_resnet(5, units=8, normalisation=batch_normalisation)
    random_weights(trained)
    shipped = architectures.small_resnet(5, units=8)
    fold(trained, shipped)
    x = np.random.default_rng(0).uniform(0, 255, (2, 70, 90, 3)).astype(np.float32)
    np.testing.assert_allclose(shipped(x), trained(x, training=False), rtol=1e-3, atol=1e-3)


def test_frozen_normalisation_keeps_its_statistics_and_uses_them():
    layer = batch_normalisation("one")
    x = np.random.default_rng(0).normal(2, 3, (4, 5, 5, 6)).astype(np.float32)
    layer(x, training=True)
    before = [w.copy() for w in layer.get_weights()]
    layer.trainable = False
    np.testing.assert_allclose(layer(x, training=True), layer(x), rtol=1e-5, atol=1e-5)
    for one, other in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_normalisation_of_rows_is_that_of_keras():
    ours, theirs = batch_normalisation("one"), keras.layers.BatchNormalization(epsilon=1e-3)
    x = np.random.default_rng(0).normal(2, 3, (16, 6)).astype(np.float32)
    np.testing.assert_allclose(
        ours(x, training=True), theirs(x, training=True), rtol=1e-4, atol=1e-5
    )


def test_a_single_picture_is_modulated_as_several_are():
    """One kernel of TensorFlow's, or one operation after the other."""
    from core.models.architectures.modulation import InStyle

    rng = np.random.default_rng(0)
    maps = rng.normal(0, 2, (2, 5, 6, 3)).astype(np.float32)
    factors = rng.normal(0, 1, (2, 6)).astype(np.float32)
    layer = InStyle()
    expected = maps * (1 + factors[:, None, None, :3]) + factors[:, None, None, 3:]
    both = np.asarray(layer(maps, factors))
    np.testing.assert_allclose(both, np.maximum(expected, 0), rtol=1e-5, atol=1e-5)
    for n in range(2):
        alone = np.asarray(layer(maps[n : n + 1], factors[n : n + 1]))
        np.testing.assert_allclose(alone[0], both[n], rtol=1e-4, atol=1e-5)
