"""The watch over a version that is tried out: taken back when broken, promoted on evidence.

A challenger and the champion answer different visitors, dealt by chance. Whether the n-th visitor
of each who spoke called the name right makes a pair for `core.monitoring.sequential`: if both
versions are equally good, either of them is as often the only right one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from core import database
from core.journal import Failure
from core.models import versions
from core.monitoring import guard, traffic
from core.monitoring.guard import Limits
from core.monitoring.sequential import Comparison
from core.monitoring.traffic import Traffic
from core.releases import rows
from core.releases.rows import NothingToDo, Release
from core.settings import settings

WINDOW = 50  # answers of the challenger that are judged together
_BEFORE = 200  # answers of the champion that they are compared with
_NEW = timedelta(days=7)  # after its release, in which a champion is compared with the one before
WHO = "watch"  # who signs what it does


@dataclass(frozen=True)
class Standing:
    """How the version that came last does.

    Attributes:
        version: That is tried out, or that serves since it was released.
        against: The version that it is compared with.
        answers: How many it gave.
        comparison: By what visitors said.
        breaches: What is wrong with it, a sentence each.
        seen: Whether visitors see its answers; else it is a shadow.
    """

    version: str
    against: str
    answers: int
    comparison: Comparison
    breaches: tuple[str, ...]
    seen: bool = True

    @property
    def evidence(self) -> dict[str, Any]:
        """For the row of a release."""
        return {
            "against": self.against,
            "answers": self.answers,
            **asdict(self.comparison),
            "evidence": self.comparison.evidence,
            "breaches": list(self.breaches),
        }


def standing(model: str, limits: Limits | None = None) -> Standing | None:
    """How the version that came last does beside the one before; None if none came.

    Raises:
        UnknownName: If there is no such model.
        core.database.DatabaseError: If the journal cannot be read.
    """
    now = rows.current(model)
    ships = versions.shipped(model).id
    if now.challenger is not None:
        version, against = now.challenger.version, now.champion or ships
    elif now.champion is not None:
        version, against = now.champion, now.previous or ships
    else:
        return None
    since = _since(model, version)
    if now.challenger is not None and now.challenger.role == "shadow":
        one, other, answers = traffic.shadowed(model, version, since=since)
        failures = guard.Window(answers, _failed(model, version, since), 0, np.zeros(0))
        found = guard.breaches(failures, guard.Window(0, 0, 0, np.zeros(0)), limits)
        return Standing(version, against, answers, compared(one, other), found, seen=False)
    new = traffic.read(model, version, dealt=True, since=since)
    # A champion that was replaced answers no longer: then what it answered before counts.
    old = traffic.read(model, against, dealt=True, since=since if now.challenger else None)
    comparison = compared(_outcomes(new), _outcomes(old)) if now.challenger else Comparison()
    recent, before = new[-WINDOW:], old[-_BEFORE:]
    failed = _failed(model, version, _first(recent, since))
    if now.challenger is None and datetime.now(UTC).replace(tzinfo=None) - since > _NEW:
        # What it is shown by now is not what the one before was shown: only failures tell.
        before = before[:0]
        judged = guard.Window(len(recent), failed, 0, np.zeros(0))
    else:
        judged = guard.window(recent.sample, recent.seconds, failed)
    found = guard.breaches(judged, guard.window(before.sample, before.seconds), limits)
    return Standing(version, against, len(new), comparison, found)


def act(model: str, limits: Limits | None = None) -> Release | None:
    """Takes back what came last if it is broken or worse, promotes it if it is better.

    A shadow is taken back only: visitors, who agree with what they see, have not yet seen it.

    Returns:
        The row that was added, if any.

    Raises:
        UnknownName: If there is no such model.
        core.database.DatabaseError: If the journal cannot be read, or the row not be kept.
    """
    found = standing(model, limits)
    if found is None:
        return None
    verdict = found.comparison.verdict
    wins, losses = found.comparison.wins, found.comparison.losses
    step: Callable[..., Release]
    if found.breaches:
        step, reason = rows.rollback, " ".join(found.breaches)
    elif verdict == "worse":
        step, reason = rows.rollback, f"Visitors find it worse: {losses} to {wins} pairs."
    elif verdict == "better" and found.seen:
        step, reason = rows.promote, f"Visitors find it better: {wins} to {losses} pairs."
    else:
        return None
    try:
        return step(model, who=WHO, reason=reason, evidence=found.evidence, expected=found.version)
    except NothingToDo:  # somebody was quicker
        return None


def compared(challenger: npt.NDArray[np.bool_], champion: npt.NDArray[np.bool_]) -> Comparison:
    """Pairs the n-th outcomes of both; stops at the first verdict, as whoever looks would.

    Args:
        challenger: `(n,)` whether it was right, in order of time.
        champion: `(m,)` likewise.
    """
    found = Comparison()
    for one, other in zip(challenger.tolist(), champion.tolist(), strict=False):
        found = found.after(one, other)
        if found.verdict != "undecided":
            break
    return found


def _outcomes(of: Traffic) -> npt.NDArray[np.bool_]:
    return of.right[of.answered]


def _since(model: str, version: str) -> datetime:
    """When a version was last released or tried out: other shares go on with the same trial."""
    found = time.time()
    for row in rows.history(model):
        if row.version == version and row.role == "retired":
            break
        if row.version == version:
            found = row.time
            if row.role == "champion":
                break
    return datetime.fromtimestamp(found, UTC).replace(tzinfo=None)  # as the journal keeps it


def _first(of: Traffic, since: datetime) -> datetime:
    """The time of the first of some answers."""
    return max(since, of.times[0].item()) if len(of) else since


def _failed(model: str, version: str, since: datetime) -> int:
    query = select(func.count()).where(
        Failure.model == model, Failure.version == version, Failure.time >= since
    )
    with database.reading(settings().journal_url) as session:
        return session.scalar(query) or 0
