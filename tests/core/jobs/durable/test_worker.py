"""Workers: leaving, dying, stopping, and what is kept of the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from core.jobs import State
from core.jobs.durable import leases
from core.jobs.durable import worker as workers
from core.jobs.durable.worker import Worker
from core.settings import ROOT
from tests.durable_tasks import Count

LIMIT = 60  # seconds; a test that needs them has failed


def until(true) -> None:
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def start(engine, monkeypatch):
    """Starts a worker in a thread; gives the event that stops it."""
    running = []

    def start(name: str = "worker", lease: float | None = None) -> threading.Event:
        stop = threading.Event()
        thread = threading.Thread(target=Worker(engine, name, lease=lease).run, args=[stop])
        thread.start()
        running.append((stop, thread))
        return stop

    yield start
    for stop, thread in running:
        stop.set()
        thread.join(LIMIT)
        assert not thread.is_alive()


@pytest.fixture
def process(any_database):
    """Starts `python -m core work`."""
    running = []

    def start(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "core", "work", "--url", any_database, "--name", name]
        more = {"ATELIER_EXTENSIONS": "tests.durable_tasks", "ATELIER_JOB_LEASE": "1"}
        running.append(subprocess.Popen(command, cwd=ROOT, env=os.environ | more))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.wait()


def test_a_worker_that_leaves_gives_its_job_back_with_all_that_is_done(engine, start):
    job = engine.submit("test-count", Count(to=40, seconds=0.05))
    stop = start("one")
    until(lambda: job.progress is not None and job.progress.step > 5)
    stop.set()
    until(lambda: job.state is State.waiting)
    reached = job.progress.step
    start("two")
    assert job.result(LIMIT).numbers == list(range(1, 41))
    events = list(job.events())
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    steps = [event.data["step"] for event in events if event.kind == "progress"]
    assert steps == sorted(set(steps))  # nothing was done twice
    assert reached in steps
    assert [event.data for event in events if event.kind == "running"] == [
        {"attempt": 1, "resumed": False}, {"attempt": 2, "resumed": True},
    ]  # fmt: skip


def test_what_was_done_when_a_job_is_stopped_is_its_result(engine, start):
    job = engine.submit("test-count", Count(to=1000, seconds=0.05))
    start(lease=1.0)
    until(lambda: job.progress is not None)
    job.cancel()
    numbers = job.result(LIMIT).numbers
    assert job.state is State.cancelled
    assert numbers == list(range(1, len(numbers) + 1))
    assert 0 < len(numbers) < 1000
    assert job.progress.step == numbers[-1]


def test_a_job_that_is_stopped_while_it_lies_between_two_workers_keeps_what_it_has(engine, start):
    job = engine.submit("test-count", Count(to=1000, seconds=0.05))
    stop = start("one")
    until(lambda: job.progress is not None)
    stop.set()
    until(lambda: job.state is State.waiting)
    job.cancel()
    start("two", lease=0.5)
    numbers = job.result(LIMIT).numbers
    assert job.state is State.cancelled
    assert 0 < len(numbers) < 1000


def test_a_worker_that_lost_its_lease_stops_and_leaves_the_job_alone(engine, start, silence):
    job = engine.submit("test-count", Count(to=200, seconds=0.05))
    start("one", lease=2.0)
    until(lambda: job.progress is not None)
    silence(job)
    lease = leases.claim(engine.url, "two", ["test-count"], 60.0)
    if lease is None:  # it was renewed just before
        silence(job)
        lease = leases.claim(engine.url, "two", ["test-count"], 60.0)
    events = job.outline().events
    time.sleep(1.0)
    assert job.outline().events == events
    lease.finish(State.done, None, None, {})


def test_checkpoints_are_written_only_every_so_often(engine, start, monkeypatch):
    monkeypatch.setattr(workers, "CHECKPOINT_EVERY", 0.3)
    kept = []
    original = leases.Lease._keep
    monkeypatch.setattr(
        leases.Lease, "_keep",
        lambda self, session, reached: (kept.append(reached), original(self, session, reached)),
    )  # fmt: skip
    started = time.monotonic()
    job = engine.submit("test-count", Count(to=60, seconds=0.02))
    start()
    assert job.result(LIMIT).numbers == list(range(1, 61))
    assert 1 <= len(kept) <= (time.monotonic() - started) / 0.3


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_ends_is_survived_by_its_job(engine, process, how):
    job = engine.submit("test-count", Count(to=60, seconds=0.05))
    first = process("one")
    until(lambda: job.progress is not None and job.progress.step > 10)
    first.send_signal(how)
    assert first.wait(LIMIT) == (0 if how == signal.SIGTERM else -how)
    process("two")
    assert job.result(LIMIT).numbers == list(range(1, 61))
    events = list(job.events())
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert job.outline().attempts == 2


def test_a_database_that_fails_for_a_moment_ends_no_worker(engine, start, monkeypatch):
    from core import database

    failures = [database.DatabaseError("The database cannot be used just now.")] * 2
    original = leases.claim

    def claim(*arguments):
        if failures:
            raise failures.pop()
        return original(*arguments)

    monkeypatch.setattr(leases, "claim", claim)
    monkeypatch.setattr(workers, "_PAUSE", 0.05)
    job = engine.submit("test-count", Count(to=2))
    start()
    assert job.result(LIMIT).numbers == [1, 2]


def test_a_database_that_fails_often_is_not_taken_for_a_death(engine, monkeypatch):
    from core import database

    def fail(*_: object) -> None:
        raise database.DatabaseError("The database cannot be used just now.")

    job = engine.submit("test-count", Count(to=2))
    worker = Worker(engine, "worker", lease=0.2)
    with monkeypatch.context() as patch:
        patch.setattr(leases.Lease, "tell", fail)
        for _ in range(leases.MOST_CRASHES + 1):
            with pytest.raises(database.DatabaseError):
                worker.work_one(threading.Event())
            time.sleep(0.3)  # until its lease has run out
    assert worker.work_one(threading.Event())
    assert job.result(LIMIT).numbers == [1, 2]
