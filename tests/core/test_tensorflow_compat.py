"""The private names of TensorFlow: there, doing what we think, looked over with this version."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from core import tensorflow_compat
from core.settings import ROOT
from core.tensorflow_compat import fused_normalization, with_constant_weights


def test_the_names_were_looked_over_with_the_installed_version():
    assert tf.__version__ == tensorflow_compat.CHECKED_WITH, (
        "TensorFlow was changed: look the names in core/tensorflow_compat.py over, "
        "then write the new version there"
    )


def test_constant_weights_compute_the_same_and_do_not_change_any_more():
    weight = tf.Variable([2.0, 3.0])

    @tf.function(input_signature=[tf.TensorSpec((2,), tf.float32)])
    def scaled(x):
        return weight * x

    frozen = with_constant_weights(scaled.get_concrete_function())
    weight.assign([0.0, 0.0])
    np.testing.assert_array_equal(frozen(tf.constant([1.0, 10.0]))[0], [2.0, 30.0])


@pytest.mark.parametrize("own", [True, False])
def test_the_kernel_normalises_each_channel(own):
    rng = np.random.default_rng(0)
    maps = rng.normal(2, 3, (2, 5, 4, 3)).astype(np.float32)
    scale, offset, mean, variance = rng.uniform(0.5, 2, (4, 3)).astype(np.float32)
    if own:
        found = fused_normalization(tf.constant(maps), scale, offset, epsilon=1e-3)
        mean, variance = maps.mean((0, 1, 2)), maps.var((0, 1, 2))
        np.testing.assert_allclose(found[1], mean, rtol=1e-5)
    else:
        found = fused_normalization(
            tf.constant(maps), scale, offset, epsilon=1e-3, mean=mean, variance=variance
        )
    expected = scale * (maps - mean) / np.sqrt(variance + 1e-3) + offset
    np.testing.assert_allclose(found[0], expected, atol=1e-4)


def test_no_other_module_uses_such_names():
    own = Path(tensorflow_compat.__file__)
    modules = [p for room in ("core", "training", "pages") for p in (ROOT / room).rglob("*.py")]
    assert own in modules
    for path in modules:
        if path != own:
            assert not re.search(r"tensorflow\.python|raw_ops", path.read_text()), path
