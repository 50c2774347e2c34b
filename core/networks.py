"""Network architectures, as code. Weights are data and live in `assets/models`.

Every builder returns a Keras 3 functional model made of built-in layers only, so
it runs on any Keras backend and never needs a pickle or a Lambda layer. Inputs
are RGB in 0..255, `(batch, height, width, 3)`; each network does its own
normalisation. Layer names are stable: they are the keys of the weight files.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

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

# VGG16, one row a block: channels, convolutions (Simonyan & Zisserman, arXiv 1409.1556).
_VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


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
    it in training: the same function, smaller and faster. `training.pretrained.fold`
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

    def normalise(x, name: str):
        return x if normalisation is None else normalisation(f"{name}_bn")(x)

    def conv(x, filters: int, name: str, kernel: int = 1, stride: int = 1):
        layer = layers.Conv2D(
            filters, kernel, stride, padding="same", use_bias=bias, dtype=dtype, name=name
        )
        return normalise(layer(x), name.removesuffix("_conv"))

    def depthwise(x, name: str, kernel: int, stride: int):
        layer = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=bias, name=name)
        return normalise(layer(x), name)

    def relu6(x, name: str):
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
    return Model(inputs, x, name="vgg16_base")


def vgg16_head(outputs: int, *, dropout: float = 0.5) -> keras.Model:
    """The first report's small head: dense 128, dropout, logits, over pooled VGG16 features.

    Returns:
        `(batch, 512)` to `(batch, outputs)` float32 logits.
    """
    from keras import Input, Model, layers

    inputs = Input((512,), name="pooled")
    x = layers.Dense(128, activation="relu", name="dense")(inputs)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(outputs, name="logits")(x)
    return Model(inputs, x, name="vgg16_head")


def monet_generator(
    *,
    filters: int = 32,
    blocks: int = 6,
    dtype: str = "float32",
    name: str = "monet_generator",
    normalisation: Callable[..., keras.Layer] | None = None,
) -> keras.Model:
    """Picture to picture: the generator of CycleGAN (Zhu et al., arXiv 1703.10593, section 7.1).

    Encoder, residual blocks, decoder, with instance normalisation. Three departures: the
    decoder enlarges by repeating pixels before it convolves, since transposed convolutions
    leave a checkerboard (Odena et al., Distill 2016); the network paints what is to change,
    and the picture is added at the end, so that it starts as the identity; and borders are
    filled with zeros, so pictures are to be reflected outwards before and cropped after.

    Args:
        normalisation: Makes the layers of instance normalisation from `name` and `dtype`, if
            not Keras's own are wanted; same variables, so weights fit either way.

    Returns:
        RGB 0..255 `(batch, height, width, 3)`, sides multiples of 4, to RGB -1..1 of the
        same shape, float32; values may lie a little outside.
    """
    from keras import Input, Model, layers

    # One group a channel is instance normalisation.
    normalise = normalisation or partial(layers.GroupNormalization, -1, epsilon=1e-5)

    def convolve(x, channels: int, name: str, *, kernel: int = 3, stride: int = 1, relu=True):
        x = layers.Conv2D(
            channels, kernel, stride, padding="same", use_bias=False, dtype=dtype, name=name
        )(x)
        x = normalise(name=f"{name}_norm", dtype=dtype)(x)
        return layers.ReLU(dtype=dtype, name=f"{name}_relu")(x) if relu else x

    inputs = Input((None, None, 3), name="rgb")
    picture = layers.Rescaling(1 / 127.5, offset=-1, dtype="float32", name="scale")(inputs)
    x = convolve(picture, filters, "stem", kernel=7)
    for level in (1, 2):
        x = convolve(x, filters * 2**level, f"down{level}", stride=2)
    for block in range(1, blocks + 1):
        shortcut = x
        x = convolve(x, filters * 4, f"block{block}_conv1")
        x = convolve(x, filters * 4, f"block{block}_conv2", relu=False)
        x = layers.Add(dtype=dtype, name=f"block{block}_add")([shortcut, x])
    for level in (1, 0):
        x = layers.UpSampling2D(dtype=dtype, name=f"up{level}_repeat")(x)
        x = convolve(x, filters * 2**level, f"up{level}")
    change = layers.Conv2D(
        3, 7, padding="same", kernel_initializer="zeros", dtype=dtype, name="change"
    )(x)
    painted = layers.Add(dtype="float32", name="painted")([picture, change])
    return Model(inputs, painted, name=name)
