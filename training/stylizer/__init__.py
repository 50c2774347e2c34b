"""Training of the instant style and of the styles of artists."""

from training.stylizer.loop import STYLE_SIDE, Loss, describe, train
from training.stylizer.options import Options

__all__ = ["STYLE_SIDE", "Loss", "Options", "describe", "train"]
