"""The table of releases, to which rows are only ever added, and the ways to add one."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import JSON, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import database
from core.errors import InvalidRequest
from core.releases import state
from core.releases.state import Challenger, Role, State
from core.settings import settings

if TYPE_CHECKING:
    from core.models import Entry

_LOCK = 0x72656C65617365  # in PostgreSQL; any number that nobody else locks by


class Release(database.Base):
    """What somebody made of a version of a model, see `core.releases.state.Role`."""

    __tablename__ = "releases"
    __table_args__ = (Index("releases_model", "model", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[float]  # seconds since 1970
    who: Mapped[str]
    model: Mapped[str]
    version: Mapped[str]
    role: Mapped[str]
    share: Mapped[float]
    reason: Mapped[str]
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {column.name: getattr(self, column.name) for column in self.__table__.columns}


class NothingToDo(InvalidRequest):
    """A change of what serves for which nothing is there, such as a promotion of nobody."""

    code = "nothing-to-release"


def release(
    model: str,
    version: str,
    *,
    who: str,
    reason: str = "",
    evidence: dict[str, Any] | None = None,
) -> Release:
    """Has a version serve everybody from now on.

    Args:
        who: Answers for it.
        evidence: On which it rests, as JSON.

    Returns:
        The row, which is on disk.

    Raises:
        UnknownName: If there is no such model, or version of it on this machine.
        InvalidRequest: If the model names no artists: only those have versions that serve.
        NothingToDo: If it serves already.
        core.models.WeightsError: If a file of it is missing or damaged.
        core.database.DatabaseError: If it could not be kept. So do all functions here.
    """
    _check(model, version)

    def row(now: State) -> Release:
        if _serving(model, now) == version and not now.challenger:
            raise NothingToDo(f"The version {version} of {model} serves already.")
        return _row(model, version, "champion", 1.0)

    return _append(model, row, who, reason, evidence)


def canary(
    model: str,
    version: str | None,
    share: float,
    *,
    who: str,
    reason: str = "",
    evidence: dict[str, Any] | None = None,
) -> Release:
    """Tries a version out on a share of visitors, or changes the share; otherwise as `release`.

    Args:
        version: None for the one that is tried out already.
        share: Of visitors, above 0, at most 1; 0 for a shadow, which nobody sees.
    """
    if not 0 <= share <= 1:
        raise InvalidRequest(f"A share is between 0 and 1, not {share:g}.")
    if version is not None:
        _check(model, version)

    def row(now: State) -> Release:
        chosen = version or (now.challenger.version if now.challenger else None)
        if chosen is None:
            raise NothingToDo(f"No version of {model} is tried out: say which one is to be.")
        if chosen == _serving(model, now):
            raise NothingToDo(f"The version {chosen} of {model} serves everybody already.")
        role: Literal["canary", "shadow"] = "canary" if share else "shadow"
        if now.challenger == Challenger(chosen, role, share):
            raise NothingToDo(f"The version {chosen} of {model} is tried out like that already.")
        return _row(model, chosen, role, share)

    return _append(model, row, who, reason, evidence)


def promote(
    model: str,
    *,
    who: str,
    reason: str = "",
    evidence: dict[str, Any] | None = None,
    expected: str | None = None,
) -> Release:
    """Has the version that is tried out serve everybody; otherwise as `release`.

    Args:
        expected: The version that is meant, if it may have been replaced meanwhile.

    Raises:
        NothingToDo: If none is, or another one.
    """

    def row(now: State) -> Release:
        if now.challenger is None:
            _entry(model)
            raise NothingToDo(f"No version of {model} is tried out, so none can be promoted.")
        _must_be(expected, now.challenger.version)
        _check(model, now.challenger.version)
        return _row(model, now.challenger.version, "champion", 1.0)

    return _append(model, row, who, reason, evidence)


def rollback(
    model: str,
    version: str | None = None,
    *,
    who: str,
    reason: str = "",
    evidence: dict[str, Any] | None = None,
    expected: str | None = None,
) -> Release:
    """Withdraws what came last: the version that is tried out, or else the one that serves.

    In place of the latter the one before serves again, and at last the one that ships. It needs
    no file, and works wherever the database does. Otherwise as `release`.

    Args:
        version: To be withdrawn in place of what came last, whether it is tried out, serves, or
            would serve again.
        expected: As for `promote`.

    Raises:
        NothingToDo: If the version that ships serves, what came last is not the one expected, or
            `version` is none of those.
    """

    def row(now: State) -> Release:
        if version is not None:
            if version not in (*now.champions, now.challenger and now.challenger.version):
                _entry(model)
                raise NothingToDo(
                    f"There is nothing to withdraw: {version} of {model} was not "
                    "released, or is withdrawn already."
                )
            return _row(model, version, "retired", 0.0)
        last = now.challenger.version if now.challenger else now.champion
        if last is None:
            _entry(model)
            raise NothingToDo(f"The version of {model} that ships serves: none is before it.")
        _must_be(expected, last)
        return _row(model, last, "retired", 0.0)

    return _append(model, row, who, reason, evidence)


def _must_be(expected: str | None, found: str) -> None:
    if expected not in (None, found):
        raise NothingToDo(f"The version {expected} was replaced by {found} meanwhile.")


def serving(model: str) -> str:
    """The version that serves: the champion, or the one that ships.

    Raises:
        UnknownName: If there is no such model.
        core.database.DatabaseError: If it cannot be read.
    """
    return _serving(model, current(model))


def history(model: str | None = None, *, limit: int | None = None) -> list[Release]:
    """The releases of a model, or of all, newest first."""
    query = select(Release).order_by(Release.id.desc()).limit(limit)
    if model is not None:
        query = query.where(Release.model == model)
    with database.reading(settings().journal_url) as rows:
        return list(rows.scalars(query))


def newest() -> int:
    """The number of the newest release, 0 for none: a look at one index."""
    with database.reading(settings().journal_url) as rows:
        return rows.scalar(select(func.max(Release.id))) or 0


def states() -> tuple[int, dict[str, State]]:
    """The number of the newest release, and the state of each model that was ever released."""
    by_model = defaultdict[str, list[Release]](list)
    found = history()[::-1]
    for row in found:
        by_model[row.model].append(row)
    number = found[-1].id if found else 0
    return number, {model: state.after(rows) for model, rows in by_model.items()}


def current(model: str) -> State:
    """The state of one model."""
    return state.after(history(model)[::-1])


# What is below imports models, with NumPy, only when it is called: no rollback waits for it.


def _entry(model: str) -> Entry:
    from core import models

    return models.get(model)


def _check(model: str, version: str) -> None:
    from core.models import versions

    if _entry(model).task != "identify":
        raise InvalidRequest(f"The model {model!r} names no artists: it serves as it ships.")
    versions.check(versions.find(model, version))


def _serving(model: str, now: State) -> str:
    from core.models import versions

    return now.champion or versions.shipped(model).id


def _row(model: str, version: str, role: Role, share: float) -> Release:
    return Release(model=model, version=version, role=role, share=share)


def _append(
    model: str,
    choose: Callable[[State], Release],
    who: str,
    reason: str,
    evidence: dict[str, Any] | None,
) -> Release:
    """Adds the row that is chosen by the state that it follows upon: one transaction."""
    with database.writing(settings().journal_url) as rows:
        _alone(rows)
        row = choose(state.after(_of(rows, model)))
        row.time, row.who, row.reason, row.evidence = time.time(), who, reason, evidence
        rows.add(row)
        rows.flush()
        rows.expunge(row)
        return row


def _of(rows: Session, model: str) -> Sequence[Release]:
    return rows.scalars(select(Release).where(Release.model == model).order_by(Release.id)).all()


def _alone(rows: Session) -> None:
    """Waits until nobody else appends; SQLite lets only one write anyway."""
    if rows.get_bind().dialect.name == "postgresql":
        rows.execute(select(func.pg_advisory_xact_lock(_LOCK)))
