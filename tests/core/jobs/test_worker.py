"""The worker: what comes back from it, how it dies, and that it never outlives who started it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest

from core import errors, images, jobs, processes
from core.jobs import Control, LocalEngine, Progress, State
from core.jobs.worker import WorkerDied, shared
from core.settings import ROOT, settings
from core.stylize.refine import TooLarge

LIMIT = 60  # seconds; a test that needs it has failed
Steps = Generator[Progress, None, Any]
log = logging.getLogger("core.test_worker")


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_WORKER", "auto")
    settings.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def worker() -> Iterator[None]:
    yield
    shared.close()


@jobs.task("test-do", queue="test-worker", apart=True)
def do(code: str, control: Control) -> Steps:
    """Evaluates an expression there."""
    yield Progress(phase="begun")
    return eval(code)


def done(code: str) -> Any:
    return jobs.submit("test-do", code).result(LIMIT)


def pid() -> int:
    return int(done("os.getpid()"))


def gone(number: int) -> bool:
    """Waits for the end of a process."""
    for _ in range(LIMIT * 20):
        try:
            with open(f"/proc/{number}/stat") as file:  # noqa: PTH123
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True  # ended, if its parent in this container has not looked yet
        except OSError:
            return True
        time.sleep(0.05)
    return False


@jobs.task("test-raise", queue="test-worker", apart=True)
def fail(error: BaseException, control: Control) -> Steps:
    """Raises what it is given."""
    yield Progress()
    raise error


ERRORS = [
    TooLarge("Choose fewer rows."),
    errors.InvalidRequest("Choose fewer rows."),
    images.UnreadablePicture("The picture is damaged."),
    errors.UnknownName("There is no such painter."),
    FileNotFoundError(2, "No such file", "photo.jpg"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_come_back_whole(error: Exception):
    error.rows = 400  # an attribute of its own
    job = jobs.submit("test-raise", error)
    with pytest.raises(type(error)) as raised:
        job.result(LIMIT)
    assert str(raised.value) == str(error)
    assert (raised.value.args, raised.value.rows) == (error.args, 400)
    if isinstance(error, errors.AtelierError):
        assert job.sentence == str(error)
        assert raised.value.code == error.code


def test_a_fault_is_logged_with_the_traceback_of_where_it_was(caplog):
    job = jobs.submit("test-do", "{}['no such key']")
    with pytest.raises(KeyError):
        job.result(LIMIT)
    assert "incident" in job.sentence
    (record,) = [record for record in caplog.records if record.exc_info]
    shown = logging.Formatter().format(record)
    assert "In the worker process" in shown
    assert "line" in shown
    assert "in do" in shown


def test_what_cannot_travel_fails_its_job_and_no_other():
    with pytest.raises(Exception, match=r"(?i)pickle"):
        jobs.submit("test-do", threading.Lock()).result(LIMIT)
    before = pid()
    with pytest.raises(Exception, match=r"(?i)pickle"):
        done("threading.Lock()")
    with pytest.raises(RuntimeError, match="Odd: no paint left"):
        done("raise_odd()")
    assert pid() == before


def raise_odd() -> None:
    class Odd(Exception):
        """Nothing that another process could find."""

    raise Odd("no paint left")


def test_pictures_travel_both_ways():
    pixels = np.arange(800 * 1200 * 3, dtype=np.uint32).astype(np.uint8).reshape(800, 1200, 3)
    job = jobs.submit("test-mirror", {"photo": pixels})
    assert (job.result(LIMIT) == pixels[:, ::-1]).all()
    assert job.progress.still == bytes(pixels)


@jobs.task("test-mirror", queue="test-worker", apart=True)
def mirror(payload: dict, control: Control) -> Steps:
    """Turns a picture round."""
    yield Progress(still=bytes(payload["photo"]))
    return payload["photo"][:, ::-1]


@pytest.mark.parametrize("way", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_death_fails_the_job_and_the_next_has_another_worker(way: str, caplog):
    before = pid()
    job = jobs.submit("test-do", way)
    with pytest.raises(WorkerDied):
        job.result(LIMIT)
    assert job.state is State.failed
    assert "try again" in job.sentence
    assert "The worker process has ended with status" in caplog.text
    assert gone(before)
    assert pid() != before


def test_a_death_while_nobody_works_is_nobodys_failure():
    before = pid()
    os.kill(before, signal.SIGKILL)
    assert gone(before)
    assert pid() != before


def test_all_jobs_in_it_hear_of_its_death():
    engine = LocalEngine()
    waiting = engine.submit("test-wait", None)
    while waiting.progress is None:
        time.sleep(0.01)
    assert shared.tasks == ["test-wait"]
    with pytest.raises(WorkerDied):
        done("os._exit(3)")
    with pytest.raises(WorkerDied):
        waiting.result(LIMIT)
    assert shared.tasks == []
    assert shared.pid is None


@jobs.task("test-wait", queue="test-wait", apart=True)
def wait(payload: None, control: Control) -> Steps:
    """Waits for ever, unless it is told to stop."""
    stopped = threading.Event()
    control.when_cancelled(stopped.set)
    yield Progress()
    stopped.wait()
    return control.stopping


def test_without_a_second_process_the_work_is_done_here(monkeypatch, caplog):
    def refuse(*_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    shared.close()
    monkeypatch.setattr(processes, "start", refuse)
    assert pid() == os.getpid()
    assert "No worker process can be started" in caplog.text


def test_its_log_is_ours(caplog):
    with caplog.at_level(logging.INFO, logger="core"):
        done("log.info('mixing %s', 'blue')")
        done("log.debug('what nobody asked for')")
    (record,) = [record for record in caplog.records if record.name == log.name]
    assert (record.levelno, record.getMessage()) == (logging.INFO, "mixing blue")
    assert record.process != os.getpid()


def test_our_level_counts_for_its_log(caplog):
    with caplog.at_level(logging.WARNING, logger="core"):
        done("log.info('mixing blue')")
        done("log.warning('out of blue')")
    assert [record.getMessage() for record in caplog.records] == ["out of blue"]


def test_standard_streams_and_main_are_not_its_own(capfd):
    assert done("print('hello') or sys.stdin.read()") == ""
    assert done("getattr(sys.modules['__main__'], '__file__', None)") is None
    assert capfd.readouterr().out == ""


PARENT = """
import sys, threading, time
sys.path[:0] = [{root!r}]
from core import jobs
from tests.core.jobs import test_worker

