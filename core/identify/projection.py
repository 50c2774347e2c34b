"""Random projections of a classifier's features: the angles between paintings, in fewer numbers.

Signs of -1 and 1 keep them nearly (Achlioptas, Database-friendly random projections, 2003), and
need no file.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from core.images.types import Floats


def projected(features: Floats, dimension: int, *, seed: int) -> Floats:
    """Brings features `(channels,)` to `(dimension,)` float32 and to length 1.

    Args:
        seed: Vectors of different seeds cannot be compared.
    """
    row = features @ _signs(len(features), dimension, seed)
    found: Floats = row / max(float(np.linalg.norm(row)), 1e-12)
    return found


@cache
def _signs(channels: int, dimension: int, seed: int) -> Floats:
    """`(channels, dimension)` of -1 and 1, the same on every machine and for all times."""
    # Unlike those of a Generator, the raw numbers of a bit generator never change with NumPy.
    numbers = np.random.PCG64(seed).random_raw(-(-channels * dimension // 64))
    bits = np.unpackbits(numbers.astype("<u8").view(np.uint8))[: channels * dimension]
    return np.where(bits.reshape(channels, dimension), 1, -1).astype(np.float32)
