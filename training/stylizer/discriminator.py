"""The discriminator of the stylizer's training: whether a picture is by the hand of a style.

Gram matrices say how often things go together, and not how they look: strokes may be woven into a
lattice without moving them. A discriminator that reads the maps of the frozen VGG16 (projected GAN,
Sauer et al., arXiv 2111.01007) sees that, and costs little beside the network. It is told the style
in question (projection, Miyato & Koyama, arXiv 1802.05637), and learns from paintings under other
paintings' styles, too, that not any painting will do (Reed et al., arXiv 1605.05396).
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import tensorflow as tf
from keras import layers

from core.models import architectures

_WIDTH = 64  # channels of a head
_STYLE = 128  # units that read the style
_MISMATCHED = 0.5  # what a painting under another's style counts beside a painted photo


class Discriminator:
    """A head on each level of VGG16 that the decoder gets, and one reading of the style.

    Attributes:
        network: From the maps of `STYLE_LEVELS` and the style, `(batch, 1920)`, to a list of logit
            maps, `(batch, height, width, 1)`.
    """

    def __init__(self, learning_rate: float) -> None:
        levels = architectures.STYLE_LEVELS
        maps = [keras.Input((None, None, count), name=name) for name, count, _ in levels]
        channels = 2 * sum(count for _, count, _ in levels)
        style = keras.Input((channels,), name="style")
        read = layers.Dense(_STYLE, "relu")(style)
        logits = []
        for map_, (name, _, size) in zip(maps, levels, strict=True):
            x = layers.Rescaling(1 / size)(map_)
            if name == "block1_conv1":
                x = layers.AveragePooling2D(2)(x)  # the largest map, of the least that is new
            x = layers.SpectralNormalization(layers.Conv2D(_WIDTH, 1))(x)
            x = layers.LeakyReLU(0.2)(x)
            x = layers.SpectralNormalization(layers.Conv2D(_WIDTH, 3, padding="same"))(x)
            x = layers.LeakyReLU(0.2)(x)
            asked = layers.Reshape((1, 1, _WIDTH))(layers.Dense(_WIDTH)(read))
            fits = keras.ops.sum(x * asked, axis=-1, keepdims=True) / _WIDTH**0.5
            logits.append(layers.Conv2D(1, 1)(x) + fits)
        self.network = keras.Model([*maps, style], logits, name="style_discriminator")
        self.optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.99)
        self.optimizer.build(self.network.trainable_variables)

    def fooled(self, maps: Mapping[str, tf.Tensor], style: tf.Tensor) -> tf.Tensor:
        """What the decoder minimizes: less, the more its pictures pass for paintings.

        Args:
            maps: Of what was painted, by layer.
            style: The styles in question.
        """
        logits = self._logits(maps, style, training=False)
        return -tf.add_n([tf.reduce_mean(each) for each in logits]) / len(logits)

    def update(
        self, painted: Mapping[str, tf.Tensor], real: Mapping[str, tf.Tensor], style: tf.Tensor
    ) -> tf.Tensor:
        """One update of the discriminator by the hinge loss (Lim & Ye, arXiv 1705.02894).

        Args:
            painted: Maps of painted photos.
            real: Maps of parts of the paintings whose styles these are.
            style: The styles.

        Returns:
            The loss; 2 where it cannot tell anything.
        """
        painted, real = ({n: tf.stop_gradient(m) for n, m in of.items()} for of in (painted, real))
        another = tf.roll(style, 1, axis=0)
        fake = 1.0 / (1.0 + _MISMATCHED)
        with tf.GradientTape() as tape:
            terms = []
            for maps, told, sign, weight in (
                (real, style, -1.0, 1.0),
                (painted, style, 1.0, fake),
                (real, another, 1.0, fake * _MISMATCHED),
            ):
                for logit in self._logits(maps, told, training=True):
                    terms.append(weight * tf.reduce_mean(tf.nn.relu(1.0 + sign * logit)))
            loss = tf.add_n(terms) / len(architectures.STYLE_LEVELS)
        gradients = tape.gradient(loss, self.network.trainable_variables)
        self.optimizer.apply(gradients, self.network.trainable_variables)
        return loss

    def _logits(
        self, maps: Mapping[str, tf.Tensor], style: tf.Tensor, *, training: bool
    ) -> list[tf.Tensor]:
        levels = [maps[name] for name, *_ in architectures.STYLE_LEVELS]
        found: list[tf.Tensor] = self.network([*levels, style], training=training)
        return found
