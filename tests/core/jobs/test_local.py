"""Jobs: one at a time, followed, cancelled, abandoned, forgotten; here, and in the worker."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from core import errors, jobs
from core.jobs import Control, LocalEngine, Progress, State, local
from core.jobs.worker import shared
from core.settings import settings

LIMIT = 30  # seconds; a test that needs it has failed
Steps = Generator[Progress, None, Any]


def until(condition) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


@pytest.fixture(autouse=True, params=["off", "auto"], ids=["here", "apart"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test runs its jobs in threads of this process, and again in the worker."""
    monkeypatch.setenv("ATELIER_WORKER", request.param)
    settings.cache_clear()
    return request.param


@pytest.fixture(autouse=True, scope="module")
def worker() -> Iterator[None]:
    """Ends with these tests."""
    yield
    shared.close()


def test_tasks_run_where_they_are_to(where: str):
    pid = jobs.submit("test-where", None).result(LIMIT)
    assert (pid == os.getpid()) == (where == "off")
    assert where == "off" or pid == shared.pid


@jobs.task("test-where", queue="test", apart=True)
def tell_where(payload: None, control: Control) -> Steps:
    """Returns the number of its process."""
    yield Progress()
    return os.getpid()


@jobs.task("test-walk", queue="test", apart=True)
def walk(payload: None, control: Control) -> Steps:
    """Works until it is stopped."""
    step = 0
    while not control.stopping:
        step += 1
        yield Progress(step=step)
        time.sleep(0.002)
    return step


@jobs.task("test-answer-1", queue="test-1", apart=True)
@jobs.task("test-answer", queue="test", apart=True)
def answer(payload: Any, control: Control) -> Steps:
    """Returns what it was given, at once."""
    yield Progress(phase="half", fraction=0.5)
    return payload


@jobs.task("test-fail", queue="test", apart=True)
def fail(payload: BaseException, control: Control) -> Steps:
    """Raises what it was given."""
    yield Progress()
    raise payload


def test_a_job_reports_and_ends_with_its_result():
    job = jobs.submit("test-answer", "done", key="result")
    assert job.result(LIMIT) == "done"
    assert (job.state, job.position) == (State.done, 0)
    assert job.progress == Progress(phase="half", fraction=0.5)
    assert jobs.find("result") is job


def test_what_went_wrong_reaches_who_asks():
    job = jobs.submit("test-fail", ValueError("no paint left"))
    with pytest.raises(ValueError, match="no paint left"):
        job.result(LIMIT)
    assert job.state is State.failed


class Ending(BaseException):
    """Nothing that `except Exception` catches."""


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Ending()])
def test_whatever_work_raises_the_next_in_line_is_served(error: BaseException):
    engine = LocalEngine()
    job = engine.submit("test-fail", error)
    until(lambda: job.is_finished)
    assert (job.state, type(job.error), job.error.args) == (State.failed, type(error), error.args)
    assert "incident" in job.sentence
    assert engine.submit("test-answer", "ran").result(LIMIT) == "ran"


def test_a_failed_job_says_what_a_person_can_put_right_and_logs_the_rest(caplog):
    refused = jobs.submit("test-fail", errors.InvalidRequest("Choose fewer rows."))
    failed = jobs.submit("test-fail", ValueError("operands could not be broadcast"))
    until(lambda: refused.is_finished and failed.is_finished)
    assert refused.sentence == "Choose fewer rows."
    assert "broadcast" not in failed.sentence
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert logged.args is not None
    assert str(logged.args[0]) in failed.sentence  # the id
    assert "broadcast" in caplog.text


@jobs.task("test-deaf", queue="test", apart=True)
def deaf(error: BaseException, control: Control) -> Steps:
    """Of what it wants called on cancelling, part raises an error."""
    heard: list[str] = []

    def stumble() -> None:
        raise error

    control.when_cancelled(stumble)
    control.when_cancelled(lambda: heard.append("early"))
    yield Progress()
    until(lambda: control.stopping)
    control.when_cancelled(stumble)
    return heard


@pytest.mark.parametrize("error", [OSError("no such process"), SystemExit()])
def test_what_fails_when_told_of_the_cancelling_stops_nobody(error: BaseException, caplog):
    job = jobs.submit("test-deaf", error)
    until(lambda: job.progress)
    job.cancel()
    assert job.result(LIMIT) == ["early"]
    assert job.state is State.cancelled
    assert "Incident" in caplog.text
    assert jobs.submit("test-answer", "ran").result(LIMIT) == "ran"


