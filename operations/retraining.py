"""Retraining by the calendar: whether it is time for a cycle, and with which new paintings.

Meant for a scheduler that asks often. Each cycle has a directory named by its day; its new
paintings are what was accepted so far, those of the cycle before included.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from core import models
from core.models import versions
from core.monitoring import traffic
from core.monitoring.report import report
from core.releases import rows
from operations import accepted
from operations.cycle import Asked, CycleError, Outcome, cycle, state, steps

NEW = "new"  # in the directory of a cycle

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Schedule:
    """What is asked for each time.

    Attributes:
        data: Directory of the paintings so far, whose test split is frozen.
        runs: Directory of all cycles.
        model: Id of the classifier.
        every: Days from one cycle to the next, unless pictures drift sooner.
        share: Of visitors, on whom a new version is tried out; None to promote it at once.
        photos: See `operations.cycle.Asked`.
    """

    data: Path
    runs: Path
    model: str
    every: float = 90.0
    share: float | None = 0.1
    photos: Path | None = None


def reason(of: Schedule, today: date | None = None) -> str | None:
    """Why a cycle is due, as a sentence; None if it is not.

    Raises:
        UnknownName: If there is no such model.
        core.database.DatabaseError: If the journal cannot be read.
        core.collection.CollectionError: If the data cannot.
    """
    found = _runs(of.runs)
    if not found:
        return "There was no cycle yet."
    if not _is_finished(found[-1]):
        if _is_overtaken(found[-1], of.model):
            return f"Since the cycle of {found[-1].name} began, another version has come to serve."
        if (name := _other(found[-1], of)) == state.DIVISION:
            return f"The data are not what the cycle of {found[-1].name} began with."
        if name:
            return f"The cycle of {found[-1].name} was stopped; now another {name} is asked for."
        return f"The cycle of {found[-1].name} was stopped, and goes on."
    passed = ((today or _today()) - date.fromisoformat(found[-1].name)).days
    if passed >= of.every:
        return f"The last cycle was {passed} days ago."
    # Not twice a day for the same drift; and most are asked of the model that is offered first.
    if passed and any(map(_has_drifted, {of.model, models.DEFAULT})):
        return "The pictures of late have drifted from those that were measured."
    return None


def retrain(
    of: Schedule, *, who: str, command: steps.Command = steps.run_command, today: date | None = None
) -> Outcome:
    """Goes through a cycle that is due, or on with the one that was stopped.

    Raises:
        accepted.NothingAccepted: If there are no new paintings; no directory is left then.
        CycleError: If today's cycle cannot go on: it has the directory that another would have.
        AtelierError: Otherwise as `operations.cycle.cycle`.
    """
    found = _runs(of.runs)
    if found and not _is_finished(found[-1]) and _goes_on(found[-1], of):
        run = found.pop()
    else:
        run = of.runs / (today or _today()).isoformat()
        if not _goes_on(run, of):
            raise CycleError(f"The cycle of {run.name} cannot go on: another begins tomorrow.")
    new = run / NEW
    if not (new / "index.csv").is_file():  # which is written last
        shutil.rmtree(new, ignore_errors=True)
        before = found[-1] if found else None
        accepted.write_out(
            new,
            [of.data],
            before=before / NEW if before else None,
            again=before is not None and not _is_finished(before),
        )
    return cycle(_asked(of, run), run, who=who, command=command)


def _asked(of: Schedule, run: Path) -> Asked:
    return Asked(of.data, run / NEW, of.model, of.share, photos=of.photos)


def _runs(directory: Path) -> list[Path]:
    """The directories of cycles, oldest first; one without its paintings was never begun."""
    return sorted(
        path.parent for path in directory.glob(f"*/{NEW}") if _DAY.fullmatch(path.parent.name)
    )


def _record(run: Path) -> dict[str, Any]:
    """What a cycle has noted; nothing if it has not begun, or of a damaged one."""
    try:
        found = json.loads((run / state.FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_finished(run: Path) -> bool:
    done = _record(run).get("steps", {})
    return "release" in done or any(step.get("refusals") for step in done.values())


def _goes_on(run: Path, of: Schedule) -> bool:
    """Whether what is asked for now can come of a directory; a finished cycle is no hindrance."""
    if _other(run, of):
        return False
    return _is_finished(run) or not _is_overtaken(run, of.model)


def _other(run: Path, of: Schedule) -> str | None:
    """What a cycle was asked for otherwise than it would be now; None if nothing."""
    before = _record(run).get("asked")
    return state.other(before, _asked(of, run).as_dict()) if before else None


def _is_overtaken(run: Path, model: str) -> bool:
    """Whether the version that a cycle compares with serves no longer, so that it cannot end."""
    record = _record(run)
    champion = record.get("steps", {}).get("begin", {}).get("champion")
    if champion is None or champion == rows.serving(model):
        return False
    # If it was killed once it had released, what serves now may be its own.
    own = record.get("id")
    return own is None or all(
        (row.evidence or {}).get("cycle") != own for row in rows.history(model)
    )


def _has_drifted(model: str) -> bool:
    serves = versions.find(model, rows.serving(model))
    windows = report(serves, traffic.read(model, like=serves)).windows
    return bool(windows) and windows[-1].is_alarm


def _today() -> date:
    return datetime.now(UTC).date()
