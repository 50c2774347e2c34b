"""ImageNet starting points, read from a directory that the user names with `--weights`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

EFFICIENTNET_LITE0 = "efficientnet_lite0_imagenet.keras"
VGG16 = "vgg16_imagenet_notop_f16.npz"


def fold_batch_norm(
    kernel: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    *,
    epsilon: float,
    depthwise: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Folds `gamma * (conv(x) - mean) / sqrt(variance + epsilon) + beta` into kernel and bias.

    Args:
        kernel: `(height, width, in, out)`, or `(height, width, channels, 1)` if `depthwise`.
        gamma, beta, mean, variance: One number a channel of the convolution's output.

    Returns:
        The new kernel, same shape, and the bias `(out,)`.
    """
    scale = gamma / np.sqrt(variance + epsilon)
    folded = kernel * (scale[:, None] if depthwise else scale)
    return folded.astype(np.float32), (beta - mean * scale).astype(np.float32)


def fold(source: keras.Model, target: keras.Model) -> None:
    """Copies a network with batch normalisation into its folded twin.

    Args:
        source: `core.networks.efficientnet_lite0` with a normalisation.
        target: The same network without.
    """
    import keras

    names = {layer.name for layer in source.layers}
    for layer in target.layers:
        weights = source.get_layer(layer.name).get_weights() if layer.weights else []
        norm_name = f"{layer.name.removesuffix('_conv')}_bn"
        if weights and norm_name in names:
            norm = source.get_layer(norm_name)
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            weights = fold_batch_norm(
                *weights, *norm.get_weights(), epsilon=norm.epsilon, depthwise=depthwise
            )
        if weights:
            layer.set_weights(weights)


def load_efficientnet_lite0(model: keras.Model, directory: Path) -> None:
    """Copies ImageNet weights into a `core.networks.efficientnet_lite0` with normalisation."""
    import keras

    source = keras.saving.load_model(directory / EFFICIENTNET_LITE0, compile=False, safe_mode=True)
    for layer in source.layers:
        if layer.weights and layer.name != "fc":
            model.get_layer(layer.name).set_weights(layer.get_weights())


def load_vgg16(model: keras.Model, directory: Path) -> None:
    """Copies ImageNet weights into a `core.networks.vgg16_base`."""
    import keras

    with np.load(directory / VGG16, allow_pickle=False) as weights:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2D) and layer.name != "bgr_mean":
                pair = [weights[f"{layer.name}/{part}"] for part in ("kernel", "bias")]
                layer.set_weights([w.astype(np.float32) for w in pair])
    model.get_layer("bgr_mean").set_weights(
        [
            np.eye(3, dtype=np.float32)[::-1][None, None],
            -np.array([103.939, 116.779, 123.68], np.float32),
        ]
    )
