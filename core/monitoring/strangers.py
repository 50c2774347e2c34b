"""Groups of pictures that nobody knows: candidates for a new artist.

Pictures that a classifier takes for works of none of its artists are grouped by their projected
features, by average linkage of their angles, cut where pictures of one artist still hang together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from core.images.types import Floats

SMALLEST = 6  # pictures of a group that is worth a look
DISTANCE = 0.5  # one minus cosine, at which groups are cut
_MOST = 2000  # pictures, since all pairs are compared; the latest count


def groups(projections: Floats) -> list[npt.NDArray[np.intp]]:
    """Groups of alike pictures, largest first.

    Args:
        projections: `(n, d)` unit vectors of pictures by unknown artists, oldest first.

    Returns:
        Row numbers of each group of at least `SMALLEST`, those nearest to its middle first.
    """
    first = max(len(projections) - _MOST, 0)
    recent = projections[first:]
    if len(recent) < SMALLEST:
        return []
    labels = fcluster(linkage(recent, "average", metric="cosine"), DISTANCE, "distance")
    found = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) >= SMALLEST:
            middle = recent[rows].mean(axis=0)
            found.append(first + rows[np.argsort(-(recent[rows] @ middle), kind="stable")])
    return sorted(found, key=len, reverse=True)
