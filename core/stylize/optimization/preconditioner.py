"""The preconditioner: which waves of a picture move first, before the curvature is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.images.types import Canvas, Floats

_CORNER = 4 / 400  # cycles a pixel: waves longer than a hundred pixels all count the same


@dataclass(frozen=True)
class Waves:
    """Divides a gradient by a power of the frequency, as in pictures themselves.

    A gradient by pixels is mostly fine noise, while pictures are mostly broad forms. Filtering
    it is the same as optimizing over coefficients of waves that are scaled so, and costs two
    cosine transforms; borders are mirrored.

    Attributes:
        power: 0 leaves a gradient as it is; 1 is the fall-off of photographs.
    """

    power: float = 1.0
    _factors: dict[tuple[int, int], Floats] = field(default_factory=dict, repr=False)

    def __call__(self, gradient: Canvas) -> Canvas:
        """Filters `(height, width, channels)` float32; symmetric and positive definite."""
        if not self.power:
            return gradient
        from scipy.fft import dctn, idctn

        factors = self._factor(gradient.shape[0], gradient.shape[1])
        waves = dctn(gradient, axes=(0, 1), norm="ortho", workers=2)
        filtered: Canvas = idctn(waves * factors, axes=(0, 1), norm="ortho", workers=2)
        return filtered

    def _factor(self, height: int, width: int) -> Floats:
        if (height, width) not in self._factors:
            down = np.arange(height)[:, None] / (2 * height)
            right = np.arange(width)[None] / (2 * width)
            fall = (_CORNER**2 + down**2 + right**2) ** (-self.power / 2)
            self._factors[height, width] = (fall / fall.mean()).astype(np.float32)[..., None]
        return self._factors[height, width]
