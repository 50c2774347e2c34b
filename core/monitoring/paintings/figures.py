"""The figures of what is painted, by mode: time, patience, what is taken home, and losses.

No reference that ships could tell what is usual here: time is that of this machine, and losses
depend on the detail and the steps that its visitors choose. So the first paintings of a mode are
the reference for the latest (Kolmogorov-Smirnov, corrected as `core.monitoring.drift` does). What a
generator of Monets changes is compared with its evaluation, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
from scipy import stats

from core import models, monet
from core.images.types import Floats
from core.journal.paintings import Mode
from core.monitoring.drift import LEVEL, Signal
from core.monitoring.intervals import Interval, wilson
from core.monitoring.paintings.reading import FIRST, Paintings, read

MEASURES = {"seconds": "Seconds", "content_loss": "From the photo", "style_loss": "From the style"}


@dataclass(frozen=True)
class Spread:
    """A measure of paintings that nobody stopped.

    Attributes:
        median: Of those that were measured; so `most`.
        most: The 90th percentile.
        of: How many were measured.
        reference: The median of the first ones; None as long as there are no others.
        evaluated: What an evaluation of the network found, where that measured the same.
    """

    median: float
    most: float
    of: int
    reference: float | None
    evaluated: float | None


@dataclass(frozen=True)
class Figures:
    """What is known of the paintings of a mode.

    Attributes:
        mode: See `core.journal.paintings.Mode`.
        paintings: How many.
        stopped: Share that was stopped early.
        downloaded: Share that was taken home.
        spreads: Column to its spread, of `MEASURES` those that were measured.
        signals: The latest `FIRST` beside the first, once there are enough.
    """

    mode: str
    paintings: int
    stopped: Interval
    downloaded: Interval
    spreads: dict[str, Spread]
    signals: tuple[Signal, ...]


def figures() -> list[Figures]:
    """The figures of all modes in which anything was painted.

    Raises:
        core.database.DatabaseError: If the journal cannot be read.
    """
    return [of(found) for mode in get_args(Mode) if len(found := read(mode))]


def of(found: Paintings) -> Figures:
    """The figures of the paintings of a mode, at least one."""
    measured = {name: _measured(getattr(found, name)[~found.stopped]) for name in MEASURES}
    return Figures(
        mode=found.mode,
        paintings=len(found),
        stopped=wilson(int(found.stopped.sum()), len(found)),
        downloaded=wilson(int(found.downloaded.sum()), len(found)),
        spreads={
            name: Spread(
                median=float(np.median(values)),
                most=float(np.quantile(values, 0.9)),
                of=len(values),
                reference=float(np.median(values[:FIRST])) if len(values) > FIRST else None,
                evaluated=_evaluated(found.mode) if name == "content_loss" else None,
            )
            for name, values in measured.items()
            if len(values)
        },
        signals=_signals(measured),
    )


def _signals(measured: dict[str, Floats]) -> tuple[Signal, ...]:
    found = list(_tests(measured))
    if not found:
        return ()
    adjusted = stats.false_discovery_control([p for _, _, p in found])
    return tuple(
        Signal(name, distance, p, float(q), bool(q < LEVEL))
        for (name, distance, p), q in zip(found, adjusted, strict=True)
    )


def _tests(measured: dict[str, Floats]) -> Iterator[tuple[str, float, float]]:
    for name, values in measured.items():
        if len(values) < 2 * FIRST:
            continue
        tested = stats.ks_2samp(values[:FIRST], values[-FIRST:], method="asymp")
        yield MEASURES[name], float(tested.statistic), float(tested.pvalue)


def _measured(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _evaluated(mode: str) -> float | None:
    for direction, model in monet.MODELS.items():
        if direction == mode:
            change = models.get(model).figures.get("held_out", {}).get("change_l1")
            return None if change is None else float(change)
    return None
