"""The report on a model at work: all that the Monitor page and `operations report` show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.models import Version, versions
from core.monitoring import drift, estimation, fairness, reference, strangers
from core.monitoring.drift import Signal
from core.monitoring.fairness import Group
from core.monitoring.intervals import Interval, wilson
from core.monitoring.traffic import Traffic

_WINDOWS = 60  # of the timeline, at most


@dataclass(frozen=True)
class Window:
    """Pictures that followed each other, `core.monitoring.drift.WINDOW` or so.

    Attributes:
        first: Time of the first of them, UTC.
        last: Time of the last.
        pictures: How many.
        unknown: Share that passed for works of unknown artists.
        visitors: Share of right first names as visitors said it, among what passed for known.
        estimated: The same by calibrated confidence.
        signals: What was compared with the reference; empty without one.
    """

    first: datetime
    last: datetime
    pictures: int
    unknown: Interval
    visitors: Interval
    estimated: Interval
    signals: tuple[Signal, ...]

    @property
    def is_alarm(self) -> bool:
        """Whether something has drifted."""
        return drift.is_alarm(self.signals)


@dataclass(frozen=True)
class Strangers:
    """Pictures of one kind that nobody knows.

    Attributes:
        pictures: How many.
        predictions: Their ids in the journal, the most typical first.
        nearest: Ids of the artists that most of them were nearest to.
    """

    pictures: int
    predictions: tuple[int, ...]
    nearest: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What is known of a model's answers.

    Attributes:
        pictures: How many answers were looked at.
        seconds: Median and 99th percentile of the time a picture took; nan without pictures.
        whole: All pictures as one window, compared with the reference in its latest part only.
        windows: The same pictures in stretches, oldest first.
        strangers: Groups among what passed for unknown.
        groups: Who is served how, see `core.monitoring.fairness`.
        confusions: Painter, name that was given, and how often visitors said so; no name where the
            picture passed for one by an unknown artist.
        expected_confusions: The same as calibrated probabilities expect it: mean number of times.
        has_reference: Whether drift could be measured.
    """

    pictures: int
    seconds: tuple[float, float]
    whole: Window | None
    windows: tuple[Window, ...]
    strangers: tuple[Strangers, ...]
    groups: tuple[Group, ...]
    confusions: tuple[tuple[str, str, int], ...]
    expected_confusions: tuple[tuple[str, str, float], ...]
    has_reference: bool


def report(version: Version, traffic: Traffic) -> Report:
    """Puts a report together.

    Of each window, what the version saw that answered most of it is compared with the reference of
    that version, whose evaluation says how well it is calibrated. Strangers are grouped among what
    versions with the weights of the one that serves saw.

    Args:
        version: That serves, also for what was kept before versions were.
        traffic: See `core.monitoring.traffic.read`.
    """
    here = {each.id: each for each in versions.listed(version.entry.id)}
    here |= {"": version, version.id: version}
    windows = tuple(
        _window(part, here.get(_most(part.versions), version))
        for part in (traffic[rows] for rows in _stretches(len(traffic)))
    )
    alike = [name for name, each in here.items() if each.entry.file == version.entry.file]
    times = np.quantile(traffic.seconds, [0.5, 0.99]) if len(traffic) else [np.nan, np.nan]
    whole = None
    if windows:
        latest = windows[-1]
        whole = replace(_window(traffic, version, compared=False), signals=latest.signals)
    return Report(
        pictures=len(traffic),
        seconds=(float(times[0]), float(times[1])),
        whole=whole,
        windows=windows,
        strangers=tuple(_strangers(traffic[np.isin(traffic.versions, alike)])),
        groups=tuple(fairness.groups(traffic)),
        confusions=tuple(fairness.confusions(traffic)),
        expected_confusions=tuple(_expected_confusions(traffic)),
        has_reference=reference.load(version.entry, version.directory) is not None,
    )


def _most(names: npt.NDArray[np.str_]) -> str:
    found, counts = np.unique(names, return_counts=True)
    return str(found[counts.argmax()])


def _stretches(n: int) -> list[slice]:
    """Windows of equal size; the newest is whole, what is over is left out of the oldest."""
    size = max(drift.WINDOW, -(-n // _WINDOWS))
    count = n // size
    if count == 0:
        return [slice(0, n)] if n else []
    first = n - count * size
    return [slice(first + k * size, first + (k + 1) * size) for k in range(count)]


def _window(traffic: Traffic, version: Version, *, compared: bool = True) -> Window:
    sample, spoken = traffic.sample, traffic.answered & traffic.sample.known
    first, last = traffic.times[[0, -1]].astype("datetime64[us]").tolist()
    error = float(version.entry.figures.get("test", {}).get("calibration_error", 0.0))
    frozen = reference.load(version.entry, version.directory) if compared else None
    own = sample[(traffic.versions == version.id) | (traffic.versions == "")]
    return Window(
        first=first,
        last=last,
        pictures=len(traffic),
        unknown=wilson(int((~sample.known).sum()), len(traffic)),
        visitors=wilson(int(traffic.right[spoken].sum()), int(spoken.sum())),
        estimated=estimation.accuracy(sample, calibration_error=error),
        signals=drift.compare(frozen.of_known, own) if frozen else (),
    )


def _strangers(traffic: Traffic) -> list[Strangers]:
    projections = traffic.sample.projections
    if projections is None:
        return []
    unknown = np.flatnonzero(~traffic.sample.known)
    _, once = np.unique(traffic.pictures[unknown], return_index=True)  # asked twice is one picture
    rows = unknown[np.sort(once)]
    named = traffic.named
    found = []
    for group in strangers.groups(projections[rows]):
        names, counts = np.unique(named[rows[group]], return_counts=True)
        nearest = names[np.argsort(-counts, kind="stable")][:3]
        ids = traffic.ids[rows[group]].tolist()
        found.append(Strangers(len(ids), tuple(ids), tuple(nearest.tolist())))
    return found


def _expected_confusions(traffic: Traffic, most: int = 10) -> list[tuple[str, str, float]]:
    matrix = estimation.confusion(traffic.sample)
    np.fill_diagonal(matrix, 0)
    ids = traffic.artists
    order = np.argsort(-matrix, axis=None, kind="stable")[:most]
    cells = zip(*np.unravel_index(order, matrix.shape), strict=True)
    found = [(ids[row], ids[column], float(matrix[row, column])) for row, column in cells]
    return [cell for cell in found if cell[2] > 0]
