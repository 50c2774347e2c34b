"""Jobs: one at a time, followed, cancelled, abandoned, forgotten."""

from __future__ import annotations

import threading
import time

import pytest

from core import errors, jobs
from core.jobs import Job, State, local

LIMIT = 20  # seconds; a test that needs it has failed


def until(condition) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def walk(job: Job) -> int:
    """Works until it is stopped."""
    step = 0
    while not job.stopping:
        job.report(step := step + 1)
        time.sleep(0.002)
    return step


def test_a_job_reports_and_ends_with_its_result():
    def work(job: Job) -> str:
        job.report("half")
        return "done"

    job = jobs.submit("result", work)
    assert job.result(LIMIT) == "done"
    assert (job.state, job.progress, job.place) == (State.done, "half", 0)
    assert jobs.find("result") is job


def test_what_went_wrong_reaches_who_asks():
    def work(job: Job) -> None:
        raise ValueError("no paint left")

    job = jobs.submit("wrong", work)
    with pytest.raises(ValueError, match="no paint left"):
        job.result(LIMIT)
    assert job.state is State.failed


class Ending(BaseException):
    """Nothing that `except Exception` catches."""


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Ending()])
def test_whatever_work_raises_the_next_in_line_is_served(error: BaseException):
    def work(job: Job) -> None:
        raise error

    lane = f"ended by {type(error).__name__}"
    job = jobs.submit(lane, work, lane=lane)
    until(lambda: job.is_finished)
    assert (job.state, job.error) == (State.failed, error)
    assert "incident" in job.sentence
    assert jobs.submit(f"{lane}, next", lambda job: "ran", lane=lane).result(LIMIT) == "ran"


def test_a_failed_job_says_what_a_person_can_put_right_and_logs_the_rest(caplog):
    def refuse(job: Job) -> None:
        raise errors.InvalidRequest("Choose fewer rows.")

    def stumble(job: Job) -> None:
        raise ValueError("operands could not be broadcast")

    refused, failed = jobs.submit("refused", refuse), jobs.submit("failed", stumble)
    until(lambda: refused.is_finished and failed.is_finished)
    assert refused.sentence == "Choose fewer rows."
    assert "broadcast" not in failed.sentence
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert logged.args is not None
    assert str(logged.args[0]) in failed.sentence  # the id
    assert "broadcast" in caplog.text


@pytest.mark.parametrize("error", [OSError("no such process"), SystemExit()])
def test_what_fails_when_told_of_the_cancelling_stops_nobody(error: BaseException, caplog):
    heard = []

    def fail() -> None:
        raise error

    def work(job: Job) -> str:
        job.when_cancelled(fail)
        job.when_cancelled(lambda: heard.append("early"))
        job.report("waiting")
        until(lambda: job.stopping)
        job.when_cancelled(fail)
        return "kept"

    job = jobs.submit("callbacks", work, lane="callbacks")
    until(lambda: job.progress)
    job.cancel()
    assert job.result(LIMIT) == "kept"
    assert (job.state, heard) == (State.cancelled, ["early"])
    assert "Incident" in caplog.text
    assert jobs.submit("after", lambda job: "ran", lane="callbacks").result(LIMIT) == "ran"


def test_without_a_thread_the_line_stays_open(monkeypatch: pytest.MonkeyPatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            jobs.submit("no thread", lambda job: None, lane="no thread")
    assert jobs.submit("no thread", lambda job: "ran", lane="no thread").result(LIMIT) == "ran"


def test_the_same_key_is_the_same_job_until_it_is_finished():
    first = jobs.submit("same", walk)
    assert jobs.submit("same", walk) is first
    first.cancel()
    assert first.result(LIMIT) == first.progress
    second = jobs.submit("same", lambda job: None)
    assert second is not first
    second.result(LIMIT)


def test_cancelled_work_keeps_what_it_has():
    job = jobs.submit("cancel", walk)
    until(lambda: job.progress)
    job.cancel()
    assert job.result(LIMIT) >= 1
    assert job.state is State.cancelled


def test_others_wait_in_line_and_see_their_place():
    running = jobs.submit("place-1", walk, lane="queue")
    second = jobs.submit("place-2", walk, lane="queue")
    third = jobs.submit("place-3", lambda job: "ran", lane="queue")
    until(lambda: running.state is State.running)
    assert (running.place, second.place, third.place) == (0, 1, 2)
    assert second.state is State.waiting
    second.cancel()  # leaves the line without having run
    running.cancel()
    assert third.result(LIMIT) == "ran"
    assert (second.state, second.progress) == (State.cancelled, None)


def test_lanes_do_not_wait_for_each_other():
    one = jobs.submit("lane-1", walk, lane="one")
    other = jobs.submit("lane-2", lambda job: 1, lane="other")
    assert other.result(LIMIT) == 1
    assert not one.is_finished
    one.cancel()
    one.result(LIMIT)


def test_a_job_that_nobody_looks_at_stops():
    job = jobs.submit("abandoned", walk, patience=0.05)
    job.result(LIMIT)
    assert job.state is State.cancelled


def test_a_job_that_somebody_looks_at_goes_on():
    job = jobs.submit("watched", walk, patience=1.0)
    for _ in range(25):
        job.touch()
        time.sleep(0.06)
    assert not job.is_finished
    job.cancel()


def test_what_waits_elsewhere_hears_of_the_cancelling_once():
    heard = []

    def work(job: Job) -> None:
        bell = threading.Event()
        job.when_cancelled(bell.set)
        job.when_cancelled(lambda: heard.append(1))
        job.report("waiting")
        assert bell.wait(LIMIT)
        job.when_cancelled(lambda: heard.append(2))  # too late: at once

    job = jobs.submit("bell", work)
    until(lambda: job.progress)
    job.cancel()
    job.cancel()
    job.result(LIMIT)
    assert heard == [1, 2]


def test_a_timeout_is_said():
    job = jobs.submit("slow", walk)
    with pytest.raises(TimeoutError):
        job.result(0.01)
    job.cancel()
    job.result(LIMIT)


def test_a_thousand_jobs_leave_no_thread_and_few_memories():
    before = threading.active_count()
    last = [jobs.submit(f"many-{i}", walk, patience=None) for i in range(1000)]
    for job in last:
        job.cancel()
    for job in last:
        job.result(LIMIT)
    until(lambda: threading.active_count() <= before)
    for i in range(100):
        jobs.submit(f"after-{i}", lambda job: None).result(LIMIT)
    assert len(local._jobs) <= local._REMEMBERED + 2
    assert jobs.find("many-0") is None


def test_many_threads_may_submit_at_once():
    seen = []

    def work(job: Job) -> None:
        seen.append(job.key)

    def submit(number: int) -> None:
        jobs.submit(f"thread-{number}", work).result(LIMIT)

    threads = [threading.Thread(target=submit, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert sorted(seen) == sorted(f"thread-{i}" for i in range(50))
