"""Jobs as rows: submitted once, found by their owner, followed, stopped, and forgotten in time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from core import database
from core.errors import InvalidRequest, UnknownName
from core.jobs import State
from core.jobs.durable import DatabaseEngine, File, JobFailed, ResultExpired
from core.jobs.durable.rows import BlobRow, EventRow, JobRow
from core.jobs.durable.worker import Worker
from tests.durable_tasks import Count, Counted


def test_a_job_is_worked_off_and_keeps_its_result(engine, work):
    job = engine.submit("test-count", Count(to=3, data=b"\xff\x00"))
    assert (job.state, job.progress, job.error, job.is_finished) == (
        State.waiting, None, None, False,
    )  # fmt: skip
    work()
    assert (job.state, job.error, job.is_finished) == (State.done, None, True)
    assert job.result() == Counted(numbers=[1, 2, 3], data=b"\xff\x00")
    assert job.progress is not None
    assert (job.progress.step, job.progress.preview) == (3, None)
    assert job.preview() == b"preview 3"
    assert job.still() is None
    known = job.outline()
    assert known.created <= known.started <= known.finished < known.expires
    assert known.expires - known.finished == pytest.approx(3600, abs=1)
    assert (known.attempts, known.task, known.owner) == (1, "test-count", "")


def test_events_are_numbered_from_1_and_say_all_but_pictures(engine, work):
    job = engine.submit("test-count", Count(to=2))
    assert [event.kind for event in job.events_after(0)] == ["waiting"]
    work()
    events = list(job.events())
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events] == [
        "waiting",
        "running",
        "progress",
        "progress",
        "done",
    ]
    assert events[1].data == {"attempt": 1, "resumed": False}
    assert events[3].data["step"] == 2
    assert not {"preview", "still", "curve"} & set(events[3].data)
    assert list(job.events(after=3)) == events[3:]
    assert list(job.events(after=5)) == []
    assert job.events_after(1, limit=2) == events[1:3]
    assert [event.is_last for event in events] == [False] * 4 + [True]


def test_a_follower_sees_events_as_they_come_up_to_the_last(engine):
    job = engine.submit("test-count", Count(to=4, seconds=0.3))
    seen = []
    follower = threading.Thread(target=lambda: seen.extend(job.events()))
    follower.start()
    stop = threading.Event()
    worker = threading.Thread(target=Worker(engine, "worker").run, args=[stop])
    worker.start()
    follower.join(60)
    stop.set()
    worker.join(60)
    assert [event.number for event in seen] == list(range(1, 8))
    assert seen[-1].kind == "done"


def test_a_file_comes_back_as_it_was(engine, work):
    job = engine.submit("test-file", Count(to=1, data=bytes(range(256)) * 1000))
    work()
    assert job.result() == File(bytes(range(256)) * 1000, "application/x-test")


def test_a_key_gives_its_owner_the_same_job_again(engine):
    first = engine.submit("test-count", Count(to=1), key="k", owner="me")
    assert engine.submit("test-count", Count(to=1), key="k", owner="me").id == first.id
    assert engine.submit("test-count", Count(to=1), key="k", owner="you").id != first.id
    assert engine.submit("test-count", Count(to=1), key="l", owner="me").id != first.id
    alike = [engine.submit("test-count", Count(to=1), owner="me").id for _ in range(2)]
    assert alike[0] != alike[1]


def test_a_key_that_many_send_at_once_is_one_job(engine):
    with ThreadPoolExecutor(8) as pool:
        jobs = list(
            pool.map(lambda _: engine.submit("test-count", Count(to=1), key="k").id, range(24))
        )
    assert len(set(jobs)) == 1
    assert engine.count() == 1
    job = engine.find(jobs[0])
    assert [event.number for event in job.events_after(0)] == [1]


@pytest.mark.parametrize("swept", ["not yet", "swept", "swept, and its key left"])
def test_a_key_is_free_again_when_its_job_has_expired(engine, work, swept: str):
    old = engine.submit("test-count", Count(to=1), key="k", owner="me", expires=0.0)
    assert engine.sent("k", "me").id == old.id
    work()
    time.sleep(0.05)
    if swept != "not yet":
        assert engine.sweep() == 1
        assert old.outline().key is None
    if swept == "swept, and its key left":  # as by earlier versions
        with database.writing(engine.url) as session:
            session.execute(update(JobRow).where(JobRow.id == old.id).values(key="k"))
    assert engine.sent("k", "me") is None
    new = engine.submit("test-count", Count(to=2), key="k", owner="me")
    assert new.id != old.id
    assert new.payload() == Count(to=2)
    assert engine.sent("k", "me").id == new.id
    assert engine.submit("test-count", Count(to=2), key="k", owner="me").id == new.id
    engine.sweep()
    assert (old.outline().key, new.outline().key) == (None, "k")


def test_a_key_that_many_send_when_its_job_has_expired_is_one_job(engine, work):
    old = engine.submit("test-count", Count(to=1), key="k", expires=0.0)
    work()
    time.sleep(0.05)
    with ThreadPoolExecutor(8) as pool:
        jobs = set(
            pool.map(lambda _: engine.submit("test-count", Count(to=1), key="k").id, range(24))
        )
    assert len(jobs) == 1
    assert old.id not in jobs


def test_many_jobs_without_a_key_are_swept(engine, work):
    for key in "kl":
        engine.submit("test-count", Count(to=1), key=key, expires=0.0)
    work()
    time.sleep(0.05)
    assert engine.sweep() == 2  # and their rows, both without a key, do not collide
    assert [each.key for each in engine.outlines()] == [None, None]


def test_only_its_owner_finds_a_job(engine):
    job = engine.submit("test-count", Count(to=1), owner="me")
    assert engine.find(job.id, "me").id == job.id
    assert engine.find(job.id, "you") is None
    assert engine.find("nobody", "me") is None
    assert [each.id for each in engine.outlines("me")] == [job.id]
    assert engine.outlines("you") == []


def test_jobs_wait_in_their_order(engine, work):
    jobs = [engine.submit("test-count", Count(to=1), owner=name) for name in "aab"]
    assert [job.position for job in jobs] == [0, 1, 2]
    assert (engine.count(), engine.count(owner="a"), engine.count((State.done,))) == (3, 2, 0)
    assert engine.counts()[State.waiting] == 3
    assert Worker(engine, "worker").work_one(threading.Event())
    assert [job.state for job in jobs] == [State.done, State.waiting, State.waiting]
    assert [job.position for job in jobs] == [0, 0, 1]
    work()
    assert [job.is_finished for job in jobs] == [True] * 3
    finished = [job.outline().finished for job in jobs]
    assert finished == sorted(finished)


def test_what_cannot_be_done_is_refused_before_it_waits(engine):
    with pytest.raises(UnknownName, match="No durable task 'nobody'; there are: "):
        engine.submit("nobody", Count(to=1))
    with pytest.raises(InvalidRequest, match="test-count takes a Count"):
        engine.submit("test-count", Counted(numbers=[], data=b""))
    assert engine.count(tuple(State)) == 0


def test_a_job_that_never_began_is_cancelled_at_once(engine, work):
    job = engine.submit("test-count", Count(to=3))
    job.cancel()
    assert job.state is State.cancelled
    work()
    assert job.result() is None
    assert [event.kind for event in job.events()] == ["waiting", "cancelled"]
    job.cancel()  # once more changes nothing
    assert len(job.events_after(0)) == 2


def test_a_job_that_fails_says_why(engine, work):
    refused = engine.submit("test-count", Count(to=3, refuses_at=2))
    broken = engine.submit("test-count", Count(to=3, breaks_at=1))
    work()
    assert (refused.error.sentence, refused.error.code) == (
        "That number is too large.", "invalid-request",
    )  # fmt: skip
    with pytest.raises(JobFailed, match="That number is too large") as raised:
        refused.result()
    assert raised.value.code == "invalid-request"
    *_, last = refused.events()
    assert (last.kind, last.data) == (
        "failed", {"error": "That number is too large.", "code": "invalid-request"},
    )  # fmt: skip
    assert broken.state is State.failed
    assert broken.error.code == "incident"
    assert "incident" in broken.error.sentence
    assert "a bug" not in broken.error.sentence


def test_a_result_is_waited_for_only_so_long(engine):
    job = engine.submit("test-count", Count(to=3))
    with pytest.raises(TimeoutError):
        job.result(0)


def test_pictures_are_deleted_in_their_time_and_the_outline_stays(engine, work):
    short = engine.submit("test-count", Count(to=2), expires=0.0)
    long = engine.submit("test-count", Count(to=2))
    work()
    time.sleep(0.05)
    with pytest.raises(ResultExpired):
        short.result()
    assert short.preview() is None
    assert engine.sweep() == 1
    assert engine.sweep() == 0
    assert short.outline().has_expired
    assert not long.outline().has_expired
    assert (short.state, short.progress.step) == (State.done, 2)
    assert [event.kind for event in short.events()] == ["done"]
    with pytest.raises(ResultExpired):
        short.result()
    assert long.result() == Counted(numbers=[1, 2], data=b"")
    with database.reading(engine.url) as rows:
        left = rows.scalars(select(BlobRow.job_id).distinct()).all()
        events = rows.scalar(select(func.count()).where(EventRow.job_id == long.id))
    assert left == [long.id]
    assert events == 5


def test_a_checkpoint_and_its_pieces_are_deleted_at_the_end(engine):
    job = engine.submit("test-count", Count(to=3))
    stop = threading.Event()
    stop.set()
    Worker(engine, "worker").work_one(stop)  # leaves after a step, and a checkpoint
    with database.reading(engine.url) as rows:
        names = set(rows.scalars(select(BlobRow.name)))
    assert {"checkpoint", "checkpoint/n1"} <= names
    Worker(engine, "worker").work_one(threading.Event())
    assert job.state is State.done
    with database.reading(engine.url) as rows:
        assert set(rows.scalars(select(BlobRow.name))) == {"payload", "preview", "result"}


def test_losses_that_are_no_numbers_do_not_stop_a_job(engine, work, monkeypatch):
    from core.jobs import Point, Progress, durable
    from core.jobs.durable import tasks

    monkeypatch.setattr(tasks, "_tasks", dict(tasks._tasks))

    @durable.task("test-nan", payload=Count)
    def strange(order, control):
        nan = float("nan")
        yield Progress(losses={"loss": nan, "other": 1.0}, curve=(Point(1, nan, 1.0),))

    job = engine.submit("test-nan", Count(to=1))
    work()
    assert job.state is State.done
    assert job.progress.losses == {"other": 1.0}


def test_a_database_that_is_not_there_is_one_error(tmp_path):
    engine = DatabaseEngine(f"sqlite:///{tmp_path}")
    with pytest.raises(database.DatabaseError):
        engine.submit("test-count", Count(to=1))
    with pytest.raises(database.DatabaseError):
        engine.find("x")
