"""The comparison of a new version with the one that serves, on the same paintings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from core.monitoring.intervals import Interval, is_not_worse, paired_difference, wilson
from operations.cycle.paintings import Answer, NothingToCompare

MARGIN = 0.015  # of accuracy, by which a new version may be worse at most, unless asked otherwise
CALIBRATION_MARGIN = 0.02  # likewise of the calibration error
_BINS = 15
_SAMPLES = 500


def compare(challenger: Sequence[Answer], champion: Sequence[Answer]) -> dict[str, Any]:
    """Figures of both on the paintings that both have answered.

    Returns:
        `paintings`, `accuracy` and `calibration_error` of both, the paired `difference` with its
        interval, `calibration_low` (2.5 % of the bootstrapped difference of calibration errors),
        and per artist `[paintings, champion, challenger, low]`, where `low` is the lower end of
        the champion's Wilson interval, at 95 % for all artists together (Bonferroni).

    Raises:
        NothingToCompare: If there are no such paintings.
    """
    by_file = {answer.file: answer for answer in champion}
    both = [(new, by_file[new.file]) for new in challenger if new.file in by_file]
    if not both:
        raise NothingToCompare("There is no painting that both versions have answered.")
    right = np.array([[new.right, old.right] for new, old in both], bool)
    sure = np.array([[new.probability, old.probability] for new, old in both], float)
    artists = np.array([new.artist for new, _ in both])
    names = np.unique(artists).tolist()
    per_artist = {}
    for name in names:
        mine = right[artists == name]
        interval = wilson(int(mine[:, 1].sum()), len(mine), confidence=1 - 0.05 / len(names))
        per_artist[name] = [len(mine), interval.share, float(mine[:, 0].mean()), interval.low]
    return {
        "paintings": len(both),
        "accuracy": _both(right.mean(axis=0)),
        "difference": asdict(paired_difference(right[:, 0], right[:, 1])),
        "calibration_error": _both(
            [calibration_error(sure[:, each], right[:, each]) for each in (0, 1)]
        ),
        "calibration_low": _calibration_low(sure, right),
        "artists": per_artist,
    }


def objections(
    frozen: dict[str, Any],
    newest: dict[str, Any] | None = None,
    everything: dict[str, Any] | None = None,
    margin: float = MARGIN,
) -> list[str]:
    """Why a challenger is not to take over, in sentences; none if it may.

    Args:
        frozen: From `compare`, on the frozen test split, both choosing of the artists that the
            champion knows: it must not be worse there.
        newest: On the new test paintings, if any: too few to show that it is not worse, so it is
            only refused where the whole interval lies below zero.
        everything: On the frozen and the new test paintings, each choosing of all that it knows:
            it must not be worse there, either.
        margin: Of accuracy, 0..1, by which it may be worse at most.
    """
    found = []
    if not is_not_worse(paired(frozen), margin):
        found.append(
            f"On the test split it may be more than {margin:.1%} less accurate: {shown(frozen)}."
        )
    if everything and not is_not_worse(paired(everything), margin):
        found.append(
            f"With the new test paintings it may be more than {margin:.1%} less accurate: "
            f"{shown(everything)}."
        )
    if newest and paired(newest).high < 0:
        found.append(f"It is less accurate on the new test paintings: {shown(newest)}.")
    error = frozen["calibration_error"]
    by = error["challenger"] - error["champion"]
    if by > CALIBRATION_MARGIN and frozen["calibration_low"] > 0:
        found.append(
            f"Its calibration error on the test split is {error['challenger']:.3f}, that of the "
            f"version that serves {error['champion']:.3f}."
        )
    for name, (count, old, new, low) in frozen["artists"].items():
        if new < low:
            found.append(
                f"It names {new:.0%} of {count} test paintings by {name} rightly, the version that "
                f"serves {old:.0%}, and below {low:.0%} is more than chance."
            )
    return found


def paired(figures: dict[str, Any]) -> Interval:
    """The difference of a comparison as an interval again."""
    return Interval(**figures["difference"])


def shown(figures: dict[str, Any]) -> str:
    """A difference in words."""
    interval, accuracy = paired(figures), figures["accuracy"]
    return (
        f"{accuracy['challenger']:.1%} against {accuracy['champion']:.1%} of {interval.of} "
        f"paintings, a difference of {interval.share:+.1%} ({interval.low:+.1%} to "
        f"{interval.high:+.1%})"
    )


def calibration_error(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """Mean gap between confidence and accuracy over 15 bins (Guo et al., arXiv 1706.04599).

    Args:
        sure: `(n,)` probability of the first name, 0..1.
        right: `(n,)` whether it was right.
    """
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=sure - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(sure))


def _calibration_low(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(_SAMPLES):
        rows = rng.integers(0, len(sure), len(sure))
        new, old = (calibration_error(sure[rows, each], right[rows, each]) for each in (0, 1))
        differences.append(new - old)
    return float(np.quantile(differences, 0.025))


def _both(values: Sequence[float] | npt.NDArray[np.float64]) -> dict[str, float]:
    return {"challenger": float(values[0]), "champion": float(values[1])}
