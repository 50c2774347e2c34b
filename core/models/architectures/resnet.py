"""ResNet50, as Keras distributes it and with pre-activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.models.architectures.parts import convolution, dense_head, flat
from core.models.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras

# ResNet50, one row a stage: channels inside the bottleneck, blocks (He et al., arXiv 1512.03385).
_RESNET50_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))


@register(
    "identify",
    "resnet50",
    summary="Fifty layers, tuned to paintings from end to end.",
    source="Fine-tuned here from the ImageNet weights of keras.applications (He et al., arXiv "
    "1512.03385)",
    licence="MIT; ImageNet weights it started from: MIT (He et al.)",
)
def resnet50(
    outputs: int,
    *,
    dense: Sequence[int] = (512, 16),
    dropout: float = 0.0,
    side: int | None = None,
    normalisation: Callable[..., keras.Layer] | None = None,
    dtype: str = "float32",
) -> keras.Model:
    """ResNet50 (He et al., arXiv 1512.03385) as `keras.applications` has it, with a head.

    Layers have Keras's names and weights of its shapes. Stride 2 sits in the first 1x1
    convolution of a stage. All normalisation can be folded.

    Args:
        outputs: Number of logits.
        dense: Sizes of dense layers in the head, each with normalisation and ReLU; the
            default is the reports'.
        dropout: Dropout rate before the logits.
        side, normalisation, dtype: As in `small_resnet`.

    Returns:
        `(batch, height, width, 3)` RGB 0..255 to `(batch, outputs)` float32 logits.
        Layer `features` is the last map, `(batch, height / 32, width / 32, 2048)`.
    """
    from keras import Input, Model, layers, ops

    def convolve(
        x: Any, filters: int, name: str, *, kernel: int = 1, stride: int = 1, same: bool = True
    ) -> Any:
        return convolution(
            x,
            filters,
            name,
            kernel=kernel,
            stride=stride,
            same=same,
            normalisation=normalisation,
            epsilon=1.001e-5,
            dtype=dtype,
        )

    def relu(x: Any, name: str) -> Any:
        return layers.ReLU(dtype=dtype, name=name)(x)

    inputs = Input((side, side, 3), name="rgb")
    # BGR minus the ImageNet mean: what the weights of keras.applications were trained on.
    x = layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="normalise")(
        ops.flip(inputs, axis=-1)
    )
    x = layers.ZeroPadding2D(3, dtype=dtype, name="conv1_pad")(x)
    x = relu(convolve(x, 64, "conv1", kernel=7, stride=2, same=False), "conv1_relu")
    x = layers.ZeroPadding2D(1, dtype=dtype, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, dtype=dtype, name="pool1_pool")(x)
    for stage, (filters, blocks) in enumerate(_RESNET50_STAGES, start=2):
        for block in range(1, blocks + 1):
            name, shortcut = f"conv{stage}_block{block}", x
            stride = 2 if stage > 2 and block == 1 else 1
            if block == 1:
                shortcut = convolve(x, filters * 4, f"{name}_0", stride=stride)
            x = relu(convolve(x, filters, f"{name}_1", stride=stride), f"{name}_1_relu")
            x = relu(convolve(x, filters, f"{name}_2", kernel=3), f"{name}_2_relu")
            x = convolve(x, filters * 4, f"{name}_3")
            x = layers.Add(dtype=dtype, name=f"{name}_add")([shortcut, x])
            x = relu(x, f"{name}_out")
    x = layers.Identity(dtype=dtype, name="features")(x)
    x = dense_head(flat(x, side), outputs, dense, dropout, normalisation, dtype)
    return Model(inputs, x, name="resnet50")


@register(
    "identify",
    "resnet50_v2",
    summary="Forty deep layers, first taught by photographs, then by paintings from end to end.",
    source="Fine-tuned end to end here from the ImageNet weights of the ONNX model zoo's ResNet50 "
    "v2, up to stage conv4 (Apache-2.0; He et al., arXiv 1603.05027)",
    licence="MIT; ImageNet weights it started from: Apache-2.0",
)
def resnet50_v2(
    outputs: int,
    *,
    conv5: bool = False,
    dense: Sequence[int] = (),
    dropout: float = 0.2,
    side: int | None = None,
    normalisation: Callable[..., keras.Layer] | None = None,
    dtype: str = "float32",
) -> keras.Model:
    """ResNet50 with pre-activation (He et al., arXiv 1603.05027), by default up to conv4.

    Layers are named as in `keras.applications.ResNet50V2`, but the computation is the
    paper's: stride 2 sits in the first block of a stage, in its 3x3 convolution and in the
    shortcut, which takes the pre-activated input. Of the normalisation, that between two
    convolutions can be folded; that before a block, which the shortcut goes around, stays.

    Args:
        outputs: Number of logits.
        conv5: Whether the last stage is there, too; 8.6 million parameters without it, 23.6
            with it.
        dense: Sizes of dense layers in the head, each with normalisation and ReLU.
        dropout: Dropout rate before the logits.
        side: As in `custom_cnn`.
        normalisation: Makes the layers of normalisation in training, from `name`, `epsilon`
            and `dtype`; None for Keras's own where it stays, and folded elsewhere.
        dtype: Policy of all layers but the last ones, which are float32.

    Returns:
        `(batch, height, width, 3)` RGB 0..255 to `(batch, outputs)` float32 logits.
        Layer `features` is the last map, `(batch, height / 16, width / 16, 1024)`, or a
        32nd and 2048 channels with conv5.
    """
    from keras import Input, Model, layers

    own = normalisation or layers.BatchNormalization

    def convolve(x: Any, filters: int, name: str, *, kernel: int = 1, stride: int = 1) -> Any:
        # Padded on both sides, where "same" would put the odd pixel on one.
        if kernel > 1 and stride > 1:
            x = layers.ZeroPadding2D(kernel // 2, dtype=dtype, name=f"{name}_pad")(x)
        return convolution(
            x,
            filters,
            name,
            kernel=kernel,
            stride=stride,
            same=stride == 1,
            normalisation=normalisation,
            epsilon=1e-5,
            bias=normalisation is None,
            dtype=dtype,
        )

    def plain(x: Any, filters: int, name: str, *, stride: int = 1) -> Any:
        """A convolution that leads to an addition, without normalisation."""
        return layers.Conv2D(filters, 1, stride, use_bias=False, dtype=dtype, name=f"{name}_conv")(
            x
        )

    def relu(x: Any, name: str) -> Any:
        return layers.ReLU(dtype=dtype, name=name)(x)

    inputs = Input((side, side, 3), name="rgb")
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    x = layers.Rescaling(
        [1 / 255 / d for d in deviation],
        offset=[-m / d for m, d in zip(mean, deviation, strict=True)],
        name="normalise",
    )(inputs)
    # Part of how the pictures are prepared: its statistics never change.
    x = layers.BatchNormalization(
        epsilon=1e-5, scale=False, center=False, trainable=False, name="input_bn"
    )(x)
    x = relu(convolve(x, 64, "conv1", kernel=7, stride=2), "conv1_relu")
    x = layers.ZeroPadding2D(1, dtype=dtype, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, dtype=dtype, name="pool1_pool")(x)
    stages = _RESNET50_STAGES if conv5 else _RESNET50_STAGES[:-1]
    for stage, (filters, blocks) in enumerate(stages, start=2):
        for block in range(1, blocks + 1):
            name, shortcut = f"conv{stage}_block{block}", x
            stride = 2 if stage > 2 and block == 1 else 1
            x = own(name=f"{name}_preact_bn", epsilon=1e-5, dtype=dtype)(x)
            x = relu(x, f"{name}_preact_relu")
            if block == 1:
                shortcut = plain(x, filters * 4, f"{name}_0", stride=stride)
            x = relu(convolve(x, filters, f"{name}_1"), f"{name}_1_relu")
            x = relu(convolve(x, filters, f"{name}_2", kernel=3, stride=stride), f"{name}_2_relu")
            x = plain(x, filters * 4, f"{name}_3")
            x = layers.Add(dtype=dtype, name=f"{name}_out")([shortcut, x])
    x = own(name="post_bn", epsilon=1e-5, dtype=dtype)(x)
    # ImageNet's weights end in maps of about 0.01. The head's normalisation, whose statistics
    # start at one, would take an epoch to find that out, and a head without it to grow.
    x = layers.Rescaling(100.0, dtype="float32", name="head_scale")(flat(relu(x, "features"), side))
    if not dense:
        x = own(name="head_bn", epsilon=1e-5, dtype="float32")(x)
    x = dense_head(x, outputs, dense, dropout, normalisation, dtype)
    return Model(inputs, x, name="resnet50_v2")
