"""The database engine: submits jobs as rows, and finds them again, in any process."""

from __future__ import annotations

import uuid

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from core import database
from core.errors import InvalidRequest
from core.jobs.durable import tasks
from core.jobs.durable.handle import Handle, Outline
from core.jobs.durable.rows import PAYLOAD, BlobRow, EventRow, JobRow, now
from core.jobs.interface import State
from core.settings import settings

WORK = (State.waiting, State.running)


class DatabaseEngine:
    """Jobs as rows of a database. Who works them off is `core.jobs.durable.worker`, anywhere.

    All methods raise `core.database.DatabaseError` if the database cannot be used.
    """

    def __init__(self, url: str | None = None) -> None:
        """Opens nothing yet.

        Args:
            url: Of SQLite or PostgreSQL, as SQLAlchemy spells it; that of the journal if None.
        """
        self.url = url or settings().journal_url

    def submit(
        self,
        task: str,
        payload: BaseModel,
        *,
        key: str | None = None,
        owner: str = "",
        expires: float | None = None,
    ) -> Handle:
        """Puts work into the queue; if the owner has a job of this key already, gives that one.

        A key is free again when its job has expired: nobody could tell any more what it was for.

        Args:
            task: The name of a durable task.
            payload: What it is called with.
            key: Tells a request that is sent again (idempotency key); never the same if None.
            owner: Whose it is.
            expires: Seconds after its end for which its pictures are kept; `ATELIER_JOB_HOURS`
                if None.

        Raises:
            UnknownName: If there is no such task.
            InvalidRequest: If the payload is not what the task is called with.
        """
        known = tasks.registered(task)
        if not isinstance(payload, known.payload):
            raise InvalidRequest(f"{task} takes a {known.payload.__name__}.")
        job = JobRow(
            id=uuid.uuid4().hex,
            task=task,
            owner=owner,
            key=key,
            state=State.waiting.value,
            created=now(),
            keep=settings().job_hours * 3600 if expires is None else expires,
            attempt=0,
            crashes=0,
            cancel=False,
            events=1,
        )
        data = payload.model_dump_json().encode()
        with database.writing(self.url) as session:
            of_key = _of_key(key, owner)
            earlier = select(JobRow.id).where(of_key)
            if key is not None:
                session.execute(update(JobRow).where(of_key, _has_expired()).values(key=None))
                if (found := session.scalar(earlier)) is not None:
                    return Handle(self.url, found)
            try:
                with session.begin_nested():
                    session.add(job)
                    session.flush()
            except IntegrityError:  # somebody else has just done so
                return Handle(self.url, session.scalars(earlier).one())
            session.add(EventRow(job_id=job.id, number=1, time=now(), kind="waiting", data={}))
            session.add(
                BlobRow(job_id=job.id, name=PAYLOAD, media_type="application/json", data=data)
            )
            return Handle(self.url, job.id)

    def sent(self, key: str, owner: str = "") -> Handle | None:
        """The job that this owner has sent with that key; None if there is none any more."""
        with database.reading(self.url) as session:
            query = select(JobRow.id).where(_of_key(key, owner), ~_has_expired())
            known = session.scalar(query)
        return None if known is None else Handle(self.url, known)

    def find(self, id: str, owner: str = "") -> Handle | None:
        """A job of this owner, finished or not; None if they have none of this id."""
        with database.reading(self.url) as session:
            known = session.scalar(select(JobRow.id).where(JobRow.id == id, JobRow.owner == owner))
        return None if known is None else Handle(self.url, known)

    def outlines(
        self, owner: str = "", states: tuple[State, ...] = tuple(State), *, limit: int = 100
    ) -> list[Outline]:
        """The latest jobs of an owner, newest first."""
        query = (
            select(JobRow)
            .where(JobRow.owner == owner, JobRow.state.in_([state.value for state in states]))
            .order_by(JobRow.created.desc(), JobRow.id.desc())
            .limit(limit)
        )
        with database.reading(self.url) as session:
            return [Outline.of(row) for row in session.scalars(query)]

    def count(self, states: tuple[State, ...] = WORK, *, owner: str | None = None) -> int:
        """How many jobs are in these states: waiting or running, if nothing is said.

        Args:
            owner: Whose; all if None.
        """
        query = select(func.count()).where(JobRow.state.in_([state.value for state in states]))
        if owner is not None:
            query = query.where(JobRow.owner == owner)
        with database.reading(self.url) as session:
            return session.scalars(query).one()

    def counts(self) -> dict[State, int]:
        """How many jobs are in each state."""
        query = select(JobRow.state, func.count()).group_by(JobRow.state)
        with database.reading(self.url) as session:
            found = {State(state): count for state, count in session.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def times_resumed(self) -> int:
        """How often a job was taken up again: its worker died, or gave it back when it ended."""
        query = select(func.coalesce(func.sum(JobRow.attempt - 1), 0)).where(JobRow.attempt > 1)
        with database.reading(self.url) as session:
            return int(session.scalars(query).one())

    def sweep(self) -> int:
        """Deletes pictures and events of jobs whose time is over, but their last event.

        Their keys are free again, since what they were for is deleted too.

        Returns:
            Of how many jobs.
        """
        old = select(JobRow.id).where(JobRow.expires < now()).order_by(JobRow.expires).limit(100)
        with database.reading(self.url) as session:
            if not (ids := list(session.scalars(old))):  # without waiting for who writes
                return 0
        last = select(JobRow.events).where(JobRow.id == EventRow.job_id).scalar_subquery()
        older = EventRow.job_id.in_(ids), EventRow.number < last
        with database.writing(self.url) as session:
            session.execute(delete(BlobRow).where(BlobRow.job_id.in_(ids)))
            session.execute(delete(EventRow).where(*older))
            over = update(JobRow).where(JobRow.id.in_(ids))
            session.execute(over.values(expires=None, key=None))
        return len(ids)


def _of_key(key: str | None, owner: str) -> ColumnElement[bool]:
    """Whether it is the job that an owner has sent with a key."""
    return and_(JobRow.owner == owner, JobRow.key == key)


def _has_expired() -> ColumnElement[bool]:
    """As `Outline.has_expired`, for queries; so are rows whose key an earlier sweep has left."""
    return and_(
        JobRow.finished.is_not(None), or_(JobRow.expires.is_(None), JobRow.expires <= now())
    )
