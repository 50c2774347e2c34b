"""Changes of a job's row, each of which is an event with the next number."""

from __future__ import annotations

import json
import math
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.jobs.durable.rows import CHECKPOINT, PIECE, BlobRow, EventRow, JobRow, Kind, now
from core.jobs.interface import State
from core.jobs.progress import Progress


def change(
    session: Session,
    job_id: str,
    kind: Kind,
    data: dict[str, Any],
    *conditions: ColumnElement[bool],
    **values: Any,
) -> JobRow | None:
    """Changes a row that meets conditions, and writes the event of it.

    The row is locked until the transaction ends, so that events are seen in their order.

    Args:
        session: In a writing transaction.
        data: Of the event.
        values: Of columns.

    Returns:
        The row as it now is; None if it does not meet the conditions, and nothing was changed.
    """
    changed = session.scalar(
        update(JobRow)
        .where(JobRow.id == job_id, *conditions)
        .values(events=JobRow.events + 1, **values)
        .returning(JobRow)
        .execution_options(populate_existing=True)
    )
    if changed is not None:
        session.add(
            EventRow(job_id=job_id, number=changed.events, time=now(), kind=kind, data=data)
        )
        session.flush()
    return changed


def end(
    session: Session,
    job_id: str,
    state: State,
    *conditions: ColumnElement[bool],
    error: str | None = None,
    code: str | None = None,
) -> JobRow | None:
    """Changes a row to how the job has ended, see `change`. Its checkpoint is deleted."""
    data = {} if error is None else {"error": error, "code": code}
    ended = change(
        session,
        job_id,
        state.value,
        data,
        *conditions,
        state=state.value,
        error=error,
        error_code=code,
        finished=now(),
        expires=now() + JobRow.keep,
        lease_owner=None,
        lease_until=None,
    )
    if ended is not None:
        is_checkpoint = (BlobRow.name == CHECKPOINT) | BlobRow.name.startswith(PIECE)
        session.execute(delete(BlobRow).where(BlobRow.job_id == job_id, is_checkpoint))
    return ended


def outlined(progress: Progress) -> dict[str, Any]:
    """Progress without pictures, as every database takes it: without what is not a number."""
    numbers = {name: loss for name, loss in progress.losses.items() if math.isfinite(loss)}
    curve = tuple(point for point in progress.curve if all(map(math.isfinite, point)))
    plain = progress.model_copy(update={"losses": numbers, "curve": curve})
    told: dict[str, Any] = json.loads(plain.model_dump_json(exclude={"preview", "still"}))
    return told


def store(session: Session, job_id: str, name: str, data: bytes, media_type: str) -> None:
    """Writes a large part in place of an earlier one of its name."""
    session.execute(delete(BlobRow).where(BlobRow.job_id == job_id, BlobRow.name == name))
    session.add(BlobRow(job_id=job_id, name=name, media_type=media_type, data=data))
    session.flush()
    session.expunge_all()  # nobody needs it here any more
