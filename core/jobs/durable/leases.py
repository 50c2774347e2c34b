"""Leases: a worker's right to work on a job, and to write what comes of it.

A lease runs out unless it is renewed, and then another worker takes the job up from its
checkpoint. Each taking has a number (`attempt`, a fencing token): a worker that comes back from
the dead knows an old one, and none of its writes reaches a row.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core import database
from core.jobs import checkpoint
from core.jobs.checkpoint import Checkpoint
from core.jobs.durable import changes
from core.jobs.durable.handle import Failure
from core.jobs.durable.rows import CHECKPOINT, PAYLOAD, PIECE, RESULT, BlobRow, JobRow, now
from core.jobs.durable.tasks import File
from core.jobs.interface import State
from core.jobs.progress import Progress

log = logging.getLogger(__name__)

MOST_CRASHES = 5
"""So often a job may end its process without a new checkpoint between. Then it is the job's."""

_CRASHED = Failure(
    f"The process that did this work has ended before its time {MOST_CRASHES} times, perhaps "
    "because memory was short: try again, with a smaller picture or fewer rows.",
    "worker-died",
)
_JPEG, _NPZ = "image/jpeg", "application/x-npz"


class LeaseLost(Exception):
    """Another worker has the job now."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job. Its methods write only while it holds.

    All raise `LeaseLost` if it does not, and `core.database.DatabaseError`.

    Attributes:
        worker: Who has it.
        attempt: The number of this taking.
        seconds: How long it holds after it was renewed.
        payload: Of the task, as JSON.
    """

    url: str
    id: str
    task: str
    worker: str
    attempt: int
    seconds: float
    payload: bytes

    def renew(self) -> bool:
        """Holds on for as long again; whether the job is to stop."""
        with database.writing(self.url) as session:
            cancel: bool | None = session.scalar(
                update(JobRow)
                .where(JobRow.id == self.id, *self._holds())
                .values(lease_until=now() + self.seconds, heartbeat=now())
                .returning(JobRow.cancel)
            )
        if cancel is None:
            raise LeaseLost(self.id)
        return cancel

    def checkpoint(self) -> Checkpoint | None:
        """What an earlier worker has left to go on from; what is damaged is thrown away."""
        left = (
            BlobRow.job_id == self.id,
            or_(BlobRow.name == CHECKPOINT, BlobRow.name.startswith(PIECE)),
        )
        with database.reading(self.url) as session:
            query = select(BlobRow.name, BlobRow.data).where(*left)
            files: dict[str, bytes] = dict(session.execute(query).all())
        if (whole := files.pop(CHECKPOINT, None)) is None:
            return None
        try:
            arrays, state = checkpoint.unpacked(whole)
            pieces = {
                name.removeprefix(PIECE): checkpoint.unpacked(data)[0]
                for name, data in files.items()
            }
        except ValueError as error:
            log.warning("Job %s begins anew, as its checkpoint is damaged: %s", self.id, error)
            with database.writing(self.url) as session:
                self._tell(session, None, {})
                session.execute(delete(BlobRow).where(*left))
            return None
        return Checkpoint(state, arrays, pieces)

    def tell(
        self,
        progress: Progress | None,
        pictures: Mapping[str, bytes],
        reached: Checkpoint | None = None,
    ) -> None:
        """Writes how far the work is.

        Args:
            progress: An event of it; none if None.
            pictures: New ones, JPEG, by name.
            reached: A new checkpoint, if there is one.
        """
        with database.writing(self.url) as session:
            self._tell(session, progress, pictures)
            if reached is not None:
                self._keep(session, reached)

    def give_back(self) -> None:
        """Lets another worker go on from the last checkpoint, at once."""
        with database.writing(self.url) as session:
            self._checked(
                changes.change(
                    session,
                    self.id,
                    "waiting",
                    {},
                    *self._holds(),
                    state=State.waiting.value,
                    lease_owner=None,
                    lease_until=None,
                )
            )

    def finish(
        self,
        state: State,
        file: File | None,
        progress: Progress | None,
        pictures: Mapping[str, bytes],
    ) -> None:
        """Ends the job, done or cancelled, with what came of it: all at once, or nothing."""
        with database.writing(self.url) as session:
            self._tell(session, progress, pictures)
            if file is not None:
                changes.store(session, self.id, RESULT, file.data, file.media_type)
            self._checked(changes.end(session, self.id, state, *self._holds()))

    def fail(self, failure: Failure) -> None:
        """Ends the job that cannot be done."""
        with database.writing(self.url) as session:
            self._checked(
                changes.end(
                    session,
                    self.id,
                    State.failed,
                    *self._holds(),
                    error=failure.sentence,
                    code=failure.code,
                )
            )

    def _holds(self) -> tuple[ColumnElement[bool], ...]:
        return (
            JobRow.state == State.running.value,
            JobRow.lease_owner == self.worker,
            JobRow.attempt == self.attempt,
        )

    def _checked(self, row: JobRow | None) -> None:
        if row is None:
            raise LeaseLost(self.id)

    def _tell(
        self, session: Session, progress: Progress | None, pictures: Mapping[str, bytes]
    ) -> None:
        if progress is None:
            held = select(JobRow.id).where(JobRow.id == self.id, *self._holds()).with_for_update()
            if session.scalar(held) is None:
                raise LeaseLost(self.id)
        else:
            outline = changes.outlined(progress)
            # The curve grows, and whoever reads all events has it already.
            data = {name: value for name, value in outline.items() if name != "curve"}
            self._checked(
                changes.change(session, self.id, "progress", data, *self._holds(), progress=outline)
            )
        for name, picture in pictures.items():
            changes.store(session, self.id, name, picture, _JPEG)

    def _keep(self, session: Session, reached: Checkpoint) -> None:
        """In a transaction that holds the row. Pieces that are there already stay."""
        names = {PIECE + name: arrays for name, arrays in reached.pieces.items()}
        old = BlobRow.job_id == self.id, BlobRow.name.startswith(PIECE)
        session.execute(delete(BlobRow).where(*old, BlobRow.name.not_in(names)))
        there = set(session.scalars(select(BlobRow.name).where(*old)))
        for name in names.keys() - there:
            changes.store(session, self.id, name, checkpoint.packed(names[name]), _NPZ)
        whole = checkpoint.packed(reached.arrays, reached.state)
        changes.store(session, self.id, CHECKPOINT, whole, _NPZ)
        session.execute(update(JobRow).where(JobRow.id == self.id).values(crashes=0))


