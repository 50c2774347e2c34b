"""The rows of jobs: outline and lease, events, and large parts in a table of their own.

Times are seconds since 1970 by the clock of the database, since leases are compared over machines.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from core.database import Base

Kind = Literal["waiting", "running", "progress", "done", "cancelled", "failed"]

PAYLOAD, RESULT, PREVIEW, STILL = "payload", "result", "preview", "still"
CHECKPOINT = "checkpoint"
PIECE = f"{CHECKPOINT}/"  # and the name of a piece


class JobRow(Base):
    """A job without its large parts, which SQLite would write again at every heartbeat.

    Attributes:
        owner: Whose it is; only they find it.
        key: What they call it; a second one of this name is the first.
        progress: The latest, without pictures.
        error: A sentence, if it failed; `error_code` is for programs.
        keep: Seconds after its end for which large parts and events are kept.
        expires: When they are deleted; None before its end.
        lease_owner: The worker that has it, until `lease_until`.
        attempt: How often it was taken up: a worker writes only while it is the one it knows.
        crashes: How often the lease ran out since there last was a new checkpoint.
        cancel: Whether it is to stop.
        events: The number of its latest event.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("owner", "key", name="jobs_owner_key"),
        Index("jobs_state", "state", "created"),
        Index("jobs_expires", "expires"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str]
    owner: Mapped[str]
    key: Mapped[str | None]
    state: Mapped[str]
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None]
    error_code: Mapped[str | None]
    created: Mapped[float] = mapped_column(Double)
    started: Mapped[float | None] = mapped_column(Double)
    finished: Mapped[float | None] = mapped_column(Double)
    keep: Mapped[float] = mapped_column(Double)
    expires: Mapped[float | None] = mapped_column(Double)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[float | None] = mapped_column(Double)
    heartbeat: Mapped[float | None] = mapped_column(Double)
    attempt: Mapped[int]
    crashes: Mapped[int]
    cancel: Mapped[bool]
    events: Mapped[int]


class EventRow(Base):
    """Something that happened to a job; numbers of a job begin at 1 and leave none out."""

    __tablename__ = "job_events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[float] = mapped_column(Double)
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class BlobRow(Base):
    """A large part of a job, deleted some time after its end."""

    __tablename__ = "job_blobs"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    data: Mapped[bytes]


class now(FunctionElement[float]):
    """The present moment by the clock of the database, as a function of SQL."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _of_sqlite(_element: now, _compiler: SQLCompiler, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _of_postgresql(_element: now, _compiler: SQLCompiler, **_: Any) -> str:
    return "extract(epoch FROM clock_timestamp())::double precision"
