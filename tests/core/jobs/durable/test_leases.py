"""Leases: one worker a job, and none that writes what is not its own any more."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import select, update

from core import database
from core.jobs import Progress, State
from core.jobs.durable import Checkpoint, File
from core.jobs.durable.handle import Failure
from core.jobs.durable.leases import MOST_CRASHES, LeaseLost, claim
from core.jobs.durable.rows import CHECKPOINT, PIECE, BlobRow, JobRow
from tests.durable_tasks import Count

TASKS = ["test-count"]


def checkpoint(step: int, *pieces: int) -> Checkpoint:
    kept = {f"n{n}": {"n": np.arange(n)} for n in pieces}
    return Checkpoint({"step": step}, {"x": np.full(3, step, np.float32)}, kept)


def take(engine, name: str = "one", seconds: float = 60.0):
    return claim(engine.url, name, TASKS, seconds)


def test_a_job_is_taken_once(engine):
    job = engine.submit("test-count", Count(to=1, data=b"x"))
    lease = take(engine)
    assert (lease.id, lease.task, lease.worker, lease.attempt) == (job.id, "test-count", "one", 1)
    assert Count.model_validate_json(lease.payload) == Count(to=1, data=b"x")
    assert take(engine, "two") is None
    assert job.state is State.running


def test_a_worker_takes_only_what_it_can_do(engine):
    engine.submit("test-count", Count(to=1))
    assert claim(engine.url, "one", ["another"], 60.0) is None
    assert claim(engine.url, "one", [], 60.0) is None


def test_of_many_workers_at_once_each_gets_another_job(engine):
    jobs = {engine.submit("test-count", Count(to=1)).id for _ in range(12)}

    def take_all(name: str) -> list[str]:
        taken = []
        while (lease := take(engine, name)) is not None:
            taken.append(lease.id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = Counter(id for each in pool.map(take_all, "abcd") for id in each)
    # Who finds the oldest row locked may see none; it asks again a moment later.
    assert set(taken.values()) == {1}
    taken.update(take_all("e"))
    assert taken == dict.fromkeys(jobs, 1)


def test_a_silent_worker_s_job_goes_on_from_its_checkpoint(engine, silence):
    job = engine.submit("test-count", Count(to=9))
    first = take(engine)
    assert first.checkpoint() is None
    first.tell(Progress(step=3), {}, checkpoint(3, 1, 2, 3))
    silence(job)
    second = take(engine, "two")
    assert (second.id, second.attempt) == (job.id, 2)
    found = second.checkpoint()
    assert found.state == {"step": 3}
    assert found.arrays["x"].tolist() == [3, 3, 3]
    assert {name: each["n"].tolist() for name, each in found.pieces.items()} == {
        "n1": [0], "n2": [0, 1], "n3": [0, 1, 2],
    }  # fmt: skip
    kinds = [(event.number, event.kind) for event in job.events_after(0)]
    assert kinds == [(1, "waiting"), (2, "running"), (3, "progress"), (4, "running")]


@pytest.mark.parametrize("name", [CHECKPOINT, f"{PIECE}n2"])
def test_a_damaged_checkpoint_is_thrown_away_with_all_its_pieces(engine, silence, caplog, name):
    job = engine.submit("test-count", Count(to=9))
    take(engine).tell(Progress(step=3), {}, checkpoint(3, 1, 2, 3))
    with database.writing(engine.url) as session:
        session.execute(update(BlobRow).where(BlobRow.name == name).values(data=b"PK\3\4"))
    silence(job)
    lease = take(engine, "two")
    assert lease.checkpoint() is None
    assert "begins anew" in caplog.text
    lease.tell(Progress(step=1), {}, checkpoint(1, 1))
    assert set(lease.checkpoint().pieces) == {"n1"}
    silence(job)
    assert take(engine, "three").checkpoint().state == {"step": 1}
    assert job.events_after(3)[0].data == {"attempt": 2, "resumed": True}


def test_a_lease_that_is_renewed_holds(engine):
    engine.submit("test-count", Count(to=9))
    lease = take(engine, seconds=0.5)
    for _ in range(8):
        threading.Event().wait(0.1)
        assert lease.renew() is False
    assert take(engine, "two") is None
    threading.Event().wait(0.7)
    assert take(engine, "two").attempt == 2


@pytest.mark.parametrize("same_name", [False, True])
def test_who_comes_back_from_the_dead_writes_nothing(engine, silence, same_name):
    job = engine.submit("test-count", Count(to=9))
    stale = take(engine)
    stale.tell(Progress(step=1), {"preview": b"old"}, checkpoint(1, 1))
    silence(job)
    lease = take(engine, "one" if same_name else "two")
    before = job.outline()
    for write in (
        stale.renew,
        stale.give_back,
        lambda: stale.tell(Progress(step=5), {"preview": b"stale"}, checkpoint(5, 5)),
        lambda: stale.tell(None, {"preview": b"stale"}, checkpoint(5, 5)),
        lambda: stale.finish(State.done, File(b"stale", "x/y"), Progress(step=9), {}),
        lambda: stale.finish(State.done, File(b"stale", "x/y"), None, {}),
        lambda: stale.fail(Failure("stale", "stale")),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert job.outline() == before
    assert job.preview() == b"old"
    assert lease.checkpoint().state == {"step": 1}
    lease.finish(State.done, File(b"result", "x/y"), None, {})
    with pytest.raises(LeaseLost):
        lease.finish(State.done, File(b"again", "x/y"), None, {})
    with database.reading(engine.url) as rows:
        assert rows.scalar(select(BlobRow.data).where(BlobRow.name == "result")) == b"result"


def test_a_piece_is_written_once_and_forgotten_when_it_is_left_out(engine):
    engine.submit("test-count", Count(to=9))
    lease = take(engine)
    lease.tell(None, {}, checkpoint(1, 1, 2))
    # What keeps its name is taken to be what it was.
    other = {"n1": {"n": np.array([7])}, "n3": {"n": np.array([3])}}
    lease.tell(None, {}, Checkpoint({"step": 2}, {}, other))
    found = lease.checkpoint()
    assert {name: each["n"].tolist() for name, each in found.pieces.items()} == {
        "n1": [0], "n3": [3],
    }  # fmt: skip
    assert found.arrays == {}


def test_a_job_that_is_given_back_is_taken_at_once(engine):
    job = engine.submit("test-count", Count(to=9))
    assert engine.times_resumed() == 0
    take(engine).give_back()
    assert job.state is State.waiting
    assert engine.times_resumed() == 0
    assert take(engine, "two").attempt == 2
    assert engine.times_resumed() == 1


def test_a_job_that_ends_its_process_again_and_again_fails(engine, silence):
    job = engine.submit("test-count", Count(to=9))
    for attempt in range(1, MOST_CRASHES + 1):
        assert take(engine).attempt == attempt
        silence(job)
    assert take(engine) is None
    assert job.state is State.failed
    assert job.error.code == "worker-died"
    assert job.error.sentence.endswith(".")
    *_, last = job.events()
    assert last.kind == "failed"


def test_a_job_that_gets_on_may_end_its_process_as_often_as_it_will(engine, silence):
    job = engine.submit("test-count", Count(to=9))
    for attempt in range(1, 2 * MOST_CRASHES):
        lease = take(engine)
        assert lease.attempt == attempt
        lease.tell(None, {}, checkpoint(attempt))
        silence(job)
    assert job.state is State.running


def test_a_job_that_is_given_back_often_does_not_fail(engine):
    job = engine.submit("test-count", Count(to=9))
    for _ in range(2 * MOST_CRASHES):
        take(engine).give_back()
    assert job.state is State.waiting


def test_a_result_is_there_whole_when_the_end_is_told_or_not_at_all(engine, monkeypatch):
    from core.jobs.durable import changes

    job = engine.submit("test-count", Count(to=9))
    lease = take(engine)
    events = job.outline().events

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(changes, "end", broken)
        with pytest.raises(RuntimeError):
            lease.finish(State.done, File(b"result", "x/y"), Progress(step=9), {"preview": b"p"})
    assert job.outline().events == events
    assert job.preview() is None
    with database.reading(engine.url) as rows:
        assert rows.scalar(select(BlobRow.data).where(BlobRow.name == "result")) is None
        assert rows.scalars(select(JobRow.state)).one() == "running"
