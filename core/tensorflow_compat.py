"""TensorFlow: whether it is here, and its names that are private or below its interface.

The latter may go with any release: `tests/core/test_tensorflow_compat.py` fails when they do, and
whenever the version is another than the one that they were last looked over with.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from core.errors import AtelierError

CHECKED_WITH = "2.21.0"


class TensorFlowMissing(AtelierError, ImportError):
    """Something was asked for that only TensorFlow can do, and it is not installed."""

    code = "tensorflow-missing"


def is_installed() -> bool:
    """Whether TensorFlow and Keras can be imported. Imports neither."""
    return find_spec("tensorflow") is not None and find_spec("keras") is not None


def require(what: str) -> None:
    """To be called before TensorFlow is imported for something that nothing else can do.

    Args:
        what: The beginning of the sentence: what needs it.

    Raises:
        TensorFlowMissing: If it is not installed.
    """
    if not is_installed():
        raise TensorFlowMissing(
            f"{what} needs TensorFlow, which the lighter installation leaves out: "
            "pip install -r requirements.txt adds it."
        )


def with_constant_weights(function: Any) -> Any:
    """A concrete function with its variables made constants, which TensorFlow prepares once."""
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    return convert_variables_to_constants_v2(function)


def fused_normalization(
    maps: Any,
    scale: Any,
    offset: Any,
    *,
    epsilon: float,
    mean: Any = None,
    variance: Any = None,
) -> tuple[Any, Any, Any]:
    """Normalises each channel by one kernel, several times as fast on a CPU as single operations.

    Args:
        maps: `(batch, height, width, channels)`, float32, bfloat16 or float16.
        scale, offset: `(channels,)`; applied after the normalisation.
        epsilon: Added to the variance.
        mean, variance: `(channels,)` float32, to normalise with; those of the batch if None.

    Returns:
        The maps, and the mean and variance of the batch, or those given.
    """
    import tensorflow as tf

    empty = tf.constant([], tf.float32)
    outputs, found_mean, found_variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=maps,
        scale=tf.cast(scale, tf.float32),
        offset=tf.cast(offset, tf.float32),
        mean=empty if mean is None else mean,
        variance=empty if variance is None else variance,
        epsilon=epsilon,
        is_training=mean is None,
    )
    return outputs, found_mean, found_variance
