"""Training of the generators between photos and Monets."""

from training.cyclegan.loop import (
    SIDES,
    Options,
    Pool,
    generators,
    least_squares,
    patch_judge,
    read_options,
    train,
)

__all__ = [
    "SIDES",
    "Options",
    "Pool",
    "generators",
    "least_squares",
    "patch_judge",
    "read_options",
    "train",
]
