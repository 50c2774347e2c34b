"""The parts that several classifiers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras


def convolution(
    x: Any,
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
) -> Any:
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


def flat(x: Any, side: int | None) -> Any:
    """The last map as one row of numbers a picture, float32: flattened if `side`, else its mean."""
    from keras import layers

    if side:
        return layers.Flatten(dtype="float32", name="flatten")(x)
    return layers.GlobalAveragePooling2D(dtype="float32", name="pool")(x)


def dense_head(
    x: Any,
    outputs: int,
    dense: Sequence[int],
    dropout: float,
    normalisation: Callable[..., keras.Layer] | None,
    dtype: str,
) -> Any:
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
