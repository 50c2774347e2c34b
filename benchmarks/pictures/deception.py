"""The deception rate: how often classifiers take painted photos for works of the painter.

Sanakoyeu et al., ECCV 2018 (arXiv 1807.10201), section 4.1. The judges are the classifiers that
ship. No way to paint was trained with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.pictures.intervals import share
from core import models
from core.identify import calibrated, view
from core.images.types import Pixels

JUDGES = ("efficientnet_lite0", "resnet50_improved")


def named(pictures: Sequence[Pixels], judge: str, batch: int = 16) -> list[str]:
    """The id of the artist whom a classifier names first for each picture of any size."""
    loaded = models.load(judge)
    found: list[str] = []
    for start in range(0, len(pictures), batch):
        seen = np.stack([view(each, loaded.entry) for each in pictures[start : start + batch]])
        best = calibrated(loaded.logits(seen), loaded.entry.calibration).argmax(1)
        found += [loaded.entry.artists[n] for n in best]
    return found


def rates(pictures: Sequence[Pixels], painters: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The share of pictures that each judge gives to their painter, by judge.

    Only painters whom the judge knows count. `by_painter` are the shares of each.
    """
    found = {}
    for judge in JUDGES:
        known = models.get(judge).artists
        asked = [n for n, painter in enumerate(painters) if painter in known]
        once = {id(pictures[n]): pictures[n] for n in asked}  # a photo is asked for every painter
        names = dict(zip(once, named(list(once.values()), judge), strict=True))
        right: dict[str, list[bool]] = {}
        for n in asked:
            right.setdefault(painters[n], []).append(names[id(pictures[n])] == painters[n])
        every = [each for some in right.values() for each in some]
        by_painter = {painter: round(float(np.mean(some)), 3) for painter, some in right.items()}
        found[judge] = share(sum(every), len(every)) | {"by_painter": by_painter}
    return found
