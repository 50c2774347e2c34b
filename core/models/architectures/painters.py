"""Generators: photo to Monet and back, and the decoder of any style."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from core.models.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras


@register("paint", "monet_generator")
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

    def convolve(
        x: Any, channels: int, name: str, *, kernel: int = 3, stride: int = 1, relu: bool = True
    ) -> Any:
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


# What `style_decoder` is given, one row a level from coarse to fine: the layer of VGG16, its
# channels, and about how large its activations are.
STYLE_LEVELS = (
    ("block4_conv1", 512, 400.0),
    ("block3_conv1", 256, 300.0),
    ("block2_conv1", 128, 150.0),
    ("block1_conv1", 64, 60.0),
)


@register("stylize", "style_decoder")
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
        dtype: Keras policy of all layers but the last activation, which is float32.

    Returns:
        From the maps of `STYLE_LEVELS`, of 1/16, 1/8, 1/4 and 1/2 of the height and width and
        divided by their sizes, and the style, `(batch, 1920)`, see
        `core.stylize.instant.style_vector`, to a picture of full height and width, RGB about
        0..255, `(batch, height, width, 3)` float32.
    """
    from keras import Input, Model, layers

    from core.models.architectures.modulation import InStyle

    maps = [Input((None, None, channels), name=name) for name, channels, _ in STYLE_LEVELS]
    style = Input((2 * sum(channels for _, channels, _ in STYLE_LEVELS),), name="style")
    read = layers.Dense(hidden, "relu", dtype=dtype, name="style_read")(style)

    def conv(x: Any, filters: int, name: str) -> Any:
        return layers.Conv2D(filters, 3, padding="same", dtype=dtype, name=name)(x)

    def in_style(x: Any, name: str) -> Any:
        factors = layers.Dense(
            2 * x.shape[-1], kernel_initializer="zeros", dtype=dtype, name=f"{name}_style"
        )(read)
        return InStyle(dtype=dtype, name=f"{name}_modulated")(x, factors)

    x: Any = None
    for level, map_ in enumerate(maps, start=1):
        if x is None:
            x = in_style(conv(map_, widths[0], "level1_conv1"), "level1_conv1")
        else:
            width = x.shape[-1]
            seen = layers.Conv2D(width, 1, dtype=dtype, name=f"level{level}_skip")(map_)
            x = in_style(conv(x + seen, width, f"level{level}_conv1"), f"level{level}_conv1")
            x = in_style(conv(x, widths[level - 1], f"level{level}_conv2"), f"level{level}_conv2")
        x = layers.UpSampling2D(interpolation="nearest", dtype=dtype)(x)
    x = layers.ReLU(dtype=dtype)(conv(x, 24, "last_conv1"))
    change = layers.Conv2D(3, 3, padding="same", dtype=dtype, name="last")(x)
    change = layers.Activation("tanh", dtype="float32", name="change")(change)
    # A little beyond black and white, which `tanh` only nears.
    return Model([*maps, style], layers.Rescaling(140.0, 127.5)(change), name="style_decoder")
