"""What a model in memory is to those who use it, whatever runs it.

LiteRT runs what ships, `core.models.litert_runtime`: a first answer takes a tenth of a second and
80 MB, where TensorFlow takes seconds and 600 MB to start. Keras runs what LiteRT cannot,
`core.models.keras_runtime`: networks that were not published as graphs, whose layers are taken
apart, or that are differentiated (trainings, refined style transfer).
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

    @property
    def runtime(self) -> str:
        """What runs it, with its version, for evaluation files."""

    def logits(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """Runs the classifier.

        Args:
            pictures: `(n, side, side, 3)` uint8, see `core.identify.squeeze`.

        Returns:
            `(n, entry.outputs)` float32 logits of the network itself, the mean over the model's
            views; `core.identify.taught` adds those of artists who were taught.
        """

    def answer(self, pictures: npt.NDArray[np.uint8]) -> tuple[Floats, Floats | None]:
        """What one run of the classifier gives: `logits`, and `features` if they cost nothing.

        Args:
            pictures: As for `logits`.

        Returns:
            As from `logits` and from `features`; None where those would take a run of their own.
        """

    def features(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """What the classifier knows of a painting before it names anybody.

        Args:
            pictures: As for `logits`.

        Returns:
            `(n, channels)` float32: the last convolutional map, averaged over its places and
            over the model's views.
        """

    def grad_cam(self, picture: Pixels, output: int) -> Floats:
        """Where a picture speaks for an output: Grad-CAM (arXiv 1610.02391).

        Args:
            picture: `(side, side, 3)` uint8, as for `logits`.
            output: Number of the logit.

        Returns:
            `(height, width)` float32, of the size of the last convolutional map; not negative.
        """
