"""Small classifiers that learn from paintings alone: the reports' own, and a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.models.architectures.parts import convolution, flat
from core.models.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

# The small residual network, one row a stage: channels, blocks.
_SMALL_STAGES = ((32, 2), (64, 2), (128, 2), (256, 2))


@register(
    "identify",
    "custom_cnn",
    summary="Three convolutions that have seen only paintings.",
    source="Trained here from nothing",
    licence="MIT",
)
def custom_cnn(
    outputs: int,
    *,
    units: int = 128,
    dropout: float = 0.5,
    side: int | None = None,
    normalisation: Callable[..., keras.Layer] | None = None,
    dtype: str = "float32",
) -> keras.Model:
    """The reports' own network: three convolutions with max pooling, dense, dropout, logits.

    Args:
        outputs: Number of logits.
        units: Size of the dense layer.
        dropout: Dropout rate after the dense layer.
        side: Side of the pictures, whose last map is flattened, as in the reports; None
            takes the mean of the map instead, and pictures of any size.
        normalisation: Not used, there is none; taken so that all builders are called alike.
        dtype: Policy of all layers but the last ones, which are float32.

    Returns:
        `(batch, height, width, 3)` RGB 0..255 to `(batch, outputs)` float32 logits.
        Layer `features` is the last map before its pooling, `(batch, height / 4, width / 4, 128)`.
    """
    from keras import Input, Model, layers

    inputs = Input((side, side, 3), name="rgb")
    x = layers.Rescaling(1 / 255, name="normalise")(inputs)
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", dtype=dtype, name=f"conv{number}")(x)
        x = layers.ReLU(dtype=dtype, name="features" if number == 3 else f"relu{number}")(x)
        x = layers.MaxPooling2D(2, dtype=dtype, name=f"pool{number}")(x)
    x = flat(x, side)
    x = layers.Dense(units, activation="relu", dtype=dtype, name="dense")(x)
    x = layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    x = layers.Dense(outputs, dtype="float32", name="logits")(x)
    return Model(inputs, x, name="custom_cnn")


@register(
    "identify",
    "small_resnet",
    summary="Our own small network: all that it knows it has learned from paintings.",
    source="Trained here from nothing (a residual network after He et al., arXiv 1512.03385)",
    licence="MIT",
)
def small_resnet(
    outputs: int,
    *,
    units: int = 0,
    dropout: float = 0.2,
    side: int | None = None,
    normalisation: Callable[..., keras.Layer] | None = None,
    dtype: str = "float32",
) -> keras.Model:
    """The custom CNN done better: residual, normalised, averaged; 2.8 million parameters.

    The plan of ResNet18 (He et al., arXiv 1512.03385) at half its width. Two convolutions of
    stride 2 with normalisation see the picture first, in place of one large one and a
    pooling (He et al., arXiv 1812.01187), and a shortcut averages before it narrows.

    Args:
        outputs: Number of logits.
        units: Size of a dense layer before the logits; 0 for none.
        dropout: Dropout rate before the logits.
        side: As in `custom_cnn`.
        normalisation: Makes the layer that follows each convolution in training, from
            `name`, `epsilon` and `dtype`; None for the form folded into the convolutions.
        dtype: Policy of all layers but the last ones, which are float32.

    Returns:
        `(batch, height, width, 3)` RGB 0..255 to `(batch, outputs)` float32 logits.
        Layer `features` is the last map, `(batch, height / 32, width / 32, 256)`.
    """
    from keras import Input, Model, layers

    def convolve(x: Any, filters: int, name: str, *, kernel: int = 3, stride: int = 1) -> Any:
        return convolution(
            x,
            filters,
            name,
            kernel=kernel,
            stride=stride,
            normalisation=normalisation,
            epsilon=1e-3,
            bias=normalisation is None,
            dtype=dtype,
        )

    def relu(x: Any, name: str) -> Any:
        return layers.ReLU(dtype=dtype, name=name)(x)

    inputs = Input((side, side, 3), name="rgb")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="normalise")(inputs)
    x = relu(convolve(x, 16, "stem1", stride=2), "stem1_relu")
    x = relu(convolve(x, 32, "stem2", stride=2), "stem2_relu")
    channels = 32
    for stage, (filters, blocks) in enumerate(_SMALL_STAGES, start=1):
        for block in range(1, blocks + 1):
            name, shortcut = f"stage{stage}_block{block}", x
            stride = 2 if stage > 1 and block == 1 else 1
            if stride == 2:
                shortcut = layers.AveragePooling2D(
                    2, padding="same", dtype=dtype, name=f"{name}_mean"
                )(shortcut)
            if channels != filters:
                shortcut = convolve(shortcut, filters, f"{name}_0", kernel=1)
            x = relu(convolve(x, filters, f"{name}_1", stride=stride), f"{name}_1_relu")
            x = convolve(x, filters, f"{name}_2")
            x = layers.Add(dtype=dtype, name=f"{name}_add")([shortcut, x])
            last = stage == len(_SMALL_STAGES) and block == blocks
            x = relu(x, "features" if last else f"{name}_out")
            channels = filters
    x = flat(x, side)
    if units:
        x = layers.Dense(units, activation="relu", dtype=dtype, name="dense")(x)
    x = layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    x = layers.Dense(outputs, dtype="float32", name="logits")(x)
    return Model(inputs, x, name="small_resnet")