def test_without_a_thread_the_line_stays_open(monkeypatch: pytest.MonkeyPatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    engine = LocalEngine()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            engine.submit("test-answer", None, key="no thread")
    assert engine.find("no thread") is None
    assert engine.submit("test-answer", "ran", key="no thread").result(LIMIT) == "ran"


def test_the_same_key_is_the_same_job_until_it_is_finished():
    first = jobs.submit("test-walk", None, key="same")
    assert jobs.submit("test-walk", None, key="same") is first
    until(lambda: first.progress)
    first.cancel()
    assert first.result(LIMIT) == first.progress.step
    second = jobs.submit("test-answer", None, key="same")
    assert second is not first
    second.result(LIMIT)


def test_without_a_key_each_job_has_one_of_its_own():
    one, other = (jobs.submit("test-answer", number) for number in (1, 2))
    assert one.key != other.key
    assert (one.result(LIMIT), other.result(LIMIT)) == (1, 2)
    assert jobs.find(one.key) is one


def test_cancelled_work_keeps_what_it_has():
    job = jobs.submit("test-walk", None)
    until(lambda: job.progress)
    job.cancel()
    assert job.result(LIMIT) >= 1
    assert job.state is State.cancelled


def test_others_wait_in_line_and_see_their_position():
    engine = LocalEngine()
    running = engine.submit("test-walk", None)
    second = engine.submit("test-walk", None)
    third = engine.submit("test-answer", "ran")
    until(lambda: running.state is State.running)
    assert (running.position, second.position, third.position) == (0, 1, 2)
    assert second.state is State.waiting
    second.cancel()  # leaves the line without having run
    running.cancel()
    assert third.result(LIMIT) == "ran"
    assert (second.state, second.progress, second.result(LIMIT)) == (State.cancelled, None, None)


def test_queues_do_not_wait_for_each_other():
    one = jobs.submit("test-walk", None)
    other = jobs.submit("test-answer-1", 1)
    assert other.result(LIMIT) == 1
    assert not one.is_finished
    one.cancel()
    one.result(LIMIT)


@jobs.task("test-wait-apart", queue=jobs.OWN)
def wait_apart(both: threading.Barrier, control: Control) -> Steps:
    """Ends as soon as another one waits, too."""
    yield Progress()
    both.wait(LIMIT)
    return 1


def test_jobs_with_queues_of_their_own_run_at_the_same_time():
    engine, both = LocalEngine(), threading.Barrier(2)
    running = [engine.submit("test-wait-apart", both) for _ in range(2)]
    assert [job.result(LIMIT) for job in running] == [1, 1]
    assert [job.position for job in running] == [0, 0]
    until(lambda: not engine._queues)


@jobs.task("test-two-at-once", queue="two", at_once=2)
def two_at_once(payload: tuple[list[int], threading.Event], control: Control) -> Steps:
    """Notes that it runs until it is told to end."""
    running, end = payload
    running.append(1)
    yield Progress()
    end.wait(LIMIT)
    return running.pop()


def test_of_a_wide_queue_so_many_run_and_the_others_wait():
    engine, running, end = LocalEngine(), [], threading.Event()
    submitted = [engine.submit("test-two-at-once", (running, end)) for _ in range(5)]
    until(lambda: len(running) == 2)
    assert [job.position for job in submitted] == [0, 0, 1, 2, 3]
    assert sum(thread.name == "job-two" for thread in threading.enumerate()) == 2
    assert [job.state for job in submitted].count(State.waiting) == 3
    end.set()
    assert [job.result(LIMIT) for job in submitted] == [1] * 5
    until(lambda: not engine._queues)


def test_a_job_that_nobody_looks_at_stops():
    job = jobs.submit("test-walk", None, patience=0.05)
    job.result(LIMIT)
    assert job.state is State.cancelled


def test_a_job_that_somebody_looks_at_goes_on():
    job = jobs.submit("test-walk", None, patience=1.0)
    for _ in range(25):
        job.touch()
        time.sleep(0.06)
    assert not job.is_finished
    job.cancel()


@jobs.task("test-bell", queue="test", apart=True)
def bell(payload: None, control: Control) -> Steps:
    """Waits elsewhere, and hears of the cancelling."""
    heard: list[int] = []
    rung = threading.Event()
    control.when_cancelled(rung.set)
    control.when_cancelled(lambda: heard.append(1))
    yield Progress()
    assert rung.wait(LIMIT)
    control.when_cancelled(lambda: heard.append(2))  # too late: at once
    return heard


def test_what_waits_elsewhere_hears_of_the_cancelling_once():
    job = jobs.submit("test-bell", None)
    until(lambda: job.progress)
    job.cancel()
    job.cancel()
    assert job.result(LIMIT) == [1, 2]


def test_a_timeout_is_said():
    job = jobs.submit("test-walk", None)
    with pytest.raises(TimeoutError):
        job.result(0.01)
    job.cancel()
    job.result(LIMIT)


def test_a_thousand_jobs_leave_no_thread_and_few_memories():
    before = threading.active_count()
    engine = LocalEngine()
    last = [engine.submit("test-walk", None, key=f"many-{i}") for i in range(1000)]
    for job in last:
        job.cancel()
    for job in last:
        job.result(LIMIT)
    until(lambda: threading.active_count() <= before)
    for i in range(100):
        engine.submit("test-answer", None, key=f"after-{i}").result(LIMIT)
    assert len(engine._jobs) <= local._REMEMBERED + 2
    assert engine.find("many-0") is None


def test_many_threads_may_submit_at_once():
    seen = []

    def submit(number: int) -> None:
        key = f"thread-{number}"
        seen.append(jobs.submit("test-answer", key, key=key).result(LIMIT))

    threads = [threading.Thread(target=submit, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert sorted(seen) == sorted(f"thread-{i}" for i in range(50))
