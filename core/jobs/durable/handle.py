"""The handle of a durable job: what is known of it, followed from any process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import and_, func, or_, select, update

from core import database
from core.errors import AtelierError
from core.jobs.durable import changes, tasks
from core.jobs.durable.rows import (
    PAYLOAD,
    PREVIEW,
    RESULT,
    STILL,
    BlobRow,
    EventRow,
    JobRow,
    Kind,
    now,
)
from core.jobs.durable.tasks import File, Result
from core.jobs.interface import State
from core.jobs.progress import Progress

FINISHED = (State.done, State.cancelled, State.failed)

_POLL = 0.2  # seconds between looks for something new


class JobFailed(AtelierError, RuntimeError):
    """A job that failed: its sentence, and its code in place of the one of this class."""

    code = "job-failed"

    def __init__(self, failure: Failure) -> None:
        """Says what the job says."""
        super().__init__(failure.sentence)
        self.code = failure.code


class ResultExpired(AtelierError, LookupError):
    """A result that was kept for its time, and then deleted."""

    code = "expired"


@dataclass(frozen=True)
class Failure:
    """Why a job failed, in a sentence for who asked and a code for programs."""

    sentence: str
    code: str


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        number: From 1 on, without a gap, whoever works on it.
        kind: A state that it has come to, or `progress`.
        data: What JSON can hold: of progress without pictures and curve; of `running`, whether it
            goes on from a checkpoint (`resumed`); of `failed`, `error` and `code`.
        time: Seconds since 1970.
    """

    number: int
    kind: Kind
    data: dict[str, Any]
    time: float

    @property
    def is_last(self) -> bool:
        """Whether the job has ended with it."""
        return self.kind in FINISHED


@dataclass(frozen=True)
class Outline:
    """What is known of a job at one moment, without its large parts. Times are since 1970.

    Attributes:
        attempts: How often a worker has taken it up.
        events: The number of the latest event.
        has_expired: Whether its pictures are not kept any more.
    """

    id: str
    task: str
    owner: str
    key: str | None
    state: State
    progress: Progress | None
    error: Failure | None
    created: float
    started: float | None
    finished: float | None
    expires: float | None
    attempts: int
    events: int

    @property
    def is_finished(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self.state in FINISHED

    @property
    def has_expired(self) -> bool:
        """Whether it is finished, and its pictures are deleted, or soon will be."""
        return self.finished is not None and (self.expires is None or self.expires < time.time())

    @classmethod
    def of(cls, row: JobRow) -> Outline:
        """That of a row."""
        return cls(
            id=row.id,
            task=row.task,
            owner=row.owner,
            key=row.key,
            state=State(row.state),
            progress=None if row.progress is None else Progress.model_validate(row.progress),
            error=None if row.error is None else Failure(row.error, row.error_code or "error"),
            created=row.created,
            started=row.started,
            finished=row.finished,
            expires=row.expires,
            attempts=row.attempt,
            events=row.events,
        )


class Handle:
    """A job as it is at the moment of each question, which is one query; for any thread.

    All methods raise `core.database.DatabaseError` if the database cannot be used.
    """

    def __init__(self, url: str, id: str) -> None:
        """Of a job that is there, see `core.jobs.durable.engine.DatabaseEngine`."""
        self.url, self.id = url, id

    def outline(self) -> Outline:
        """All that is known, of one moment."""
        with database.reading(self.url) as session:
            return Outline.of(session.scalars(select(JobRow).where(JobRow.id == self.id)).one())

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.outline().state

    @property
    def progress(self) -> Progress | None:
        """What was told last, without pictures; None before the first word."""
        return self.outline().progress

    @property
    def error(self) -> Failure | None:
        """Why it failed; None if it did not."""
        return self.outline().error

    @property
    def is_finished(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self.outline().is_finished

    @property
    def position(self) -> int:
        """How many jobs came before it and are not finished; 0 if it runs or is finished."""
        with database.reading(self.url) as session:
            job = session.scalars(select(JobRow).where(JobRow.id == self.id)).one()
            if job.state != State.waiting:
                return 0
            earlier = or_(
                JobRow.created < job.created,
                and_(JobRow.created == job.created, JobRow.id < job.id),
            )
            at_work = JobRow.state.in_([State.waiting.value, State.running.value])
            return session.scalars(select(func.count()).where(at_work, earlier)).one()

    def cancel(self) -> None:
        """Asks the work to stop. What it has done so far stays its result."""
        is_waiting = JobRow.state == State.waiting.value
        with database.writing(self.url) as session:
            never_began = is_waiting & (JobRow.attempt == 0)
            if changes.end(session, self.id, State.cancelled, never_began) is None:
                session.execute(update(JobRow).where(JobRow.id == self.id).values(cancel=True))

    def result(self, timeout: float | None = None) -> Result | None:
        """Waits for the end, and returns what the task returned; None if it never began.

        Raises:
            TimeoutError: If it takes longer than `timeout` seconds.
            JobFailed: If it failed.
            ResultExpired: If it is not kept any more.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while not (known := self.outline()).is_finished:
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"Job {self.id} is not finished")
            time.sleep(_POLL)
        if known.error is not None:
            raise JobFailed(known.error)
        file = None if known.has_expired else self._blob(RESULT)
        if file is not None:
            return tasks.registered(known.task).unpacked(file)
        if known.has_expired:
            raise ResultExpired("The result was kept for its time, and is deleted now.")
        return None

    def payload(self) -> BaseModel | None:
        """What its task is called with; None if it is not kept any more."""
        task, file = tasks.registered(self.outline().task), self._blob(PAYLOAD)
        return None if file is None else task.payload.model_validate_json(file.data)

    def preview(self) -> bytes | None:
        """The latest state as a small JPEG; None if there is none, or not any more."""
        return self._picture(PREVIEW)

    def still(self) -> bytes | None:
        """A larger JPEG, of when the scale last changed, likewise."""
        return self._picture(STILL)

    def events_after(self, number: int = 0, *, limit: int = 100) -> list[Event]:
        """The events that follow this one, at most so many, without waiting for any."""
        query = (
            select(EventRow)
            .where(EventRow.job_id == self.id, EventRow.number > number)
            .order_by(EventRow.number)
            .limit(limit)
        )
        with database.reading(self.url) as session:
            return [
                Event(row.number, row.kind, row.data, row.time)  # type: ignore[arg-type]
                for row in session.scalars(query)
            ]

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events that follow this one, as they happen, up to the one that ends the job."""
        while True:
            # In this order: else the last event might come between the two.
            is_finished = self.is_finished
            found = self.events_after(after)
            for event in found:
                after = event.number
                yield event
                if event.is_last:
                    return
            if not found:
                if is_finished:
                    return
                time.sleep(_POLL)

    def _picture(self, name: str) -> bytes | None:
        file = self._blob(name)
        return None if file is None else file.data

    def _blob(self, name: str) -> File | None:
        query = (
            select(BlobRow)
            .join(JobRow, JobRow.id == BlobRow.job_id)
            .where(BlobRow.job_id == self.id, BlobRow.name == name)
            .where(or_(JobRow.expires.is_(None), JobRow.expires > now()))
        )
        with database.reading(self.url) as session:
            row = session.scalar(query)
            return None if row is None else File(row.data, row.media_type)
