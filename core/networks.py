"""Network architectures, as code. Weights are data and live in `assets/models`.

Every builder returns a Keras 3 functional model made of built-in layers only, so
it runs on any Keras backend and never needs a pickle or a Lambda layer. Inputs
are RGB in 0..255, `(batch, height, width, 3)`; each network does its own
normalisation. Layer names are stable: they are the keys of the weight files.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

# ResNet50, one row a stage: channels inside the bottleneck, blocks (He et al., arXiv 1512.03385).
_RESNET50_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))

# The small residual network, one row a stage: channels, blocks.
_SMALL_STAGES = ((32, 2), (64, 2), (128, 2), (256, 2))


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
    x = _flat(x, side)
    x = layers.Dense(units, activation="relu", dtype=dtype, name="dense")(x)
    x = layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    x = layers.Dense(outputs, dtype="float32", name="logits")(x)
    return Model(inputs, x, name="custom_cnn")


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

    def convolve(x, filters: int, name: str, *, kernel: int = 3, stride: int = 1):
        return _convolution(
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

    def relu(x, name: str):
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
    x = _flat(x, side)
    if units:
        x = layers.Dense(units, activation="relu", dtype=dtype, name="dense")(x)
    x = layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    x = layers.Dense(outputs, dtype="float32", name="logits")(x)
    return Model(inputs, x, name="small_resnet")


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

    def convolve(x, filters: int, name: str, *, kernel: int = 1, stride: int = 1, same=True):
        return _convolution(
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

    def relu(x, name: str):
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
    x = _dense_head(_flat(x, side), outputs, dense, dropout, normalisation, dtype)
    return Model(inputs, x, name="resnet50")


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

    def convolve(x, filters: int, name: str, *, kernel: int = 1, stride: int = 1):
        # Padded on both sides, where "same" would put the odd pixel on one.
        if kernel > 1 and stride > 1:
            x = layers.ZeroPadding2D(kernel // 2, dtype=dtype, name=f"{name}_pad")(x)
        return _convolution(
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

    def plain(x, filters: int, name: str, *, stride: int = 1):
        """A convolution that leads to an addition, without normalisation."""
        return layers.Conv2D(filters, 1, stride, use_bias=False, dtype=dtype, name=f"{name}_conv")(
            x
        )

    def relu(x, name: str):
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
    x = layers.Rescaling(100.0, dtype="float32", name="head_scale")(
        _flat(relu(x, "features"), side)
    )
    if not dense:
        x = own(name="head_bn", epsilon=1e-5, dtype="float32")(x)
    x = _dense_head(x, outputs, dense, dropout, normalisation, dtype)
    return Model(inputs, x, name="resnet50_v2")


def _convolution(
    x,
    filters: int,
    name: str,
    *,
    kernel: int,
    stride: int,
    normalisation: Callable[..., keras.Layer] | None,
    epsilon: float,
    same: bool = True,
    bias: bool = True,
    dtype: str,
):
    """`<name>_conv` and, in training, `<name>_bn`; folded, the convolution alone."""
    from keras import layers

    padding = "same" if same else "valid"
    layer = layers.Conv2D(
        filters, kernel, stride, padding=padding, use_bias=bias, dtype=dtype, name=f"{name}_conv"
    )
    x = layer(x)
    if normalisation is None:
        return x
    return normalisation(name=f"{name}_bn", epsilon=epsilon, dtype=dtype)(x)


def _flat(x, side: int | None):
    """The last map as one row of numbers a picture, float32: flattened if `side`, else its mean."""
    from keras import layers

    if side:
        return layers.Flatten(dtype="float32", name="flatten")(x)
    return layers.GlobalAveragePooling2D(dtype="float32", name="pool")(x)


def _dense_head(
    x,
    outputs: int,
    dense: Sequence[int],
    dropout: float,
    normalisation: Callable[..., keras.Layer] | None,
    dtype: str,
):
    """Dense layers `dense1`, `dense2` … with normalisation and ReLU, dropout, logits."""
    from keras import layers

    for number, units in enumerate(dense, start=1):
        name = f"dense{number}"
        x = layers.Dense(units, dtype=dtype, name=name)(x)
        if normalisation is not None:
            x = normalisation(name=f"{name}_bn", epsilon=1e-3, dtype="float32")(x)
        x = layers.ReLU(dtype="float32", name=f"{name}_relu")(x)
    if dropout:
        x = layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    return layers.Dense(outputs, dtype="float32", name="logits")(x)


# What `style_decoder` is given, one row a level from coarse to fine: the layer of VGG16, its
# channels, and about how large its activations are.
STYLE_LEVELS = (
    ("block4_conv1", 512, 400.0),
    ("block3_conv1", 256, 300.0),
    ("block2_conv1", 128, 150.0),
    ("block1_conv1", 64, 60.0),
)


def style_decoder(
    *, widths: Sequence[int] = (256, 128, 64, 32), hidden: int = 128, dtype: str = "float32"
) -> keras.Model:
    """Paints from feature maps of VGG16 that already have the statistics of a style.

    A decoder after Huang & Belongie (arXiv 1703.06868), with two departures. It sees the
    matched maps of four levels, not of the deepest only, so that fine forms survive. And the
    style itself scales and shifts its channels, as in Dumoulin et al. (arXiv 1610.07629), by
    what a small network makes of the style's moments (Ghiasi et al., arXiv 1705.06830).
    The maps are those of a photo at half its size, which makes a quarter of the work; the
    last level doubles it.

    Args:
        widths: Channels after each of the four levels.
        hidden: Units of the network that reads the style.
        dtype: Keras policy of all layers but the last.

    Returns:
        From the maps of `STYLE_LEVELS`, of 1/16, 1/8, 1/4 and 1/2 of the height and width, and
        the style, `(batch, 1920)`, see `core.stylize.instant.style_vector`, to a picture of
        full height and width, RGB about 0..255, `(batch, height, width, 3)` float32.
    """
    from keras import Input, Model, layers

    maps = [Input((None, None, channels), name=name) for name, channels, _ in STYLE_LEVELS]
    style = Input((2 * sum(channels for _, channels, _ in STYLE_LEVELS),), name="style")
    read = layers.Dense(hidden, "relu", dtype=dtype, name="style_read")(style)

    def conv(x: Any, filters: int, name: str) -> Any:
        return layers.Conv2D(filters, 3, padding="same", dtype=dtype, name=name)(x)

    def in_style(x: Any, name: str) -> Any:
        factors = layers.Dense(
            2 * x.shape[-1], kernel_initializer="zeros", dtype=dtype, name=f"{name}_style"
        )(read)
        factors = layers.Reshape((1, 1, -1), dtype=dtype)(factors)
        scale, shift = factors[..., : x.shape[-1]], factors[..., x.shape[-1] :]
        return layers.ReLU(dtype=dtype)(x + x * scale + shift)

    x: Any = None
    for level, (map_, (_, _, size)) in enumerate(zip(maps, STYLE_LEVELS, strict=True), start=1):
        seen = layers.Rescaling(1 / size, dtype=dtype)(map_)
        if x is None:
            x = in_style(conv(seen, widths[0], "level1_conv1"), "level1_conv1")
        else:
            width = x.shape[-1]
            seen = layers.Conv2D(width, 1, dtype=dtype, name=f"level{level}_skip")(seen)
            x = in_style(conv(x + seen, width, f"level{level}_conv1"), f"level{level}_conv1")
            x = in_style(conv(x, widths[level - 1], f"level{level}_conv2"), f"level{level}_conv2")
        x = layers.UpSampling2D(interpolation="nearest", dtype=dtype)(x)
    x = layers.ReLU(dtype=dtype)(conv(x, 24, "last_conv1"))
    change = layers.Conv2D(3, 3, padding="same", activation="tanh", dtype="float32", name="last")(x)
    # A little beyond black and white, which `tanh` only nears.
    return Model([*maps, style], layers.Rescaling(140.0, 127.5)(change), name="style_decoder")
