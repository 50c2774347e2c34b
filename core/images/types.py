"""Names for arrays that hold pictures."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""A picture as it is shown: `(height, width, 3)` uint8 RGB in sRGB."""

Canvas: TypeAlias = npt.NDArray[np.float32]
"""A picture as it is worked on: `(height, width, 3)` float32 RGB, about 0..255."""

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
"""Numbers of any shape, which the docstring gives."""
