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

from core import models
from core.models import versions
from core.monitoring import traffic
from core.monitoring.report import report
from core.releases import rows
from operations import accepted
from operations.cycle import Asked, Outcome, cycle, steps
from operations.cycle.state import FILE

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
    """
    found = _runs(of.runs)
    if not found:
        return "There was no cycle yet."
    if not _is_finished(found[-1]):
        if _is_overtaken(found[-1], of.model):
            return f"Since the cycle of {found[-1].name} began, another version has come to serve."
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
        AtelierError: Otherwise as `operations.cycle.cycle`.
    """
    found = _runs(of.runs)
    if found and not _is_finished(found[-1]) and not _is_overtaken(found[-1], of.model):
        run = found.pop()
    else:
        run = of.runs / (today or _today()).isoformat()
    new = run / NEW
    if not (new / "index.csv").is_file():  # which is written last
        shutil.rmtree(new, ignore_errors=True)
        accepted.write_out(new, [of.data], before=found[-1] / NEW if found else None)
    asked = Asked(of.data, new, of.model, of.share, photos=of.photos)
    return cycle(asked, run, who=who, command=command)


def _runs(directory: Path) -> list[Path]:
    """The directories of cycles, oldest first; one without its paintings was never begun."""
    return sorted(
        path.parent for path in directory.glob(f"*/{NEW}") if _DAY.fullmatch(path.parent.name)
    )


def _is_finished(run: Path) -> bool:
    try:
        done = json.loads((run / FILE).read_text(encoding="utf-8"))["steps"]
    except (OSError, ValueError, LookupError):
        return False
    return "release" in done or any(step.get("refusals") for step in done.values())


def _is_overtaken(run: Path, model: str) -> bool:
    """Whether the version that a cycle compares with serves no longer, so that it cannot end."""
    try:
        done = json.loads((run / FILE).read_text(encoding="utf-8"))["steps"]
        champion: str = done["begin"]["champion"]
    except (OSError, ValueError, LookupError):
        return False
    return champion != rows.serving(model)


def _has_drifted(model: str) -> bool:
    serves = versions.find(model, rows.serving(model))
    windows = report(serves, traffic.read(model, like=serves)).windows
    return bool(windows) and windows[-1].is_alarm


def _today() -> date:
    return datetime.now(UTC).date()
