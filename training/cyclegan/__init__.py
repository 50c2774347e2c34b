"""Training of the generators between photos and Monets."""

from training.cyclegan.loop import train
from training.cyclegan.networks import generators, patch_discriminator
from training.cyclegan.options import SIDES, Options
from training.cyclegan.session import Pool
from training.cyclegan.updates import least_squares

__all__ = [
    "SIDES",
    "Options",
    "Pool",
    "generators",
    "least_squares",
    "patch_discriminator",
    "train",
]