if __name__ == "__main__":
    print(jobs.submit("test-do", "os.getpid()").result(60), flush=True)
    job = jobs.submit("test-wait", None)
    {then}
"""


@pytest.mark.parametrize(
    ("then", "signals"),
    [
        ("time.sleep(600)", [signal.SIGKILL]),
        ("time.sleep(600)", [signal.SIGTERM]),
        ("time.sleep(600)", [signal.SIGINT]),
        ("sys.exit(0)", []),
    ],
    ids=["killed", "terminated", "interrupted", "at its end"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_ends_with_who_started_it(then: str, signals: list[signal.Signals]):
    environment = {name: v for name, v in os.environ.items() if not name.startswith("ATELIER_")}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(root=str(ROOT), then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=ROOT,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        for each in signals:
            parent.send_signal(each)
        parent.wait(LIMIT)
    assert gone(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="sends signals to itself")
def test_ctrl_c_is_not_for_it():
    before = pid()
    os.kill(before, signal.SIGINT)
    assert pid() == before


@pytest.mark.slow
def test_refining_leaves_no_tensorflow_in_this_process(make_picture):
    code = """
import json, sys
import numpy as np
from core import jobs
from core.stylize.request import StylizeRequest
from core.stylize.session.tasks import Order

pixels = np.full((64, 80, 3), 90, np.uint8)
pixels[20:40, 20:60] = 200
request = StylizeRequest(rows=64, steps=3, start="photo", scales=(1.0,))
job = jobs.submit("stylize", Order(request=request, photo=pixels, styles=[pixels[::-1]]))
found = job.result(300)
slow = sorted({"tensorflow", "keras"} & sys.modules.keys())
print(json.dumps([found.step, found.pixels.shape, slow, len(found.frames)]))
"""
    environment = {name: v for name, v in os.environ.items() if name != "ATELIER_WORKER"}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[3, [64, 80, 3], [], 5]"
