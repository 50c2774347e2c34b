"""ImageNet starting points: which files, where they are looked for, how they are copied.

A file is looked for in the directory that the user names with `--weights`, then in
`ATELIER_WEIGHTS`; what `keras.applications` distributes is downloaded otherwise.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AtelierError, InvalidRequest
from core.recipes import Recipe
from core.settings import settings

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

EFFICIENTNET_LITE0 = "efficientnet_lite0_imagenet.keras"
VGG16 = "vgg16_imagenet_notop_f16.npz"
RESNET50 = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
RESNET50_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{RESNET50}"
RESNET50_MD5 = "4d473c1dd8becc155b73f8504c6f6626"  # as keras.applications records it
RESNET50_V2 = "resnet50_v2_imagenet_to_conv4_f16.npz"


class StartError(AtelierError, FileNotFoundError):
    """Weights to start from that are not there. Its message says what to do."""

    code = "starting-weights"


def find(name: str, directory: Path | None) -> Path:
    """The file of a name in `directory`, or else in `ATELIER_WEIGHTS`.

    Raises:
        FileNotFoundError: If neither has it; the message says what to do.
    """
    for place in filter(None, (directory, settings().weights)):
        if (place / name).is_file():
            return place / name
    raise StartError(
        f"The starting weights {name} are not there: name the directory that holds them with "
        "--weights or ATELIER_WEIGHTS."
    )


def find_resnet50(directory: Path | None) -> Path:
    """The ImageNet weights of `keras.applications.ResNet50`, found or downloaded, and checked.

    Raises:
        FileNotFoundError: If they are neither in a directory nor to be downloaded.
        ValueError: If the file is damaged.
    """
    try:
        path = find(RESNET50, directory)
    except FileNotFoundError:
        if settings().offline:
            raise
        import keras

        try:
            path = Path(keras.utils.get_file(RESNET50, RESNET50_URL, cache_subdir="models"))
        except Exception as error:  # Keras raises a bare Exception when a download fails
            raise StartError(f"{RESNET50} cannot be downloaded: {error}") from error
    with path.open("rb") as file:
        if hashlib.file_digest(file, "md5").hexdigest() != RESNET50_MD5:
            raise InvalidRequest(f"{path} is damaged or not the file of keras.applications.")
    return path


def without_keras_file(recipe: Recipe) -> Recipe:
    """The same recipe over the ResNet50 whose weights are a file of their own, up to conv4.

    It keeps its name, and a recipe over any other network is returned as it is.
    """
    if recipe.network != "resnet50":
        return recipe
    return dataclasses.replace(recipe, name=recipe.id, network="resnet50_v2")


def within_reach(recipe: Recipe, directory: Path | None) -> Recipe:
    """The recipe, or if it wants Keras's ResNet50 and that cannot be had, the one over ours."""
    if recipe.network != "resnet50":
        return recipe
    try:
        find_resnet50(directory)
    except FileNotFoundError as error:
        log.warning("%s; starting from the pre-activation ResNet50 up to conv4 instead", error)
        return without_keras_file(recipe)
    return recipe


def load(network: str, model: keras.Model, directory: Path | None) -> None:
    """Copies ImageNet weights into a network of `core.models.architectures`, if there are any.

    Args:
        network: Its builder's name; a network that starts from nothing is left as it is.
        model: In the form for training.

    Raises:
        FileNotFoundError: If the file is nowhere.
    """
    if network == "efficientnet_lite0":
        load_efficientnet_lite0(model, find(EFFICIENTNET_LITE0, directory).parent)
    elif network == "resnet50":
        load_resnet50(model, find_resnet50(directory))
    elif network == "resnet50_v2":
        load_resnet50_v2(model, find(RESNET50_V2, directory))


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
        kernel: `(height, width, in, out)`, or `(height, width, channels, 1)` if `depthwise`,
            or `(in, out)` of a dense layer.
        gamma, beta, mean, variance: One number a channel of the convolution's output.

    Returns:
        The new kernel, same shape, and the bias `(out,)`.
    """
    scale = gamma / np.sqrt(variance + epsilon)
    folded = kernel * (scale[:, None] if depthwise else scale)
    return folded.astype(np.float32), (beta - mean * scale).astype(np.float32)


def fold(source: keras.Model, target: keras.Model) -> None:
    """Copies a network with batch normalization into the same one without, folded.

    Normalization that the target still has is written with mean 0 and variance 1, so that
    float16 can hold it whatever the statistics were.

    Args:
        source: A network of `core.models.architectures` with a normalisation.
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
            kernel, *bias = weights
            gamma, beta, mean, variance = norm.get_weights()
            weights = fold_batch_norm(
                kernel,
                gamma,
                beta,
                mean - bias[0] if bias else mean,
                variance,
                epsilon=norm.epsilon,
                depthwise=depthwise,
            )
        elif isinstance(layer, keras.layers.BatchNormalization) and layer.scale:
            gamma, beta, mean, variance = weights
            scale = gamma / np.sqrt(variance + layer.epsilon)
            ones = np.full_like(variance, 1 - layer.epsilon)
            weights = [scale, beta - mean * scale, np.zeros_like(mean), ones]
        if weights:
            layer.set_weights(weights)


def load_efficientnet_lite0(model: keras.Model, directory: Path) -> None:
    """Copies ImageNet weights into an `efficientnet_lite0` with normalization."""
    import keras

    path = find(EFFICIENTNET_LITE0, directory)
    source = keras.saving.load_model(path, compile=False, safe_mode=True)
    for layer in source.layers:
        if layer.weights and layer.name != "fc":
            model.get_layer(layer.name).set_weights(layer.get_weights())


def load_vgg16(model: keras.Model, directory: Path) -> None:
    """Copies ImageNet weights into a `core.models.architectures.vgg16_base`."""
    import keras

    with np.load(find(VGG16, directory), allow_pickle=False) as weights:
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


def load_resnet50(model: keras.Model, path: Path) -> None:
    """Copies the weights of `keras.applications.ResNet50` into a `resnet50`.

    Args:
        path: Keras's file of the network without its head.
    """
    import keras

    source = keras.applications.ResNet50(weights=str(path), include_top=False)
    for layer in source.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())


def load_resnet50_v2(model: keras.Model, path: Path) -> None:
    """Copies ImageNet weights up to conv4 into a `resnet50_v2` with normalization.

    With a stage conv5, whose convolutions start at random, the normalisation that ended
    conv4 goes where it was in the whole network: before the first block of conv5.

    Raises:
        KeyError: If the file lacks a weight.
    """
    before_conv5 = "conv5_block1_preact_bn"
    names = {layer.name for layer in model.layers}
    with np.load(path, allow_pickle=False) as weights:
        for name in {key.partition("/")[0] for key in weights.files}:
            if name == "post_bn" and before_conv5 in names:
                layer = model.get_layer(before_conv5)
            else:
                layer = model.get_layer(name)
            arrays = [weights[f"{name}/{variable.name}"] for variable in layer.weights]
            layer.set_weights([array.astype(np.float32) for array in arrays])
