"""The networks of a CycleGAN: generators, discriminators and the frozen feature extractor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from core.hardware import compute_dtype
from core.models import architectures
from training.classifiers import pretrained
from training.classifiers.layers import instance_normalisation
from training.cyclegan.options import SIDES, Options

_FEATURES = ("block2_conv2", "block3_conv3", "block4_conv3")  # layers of the feature extractor


def generators(options: Options, *, shipped: bool = False) -> dict[str, keras.Model]:
    """The two generators by the side that they paint: `painting` turns photos into paintings.

    Args:
        shipped: As they are saved and used: in float32, of built-in layers only. Otherwise as
            they are trained, in the faster precision. Both have the same variables.
    """
    return {
        side: architectures.monet_generator(
            filters=options.filters,
            blocks=options.blocks,
            dtype="float32" if shipped else compute_dtype(),
            name=f"to_{side}",
            normalisation=None if shipped else instance_normalisation,
        )
        for side in SIDES
    }


def patch_discriminator(filters: int, dtype: str = "float32") -> keras.Model:
    """The PatchGAN discriminator: a logit for each receptive field of 70 x 70 pixels.

    Returns:
        RGB -1..1 `(batch, height, width, 3)` to logits `(batch, height / 8, width / 8, 1)`.
    """
    inputs = x = keras.Input((None, None, 3))
    for number, stride in enumerate((2, 2, 2, 1)):
        x = layers.Conv2D(
            filters * 2**number, 4, stride, padding="same", use_bias=number == 0, dtype=dtype
        )(x)
        if number:
            x = instance_normalisation(dtype=dtype)(x)
        x = layers.LeakyReLU(0.2, dtype=dtype)(x)
    x = layers.Conv2D(1, 4, padding="same", dtype="float32")(x)
    return keras.Model(inputs, x, name="patch_discriminator")


def feature_discriminator(channels: int, scale: float, width: int = 64) -> keras.Model:
    """A discriminator's head on one feature map: logits of the same height and width."""
    inputs = keras.Input((None, None, channels))
    x = layers.Rescaling(scale)(inputs)
    x = layers.SpectralNormalization(layers.Conv2D(width, 1))(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.SpectralNormalization(layers.Conv2D(width, 3, padding="same"))(x)
    x = layers.LeakyReLU(0.2)(x)
    return keras.Model(inputs, layers.Conv2D(1, 1)(x), name="feature_discriminator")


class Discriminator(keras.Model):
    """The discriminator of one side: from pictures to a list of logit maps."""

    def __init__(self, options: Options, extractor: keras.Model | None) -> None:
        super().__init__()
        self.options = options
        self.patches = patch_discriminator(options.judge_filters, compute_dtype())
        self.extractor = extractor
        self.heads = []
        if extractor is not None:
            # VGG's activations grow from layer to layer; about 1 suits a discriminator.
            scales = (1 / 200, 1 / 400, 1 / 400)
            for output, scale in zip(extractor.outputs, scales, strict=True):
                self.heads.append(feature_discriminator(output.shape[-1], scale))

    def call(self, pictures: Any, corner: Any, training: bool | None = None) -> list[Any]:
        """Logit maps of RGB -1..1 `(batch, height, width, 3)`.

        `corner`, `(2,)`, is the top and left of the window that VGG16 sees: it is the
        costliest of all, and a part will do.
        """
        logits = [self.patches(pictures, training=training)]
        if self.extractor is not None:
            start = ops.pad(corner, [[1, 1]])  # of batch, rows, columns, channels
            shape = (self.options.batch, self.options.window, self.options.window, 3)
            seen = ops.slice(pictures, start, shape)
            features = self.extractor((seen + 1) * 127.5, training=False)
            for head, map_ in zip(self.heads, features, strict=True):
                logits.append(head(ops.cast(map_, "float32"), training=training))
        return logits

    @property
    def learned(self) -> list[keras.Model]:
        """Its parts that learn."""
        return [self.patches, *self.heads]


def feature_extractor(weights: Path | None) -> keras.Model:
    """VGG16 up to the last layer of `_FEATURES`, frozen; RGB 0..255 to a list of maps."""
    base = pretrained.extractor("vgg16_base", weights)
    base.trainable = False
    return keras.Model(base.input, [base.get_layer(name).output for name in _FEATURES])
