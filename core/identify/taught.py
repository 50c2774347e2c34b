"""The logits of artists who were taught to a network that was trained already.

Each is linear in what is seen of a picture anyway: the network's logits and the projection of its
features. So the network, its weights and its graphs stay as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.identify.observation import Observation
from core.images.types import Floats
from core.models import Entry


def inputs(logits: Floats, projections: Floats) -> Floats:
    """What such a logit is linear in, `(n, outputs + d)`.

    Args:
        logits: `(n, outputs)` of the network itself.
        projections: `(n, d)`, see `Observation`.
    """
    found: Floats = np.concatenate([logits, projections], axis=1).astype(np.float32)
    return found


def own(logits: Floats, entry: Entry) -> Floats:
    """The network's own of `(n, artists + 1)` logits, without those of taught artists."""
    found: Floats = np.delete(logits, np.s_[entry.outputs - 1 : len(entry.artists)], axis=1)
    return found


def extended(seen: Observation, entry: Entry) -> Observation:
    """An observation with the logits of taught artists before that of "somebody else".

    Args:
        seen: With the network's own logits, and a projection if anybody was taught.
    """
    if not entry.taught:
        return seen
    assert seen.projection is not None, "taught by features, and there are none"
    given = inputs(seen.logits[None], seen.projection[None])[0]
    rows = np.array([each.weights for each in entry.taught], np.float32)
    added = rows @ given + np.array([each.intercept for each in entry.taught], np.float32)
    logits = np.concatenate([seen.logits[:-1], added, seen.logits[-1:]])
    return replace(seen, logits=logits)
