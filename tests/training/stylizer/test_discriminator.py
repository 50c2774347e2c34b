"""The discriminator of the stylizer's training."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.models.architectures import STYLE_LEVELS
from training.stylizer.discriminator import Discriminator

Maps = dict[str, tf.Tensor]


def maps_of(rng: np.random.Generator, means: np.ndarray) -> Maps:
    """Maps of two pictures, whose first channel has the mean that is given, in sizes of a layer."""
    found = {}
    for level, (name, channels, size) in enumerate(STYLE_LEVELS):
        side = 4 * 2**level
        values = rng.normal(0, 1, (2, side, side, channels))
        values[..., : channels // 2] += means[:, None, None, None]
        found[name] = tf.constant(size * values, tf.float32)
    return found


@pytest.fixture
def styles() -> tf.Tensor:
    """Two styles, as the decoder reads them."""
    channels = 2 * sum(count for _, count, _ in STYLE_LEVELS)
    return tf.constant(np.sign(np.random.default_rng(1).normal(size=(2, channels))), tf.float32)


@pytest.mark.slow
def test_it_learns_which_pictures_are_of_a_style(styles):
    keras.utils.set_random_seed(1)
    discriminator, rng = Discriminator(5e-3), np.random.default_rng(2)
    update = tf.function(discriminator.update)
    own = np.array([2.0, -2.0])  # paintings of the one style are bright, of the other dark
    found = [float(update(maps_of(rng, np.zeros(2)), maps_of(rng, own), styles)) for _ in range(80)]
    assert found[0] == pytest.approx(2.0, abs=0.6)
    assert found[-1] < 0.5 * found[0]
    painted, real, swapped = (
        float(discriminator.fooled(maps_of(rng, means), styles))
        for means in (np.zeros(2), own, own[::-1])
    )
    assert real < painted  # what passes for a painting costs the decoder less
    assert real < swapped  # but not under another painting's style


def test_an_update_leaves_the_maps_alone_and_moves_its_own_weights(styles):
    keras.utils.set_random_seed(3)
    discriminator, rng = Discriminator(1e-3), np.random.default_rng(3)
    painted, real = maps_of(rng, np.zeros(2)), maps_of(rng, np.ones(2))
    before = [each.numpy() for each in discriminator.network.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(painted)
        loss = discriminator.update(painted, real, styles)
    assert set(tape.gradient(loss, painted).values()) == {None}
    after = discriminator.network.trainable_variables
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
