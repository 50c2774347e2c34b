"""Training of classifiers."""

from training.classifiers.loop import (
    architecture,
    build,
    build_shipped,
    labels,
    predict,
    train,
    validate,
)

__all__ = ["architecture", "build", "build_shipped", "labels", "predict", "train", "validate"]
