"""Contours as a term of the loss: the Laplacian of the photo, so that faces stay faces.

After "Laplacian-Steered Neural Style Transfer" (Li et al., arXiv 1707.01253): deep features allow
an eye to move by a few pixels, the Laplacian of a slightly blurred picture does not. It reads
pixels only, so it knows nothing of networks or tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.images.types import Canvas, Floats
from core.stylize.objective.evaluation import Evaluate, Evaluation

POOL = 4
"""Pixels a side that are averaged first, as in the paper: finer than that are strokes."""

WEIGHT = 0.1
"""What the term counts where contours are to be kept."""

_FLAT = 1.0  # gray levels of a Laplacian that is taken for none


@dataclass(frozen=True, eq=False)
class Contours:
    """The term for one photo.

    Attributes:
        wanted: Laplacian of the photo, see `laplacian`.
    """

    wanted: Floats

    def distance(self, picture: Canvas) -> tuple[float, Canvas]:
        """How far a picture's contours are from the photo's: 0 for equals, 1 for none.

        Args:
            picture: `(height, width, 3)` RGB 0..255, as large as the photo.

        Returns:
            The squared difference as a share of the photo's energy, and its gradient, as large as
            the picture, float32.
        """
        rest = laplacian(picture) - self.wanted
        energy = float(np.square(self.wanted).sum()) + _FLAT**2 * self.wanted.size
        by_pooled = _less_around(np.pad(rest, 2)) * (2 / energy / POOL**2 / 3)
        by_pixel = by_pooled.repeat(POOL, axis=0).repeat(POOL, axis=1)
        gradient = np.zeros_like(picture, np.float32)
        gradient[: by_pixel.shape[0], : by_pixel.shape[1]] = by_pixel[..., None]
        return float(np.square(rest).sum()) / energy, gradient

    def beside(self, evaluate: Evaluate, weight: float) -> Evaluate:
        """A loss with this term added."""

        def both(picture: Canvas) -> Evaluation:
            found = evaluate(picture)
            distance, gradient = self.distance(picture)
            return replace(
                found,
                loss=found.loss + weight * distance,
                gradient=found.gradient + np.float32(weight) * gradient,
            )

        return both


def of(photo: Canvas) -> Contours | None:
    """The term for a photo; None for one that is too small to have contours."""
    least = 3 * POOL
    return Contours(laplacian(photo)) if min(photo.shape[:2]) >= least else None


def laplacian(picture: Canvas) -> Floats:
    """The discrete Laplacian of the mean of the channels, of blocks of `POOL` by `POOL` pixels.

    Returns:
        `(height // POOL - 2, width // POOL - 2)` float64, in gray levels.
    """
    height, width = (side // POOL for side in picture.shape[:2])
    gray = picture[: height * POOL, : width * POOL].mean(-1, dtype=np.float64)
    pooled = gray.reshape(height, POOL, width, POOL).mean((1, 3))
    return _less_around(pooled)


def _less_around(values: Floats) -> Floats:
    """Four times each value less its four neighbors; those at the border are left out."""
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    found: Floats = 4 * values[1:-1, 1:-1] - around
    return found
