"""Tests of the whole service: a process of its own, on a port, that is told to end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from core import images
from core.settings import ROOT
from serving.client import Client, ServiceError


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], str]]]:
    """Starts services on ports of their own; all are ended afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, **settings: object) -> tuple[subprocess.Popen[bytes], str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {"ATELIER_LOG_FORMAT": "json", "ATELIER_WORKER": "auto"}
        environment |= {f"ATELIER_{name.upper()}": str(value) for name, value in settings.items()}
        log = (tmp_path / f"log-{port}.txt").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "serving", "--port", str(port), *options],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        process.log = Path(log.name)  # type: ignore[attr-defined]
        started.append(process)
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + 120
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/v2/health/ready").status_code == 200:
                return
        assert process.poll() is None, process.log.read_text()
        assert time.monotonic() < end
        time.sleep(0.1)


def ready(url: str) -> int | None:
    try:
        return httpx.get(f"{url}/v2/health/ready").status_code
    except httpx.TransportError:
        return None


@pytest.mark.slow
@pytest.mark.tensorflow
def test_from_nothing_to_a_followed_painting(serve, painting: bytes, make_picture):
    process, url = serve()
    wait_until_ready(process, url)
    photo = images.encode(make_picture(64, 96))
    with Client(url) as atelier:
        found = atelier.identify(painting, top=3)
        assert len(found["artists"]) == 3
        atelier.feedback(found["prediction_id"], right=True)
        with pytest.raises(ServiceError) as refused:
            atelier.identify(b"nothing")
        assert refused.value.code == "unreadable-picture"

        job = atelier.refine(photo, ["claude-monet", painting], rows=64, steps=12)
        seen = []
        for event in atelier.events(job["id"]):  # a follower that goes away
            seen.append(event)
            if event["kind"] == "progress":
                break
        seen += atelier.events(job["id"], after=seen[-1]["number"])  # and comes again
        assert [event["number"] for event in seen] == list(range(1, len(seen) + 1))
        assert seen[-1]["kind"] == "done", seen[-1]
        last = [event for event in seen if event["kind"] == "progress"][-1]
        assert last["progress"]["of"] == 12
        assert atelier.job(job["id"])["model"] == "vgg16_base"
        assert images.load(atelier.result(job["id"])).pixels.shape == (64, 96, 3)
        assert images.load(atelier.preview(job["id"])).pixels.shape == (64, 96, 3)

        endless = atelier.refine(photo, ["claude-monet"], rows=64, steps=1000)
        for event in atelier.events(endless["id"]):
            if event["kind"] == "progress" and event["progress"]["step"]:
                atelier.stop(endless["id"])
                break
        *_, end = atelier.events(endless["id"], after=event["number"])
        assert end["kind"] == "cancelled"
        assert images.load(atelier.result(endless["id"])).pixels.shape == (64, 96, 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    lines = [json.loads(line) for line in process.log.read_text().splitlines()[1:]]
    assert all("request_id" in line for line in lines if line["logger"] == "serving.telemetry")


@pytest.mark.slow
def test_when_told_to_end_it_says_so_first_and_finishes_what_it_has_begun(serve, painting: bytes):
    process, url = serve("--workers-of-jobs", "0", service_drain=8)
    wait_until_ready(process, url)
    answers: list[httpx.Response] = []
    asking = threading.Thread(
        target=lambda: answers.append(
            httpx.post(f"{url}/v1/paintings", files={"picture": painting}, timeout=60)
        )
    )
    asking.start()
    while "in_flight 2.0" not in httpx.get(f"{url}/metrics").text:  # this one is the other
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    end = time.monotonic() + 6
    while ready(url) == 200:
        assert time.monotonic() < end
    assert ready(url) == 503
    refused = httpx.get(f"{url}/v1/styles")
    assert (refused.status_code, refused.json()["code"]) == (503, "draining")
    assert refused.headers["retry-after"]
    asking.join(60)
    assert answers[0].status_code == 200
    assert process.wait(60) == 0
    assert ready(url) is None


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_ends_with_the_service(serve):
    process, url = serve("--workers-of-jobs", "1")
    wait_until_ready(process, url)

    def children() -> list[int]:
        found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return [int(pid) for pid in found]

    if not Path(f"/proc/{process.pid}/task/{process.pid}/children").exists():
        pytest.skip("This system does not tell the children of a process")
    (first,) = children()
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 30
    while not (now := [pid for pid in children() if pid != first]):
        assert time.monotonic() < end
        time.sleep(0.1)
    process.kill()  # without a chance to tell it
    process.wait()
    while Path(f"/proc/{now[0]}").exists() and "Z" not in status(now[0]):
        assert time.monotonic() < end + 30
        time.sleep(0.1)


def status(pid: int) -> str:
    try:
        return re.search(r"State:\s+(\w)", Path(f"/proc/{pid}/status").read_text())[1]
    except FileNotFoundError:
        return "Z"


@pytest.mark.slow
def test_the_application_and_the_service_on_one_port(serve, painting: bytes):
    process, url = serve("--with-app", "--workers-of-jobs", "0")
    wait_until_ready(process, f"{url}/api")
    assert "<title>" in httpx.get(url).text
    assert httpx.get(f"{url}/_stcore/health").status_code == 200
    with Client(f"{url}/api") as atelier:
        assert atelier.identify(painting, top=1)["artists"]
        job = atelier.refine(painting, ["claude-monet"], rows=64)
        assert atelier.stop(job["id"])["state"] == "cancelled"
    docs = httpx.get(f"{url}/api/docs").text
    source = re.search(r'src="([^"]+)"', docs)[1]
    assert httpx.get(f"{url}{source}").status_code == 200


@pytest.mark.slow
def test_the_sender_of_a_giant_body_hears_that_it_is_refused(serve):
    process, url = serve("--workers-of-jobs", "0", max_bytes=1_000_000)
    wait_until_ready(process, url)
    headers = {"content-type": "image/png"}
    for content in (bytes(60_000_000), (bytes(200_000) for _ in range(300))):
        response = httpx.post(f"{url}/v1/identifications", content=content, headers=headers)
        assert (response.status_code, response.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SERVICE_KEYS", "secret"), ("SERVICE_LATENCY", "0"), ("SERVICE_RATE", "-1")],
)
def test_a_setting_that_makes_no_sense_is_told_and_nothing_is_served(variable: str, value: str):
    done = subprocess.run(
        [sys.executable, "-m", "serving", "--port", "0"],
        cwd=ROOT, env=os.environ | {f"ATELIER_{variable}": value},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"ATELIER_{variable}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_comes_with_its_digest():
    done = subprocess.run(
        [sys.executable, "-m", "serving", "key"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    key, digest = done.stdout.split()
    assert hashlib.sha256(key.encode()).hexdigest() == digest
    assert key not in done.stderr