def claim(
    url: str, worker: str, known: Sequence[str], seconds: float, let_go: Container[str] = ()
) -> Lease | None:
    """Takes up the oldest job that waits, or whose worker is silent; None if there is none.

    Of several workers that ask at once, each gets another job. A job that has ended its process
    too often is failed instead.

    Args:
        worker: The name of who takes it, which nobody else has.
        known: Names of tasks that they can do.
        seconds: How long the lease holds unless it is renewed.
        let_go: Jobs whose lease this process let run out while it lived: none has crashed it.

    Raises:
        core.database.DatabaseError: If the database cannot be used.
    """
    is_silent = (JobRow.state == State.running.value) & (JobRow.lease_until < now())
    free = (
        select(JobRow)
        .where(JobRow.task.in_(known), or_(JobRow.state == State.waiting.value, is_silent))
        .order_by(JobRow.created, JobRow.id)
        .limit(1)
    )
    with database.reading(url) as session:
        if session.scalar(free) is None:  # without waiting for who writes
            return None
    with database.writing(url) as session:
        row = session.scalar(free.with_for_update(skip_locked=True))
        if row is None:
            return None
        crashed = row.state == State.running and row.id not in let_go
        if crashed and row.crashes + 1 >= MOST_CRASHES:
            log.warning("Job %s has ended its process %s times", row.id, MOST_CRASHES)
            changes.end(session, row.id, State.failed, error=_CRASHED.sentence, code=_CRASHED.code)
            return None
        begun = BlobRow.job_id == row.id, BlobRow.name == CHECKPOINT
        resumed = session.scalar(select(BlobRow.name).where(*begun)) is not None
        if crashed:
            log.warning("Job %s: worker %s is silent", row.id, row.lease_owner)
        taken = changes.change(
            session,
            row.id,
            "running",
            {"attempt": row.attempt + 1, "resumed": resumed},
            state=State.running.value,
            started=row.started or now(),
            lease_owner=worker,
            lease_until=now() + seconds,
            heartbeat=now(),
            attempt=row.attempt + 1,
            crashes=row.crashes + crashed,
        )
        assert taken is not None, "the row is locked"
        payload = BlobRow.job_id == taken.id, BlobRow.name == PAYLOAD
        return Lease(
            url=url,
            id=taken.id,
            task=taken.task,
            worker=worker,
            attempt=taken.attempt,
            seconds=seconds,
            payload=session.scalars(select(BlobRow.data).where(*payload)).one(),
        )
