"""ImageNet starting points: which files, and how they are copied into our networks.

Where they are looked for says `core.models.weights`; first of all in the directory that the
user names with `--weights`.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import models
from core.errors import InvalidRequest
from core.models.registry import builders
from core.models.weights import File, NotHere, find, resolve
from core.recipes import Recipe
from core.stylize import extractors

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

EFFICIENTNET_LITE0 = File(
    "efficientnet_lite0_imagenet.keras",
    "ba9157156ad6ec9d5d10597b3900ca7e72e77a44ed59b8e4ec96748e496b37fd",
)
RESNET50_V2 = File(
    "resnet50_v2_imagenet_to_conv4_f16.npz",
    "9199c9de7261e53eb66d49cbd145c93bdeccbabb55c098b8ee36dfd1fa286711",
)

Start = Callable[["keras.Model", Path | None], None]
"""Copies starting weights into a network in its form for training, from a directory if named."""


def keras_resnet50() -> File:
    """The file of `keras.applications.ResNet50`, which style transfer looks through, too."""
    file = extractors.get("resnet50").file
    assert file is not None
    return file


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
        find(keras_resnet50(), directory=directory)
    except NotHere as error:
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
        core.models.WeightsError: If it is damaged.
    """
    if network in _STARTS:
        _STARTS[network](model, directory)


def starts(network: str) -> Callable[[Start], Start]:
    """Registers the decorated function as what fills a network before it is trained."""

    def add(start: Start) -> Start:
        _STARTS[network] = start
        return start

    return add


_STARTS: dict[str, Start] = {}


def base(network: str, directory: Path | None) -> keras.Model:
    """The frozen feature extractor that a classifier sees through, a copy of its own.

    Raises:
        InvalidRequest: If it has none.
        core.models.WeightsError: If its weights are not to be had, or damaged.
    """
    name = builders("identify")[network].base
    if name is None:
        raise InvalidRequest(f"The network {network} has no base to be frozen.")
    return extractor(name, directory)


def extractor(model_id: str, directory: Path | None) -> keras.Model:
    """The network of a feature extractor of the catalogue, a copy to be changed at will.

    Raises:
        core.models.WeightsError: If its weights are not to be had, or damaged.
    """
    entry = models.get(model_id)
    return models.build(entry, resolve(entry, directory=directory)).body


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


@starts("efficientnet_lite0")
def load_efficientnet_lite0(model: keras.Model, directory: Path | None) -> None:
    """Copies ImageNet weights into an `efficientnet_lite0` with normalization."""
    import keras

    path = find(EFFICIENTNET_LITE0, directory=directory)
    source = keras.saving.load_model(path, compile=False, safe_mode=True)
    for layer in source.layers:
        if layer.weights and layer.name != "fc":
            model.get_layer(layer.name).set_weights(layer.get_weights())


@starts("resnet50")
def load_resnet50(model: keras.Model, directory: Path | None) -> None:
    """Copies the weights of `keras.applications.ResNet50` into a `resnet50`."""
    import keras

    path = find(keras_resnet50(), directory=directory)
    source = keras.applications.ResNet50(weights=str(path), include_top=False)
    for layer in source.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())


@starts("resnet50_v2")
def load_resnet50_v2(model: keras.Model, directory: Path | None) -> None:
    """Copies ImageNet weights up to conv4 into a `resnet50_v2` with normalization.

    With a stage conv5, whose convolutions start at random, the normalisation that ended
    conv4 goes where it was in the whole network: before the first block of conv5.

    Raises:
        KeyError: If the file lacks a weight.
    """
    path = find(RESNET50_V2, directory=directory)
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
