"""A sample of pictures as a classifier saw them: what windows and references are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from core.identify import Observation, calibrated, known_score
from core.images.types import Floats
from core.models import Entry


@dataclass(frozen=True)
class Judged:
    """What a version makes of logits.

    Attributes:
        probabilities: `(n, artists)` calibrated, given that the artist is a known one.
        known_scores: `(n,)` 0..1, how much each looks like by a known artist; 1 if the model
            cannot tell.
        known: `(n,)` whether that was enough.
    """

    probabilities: Floats
    known_scores: Floats
    known: npt.NDArray[np.bool_]


def judged(entry: Entry, logits: Floats) -> Judged:
    """Reads `(n, artists + 1)` logits as the version of an entry does."""
    probabilities = calibrated(logits, entry.calibration)
    if entry.known is None:
        return Judged(probabilities, np.ones(len(logits), np.float32), np.ones(len(logits), bool))
    scores = known_score(logits, entry.known)
    return Judged(probabilities, scores, scores >= entry.known.threshold)


@dataclass(frozen=True)
class Sample:
    """Pictures, a row each.

    Attributes:
        probabilities: See `Judged`; so `known_scores` and `known`.
        projections: `(n, d)` float32, see `core.identify.Observation`; None if any lacks its own.
        brightness: `(n,)` 0..1.
        saturation: `(n,)` 0..1.
        aspect: `(n,)` width divided by height.
        side: `(n,)` longer side, pixels.
    """

    probabilities: Floats
    known_scores: Floats
    known: npt.NDArray[np.bool_]
    projections: Floats | None
    brightness: Floats
    saturation: Floats
    aspect: Floats
    side: Floats

    def __len__(self) -> int:
        return len(self.known)

    @property
    def outputs(self) -> int:
        """How many artists may be named."""
        return int(self.probabilities.shape[1])

    @cached_property
    def named(self) -> npt.NDArray[np.intp]:
        """`(n,)` number of the most probable artist."""
        found: npt.NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return found

    @cached_property
    def confidence(self) -> Floats:
        """`(n,)` probability of the most probable artist, 0..1."""
        found: Floats = self.probabilities.max(axis=1, initial=0)
        return found

    @cached_property
    def scalars(self) -> dict[str, Floats]:
        """Name of a signal to its `(n,)` values."""
        return {
            "Probability of the first name": self.confidence,
            "Looks like a known artist": self.known_scores,
            "Brightness": self.brightness,
            "Saturation": self.saturation,
            "Aspect ratio": self.aspect,
            "Longer side": self.side,
        }

    def __getitem__(self, rows: slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Sample:
        """Some of the rows."""
        some: dict[str, Any] = {}
        for each in fields(self):
            column = getattr(self, each.name)
            some[each.name] = None if column is None else column[rows]
        return Sample(**some)


def of_observations(entry: Entry, seen: Sequence[Observation]) -> Sample:
    """A sample of single observations; without projections if any lacks its own."""
    projections = [each.projection for each in seen if each.projection is not None]
    complete = bool(seen) and len(projections) == len(seen)
    logits = np.array([each.logits for each in seen], np.float32)
    columns: dict[str, Any] = {
        name: np.array([getattr(each, name) for each in seen], np.float32)
        for name in ("brightness", "saturation", "aspect", "side")
    }
    return Sample(
        **judged(entry, logits.reshape(len(seen), len(entry.artists) + 1)).__dict__,
        projections=np.stack(projections) if complete else None,
        **columns,
    )
