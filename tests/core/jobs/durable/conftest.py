"""What tests of durable jobs share: each runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from core import database
from core.jobs.durable import DatabaseEngine, Handle
from core.jobs.durable.rows import JobRow
from core.jobs.durable.worker import Worker

LIMIT = 60  # seconds; a test that needs them has failed


@pytest.fixture
def engine(any_database: str) -> DatabaseEngine:
    return DatabaseEngine(any_database)


@pytest.fixture
def work(engine: DatabaseEngine):
    """Works off everything that waits, in this thread."""

    def work(name: str = "worker") -> None:
        worker = Worker(engine, name)
        while worker.work_one(threading.Event()):
            pass

    return work


@pytest.fixture
def silence(engine: DatabaseEngine):
    """Has the lease of a job run out, as if its worker was dead."""

    def silence(job: Handle) -> None:
        with database.writing(engine.url) as session:
            session.execute(update(JobRow).where(JobRow.id == job.id).values(lease_until=0.0))

    return silence
