"""What a model in memory is to those who use it, whatever runs it.

Keras runs all models today, `core.models.keras_runtime`. Another runtime, such as LiteRT,
provides `Loaded` for classifiers: logits, and the class activation maps that explain them. It
need not provide networks that paint or whose features are compared: those are taken apart
layer by layer (`core.monet.tiled` fixes their statistics, `core.stylize` reads their inner maps,
trainings differentiate them), so who needs them asks for `core.models.load_keras`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.images.types import Floats, Pixels
from core.models.entries import Entry


class Loaded(Protocol):
    """A classifier in memory, ready to be called from any thread."""

    @property
    def entry(self) -> Entry:
        """Its row of the catalogue."""

    def logits(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """Runs the classifier.

        Args:
            pictures: `(n, side, side, 3)` uint8, see `core.identify.squeeze`.

        Returns:
            `(n, artists + 1)` float32 logits, the mean over the model's views.
        """

    def grad_cam(self, picture: Pixels, output: int) -> Floats:
        """Where a picture speaks for an output: Grad-CAM (arXiv 1610.02391).

        Args:
            picture: `(side, side, 3)` uint8, as for `logits`.
            output: Number of the logit.

        Returns:
            `(height, width)` float32, of the size of the last convolutional map; not negative.
        """
