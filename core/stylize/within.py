"""One region as refine paints it: alone, with all else as it stands around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.images.types import Canvas, Floats
from core.stylize.objective.evaluation import Evaluate, Evaluation


@dataclass(frozen=True, eq=False)
class Within:
    """A region of a picture at one scale; arrays are as large as the whole picture.

    Attributes:
        mask: Where it is: what of the picture is compared, `(height, width)` float32, 0..1.
        opacity: What it has in each pixel, `(height, width)` float32, 0..1.
        around: All other regions and the photo, times what they have in each pixel.
        box: The part of the picture that is looked at.
    """

    mask: Floats
    opacity: Floats
    around: Canvas
    box: tuple[slice, slice]

    def inside(self, evaluate: Evaluate) -> Evaluate:
        """The loss of the picture that the region makes together with all else.

        Args:
            evaluate: Of the part of the picture in `box`.

        Returns:
            From the region alone, as large as `box`, to its evaluation: what is covered has no
            gradient, so that nothing is painted beyond the soft border.
        """
        opacity, around = self.opacity[self.box][..., None], self.around[self.box]

        def inside(picture: Canvas) -> Evaluation:
            found = evaluate(around + opacity * picture)
            return replace(found, gradient=(found.gradient * opacity).astype(np.float32))

        return inside
