"""VGG16: the features that style transfer compares, and a classifier on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.models.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

# VGG16, one row a block: channels, convolutions (Simonyan & Zisserman, arXiv 1409.1556).
_VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


@register(
    "features",
    "vgg16_base",
    summary="Sees edges, textures and objects; the eye of the VGG16 classifier.",
    source="ImageNet weights of the Visual Geometry Group, Oxford (arXiv 1409.1556), unchanged",
    licence="CC BY 4.0",
)
def vgg16_base(*, dtype: str = "float32") -> keras.Model:
    """The thirteen convolutions of VGG16, up to `block5_conv3`, without the last pooling.

    The one copy of these weights serves the VGG16 classifier and style transfer.

    Returns:
        RGB 0..255 `(batch, height, width, 3)` to `(batch, height / 16, width / 16, 512)`.
        Layers are named `block1_conv1` .. `block5_conv3`, as in `keras.applications`.
    """
    from keras import Input, Model, layers

    inputs = Input((None, None, 3), name="rgb")
    # RGB to BGR minus the ImageNet mean, written as a fixed 1x1 convolution.
    x = layers.Conv2D(3, 1, trainable=False, dtype="float32", name="bgr_mean")(inputs)
    for b, (filters, convolutions) in enumerate(_VGG16_BLOCKS, start=1):
        if b > 1:
            x = layers.MaxPooling2D(2, dtype=dtype, name=f"block{b - 1}_pool")(x)
        for c in range(1, convolutions + 1):
            x = layers.Conv2D(
                filters, 3, padding="same", activation="relu", dtype=dtype, name=f"block{b}_conv{c}"
            )(x)
    model = Model(inputs, x, name="vgg16_base")
    # Not of the weights of keras.applications, which may fill the rest.
    bgr = np.eye(3, dtype=np.float32)[None, None, :, ::-1]
    model.get_layer("bgr_mean").set_weights(
        [bgr, np.array([-103.939, -116.779, -123.68], np.float32)]
    )
    return model


@register(
    "identify",
    "vgg16",
    base="vgg16_base",
    summary="The classic: a large network for photographs with a small head for paintings.",
    source="Head trained here on the frozen ImageNet convolutions of the Oxford Visual Geometry "
    "Group (CC BY 4.0)",
    licence="MIT for the head; convolutions: Oxford VGG, CC BY 4.0",
)
def vgg16_head(
    outputs: int,
    *,
    dropout: float = 0.5,
    normalisation: Callable[..., keras.Layer] | None = None,
    dtype: str = "float32",
) -> keras.Model:
    """The first report's small head: dense 128, dropout, logits, over pooled VGG16 features.

    Args:
        outputs: Number of logits.
        dropout: Dropout rate before the logits.
        normalisation, dtype: Not used: there is none, and it is small, float32 throughout;
            taken so that all builders are called alike.

    Returns:
        `(batch, 512)` to `(batch, outputs)` float32 logits.
    """
    from keras import Input, Model, layers

    inputs = Input((512,), name="pooled")
    x = layers.Dense(128, activation="relu", name="dense")(inputs)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(outputs, name="logits")(x)
    return Model(inputs, x, name="vgg16_head")
