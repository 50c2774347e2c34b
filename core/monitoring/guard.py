"""The guard over a version that has just begun to answer: when it is to be taken back at once.

Evidence that a version is better takes hundreds of pictures; that it is broken shows in dozens:
it fails, it is slow, or it suddenly knows nobody (or everybody).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.monitoring.intervals import wilson
from core.monitoring.sample import Sample

LEAST = 20  # answers of a window that are judged
_CONFIDENCE = 0.999  # many windows are judged, and each may take a version back


@dataclass(frozen=True)
class Limits:
    """What a version may do.

    Attributes:
        failed: Share of requests that may fail, 0..1.
        slower: Times the champion's time that its own may take (median).
        unknown: By how much the share of pictures by unknown artists may differ from the
            champion's, 0..1.
    """

    failed: float = 0.02
    slower: float = 3.0
    unknown: float = 0.15


@dataclass(frozen=True)
class Window:
    """Answers of one version in a stretch of time.

    Attributes:
        answers: How many there were.
        failed: How many requests failed besides.
        unknown: How many answers said that the artist is none of the known ones.
        seconds: `(answers,)` for preprocessing and network.
    """

    answers: int
    failed: int
    unknown: int
    seconds: npt.NDArray[np.floating]


def window(sample: Sample, seconds: npt.NDArray[np.floating], failed: int = 0) -> Window:
    """The window of some pictures."""
    return Window(len(sample), failed, int((~sample.known).sum()), seconds)


def breaches(challenger: Window, champion: Window, limits: Limits | None = None) -> tuple[str, ...]:
    """What is wrong with a version beyond chance, a sentence each; nothing if all is well.

    Args:
        champion: Answers to other visitors at the same time, or before.
    """
    limits = limits or Limits()
    return tuple(
        sentence
        for sentence in (
            _failures(challenger, limits),
            _slowness(challenger, champion, limits),
            _strangeness(challenger, champion, limits),
        )
        if sentence
    )


def _failures(now: Window, limits: Limits) -> str | None:
    asked = now.answers + now.failed
    share = wilson(now.failed, asked, confidence=_CONFIDENCE)
    if now.failed and share.low > limits.failed:
        return f"{now.failed} of {asked} requests failed; {limits.failed:.0%} may."
    return None


def _slowness(now: Window, before: Window, limits: Limits) -> str | None:
    if min(now.answers, before.answers) < LEAST:
        return None
    one, other = float(np.median(now.seconds)), float(np.median(before.seconds))
    if one > limits.slower * other:
        return f"It takes {one:.3g} s a picture, and the champion {other:.3g} s."
    return None


def _strangeness(now: Window, before: Window, limits: Limits) -> str | None:
    if min(now.answers, before.answers) < LEAST:
        return None
    one = wilson(now.unknown, now.answers, confidence=_CONFIDENCE)
    other = wilson(before.unknown, before.answers, confidence=_CONFIDENCE)
    if one.low > other.high + limits.unknown or one.high < other.low - limits.unknown:
        return (
            f"It calls {one.share:.0%} of pictures works of unknown artists, the champion "
            f"{other.share:.0%}."
        )
    return None
