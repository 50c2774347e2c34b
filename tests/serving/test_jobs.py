"""Tests for `serving.routes.jobs`, `serving.jobs` and the client that follows them."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from core import models
from core.jobs import durable
from core.jobs.durable import DatabaseEngine
from core.jobs.durable.worker import Worker
from core.jobs.progress import Progress
from core.stylize.session.durable import StylizeOrder
from serving.app import create_app
from serving.messages import schemas
from tests.serving.test_identifications import problem

ASYNC = {"prefer": "respond-async"}
INSTANT = {"mode": "instant", "rows": "64", "style": "claude-monet"}


@pytest.fixture
def submit(client: TestClient, small: bytes) -> Callable[..., dict]:
    """Submits a job that paints at once."""

    def post(**headers: str) -> dict:
        response = client.post(
            "/v1/paintings", files={"photo": small}, data=INSTANT, headers=ASYNC | headers
        )
        assert response.status_code == 202, response.text
        return response.json()

    return post


def work(times: int = 1) -> None:
    worker = Worker(DatabaseEngine())
    for _ in range(times):
        assert worker.work_one(threading.Event())


def test_a_job_from_its_submission_to_its_result(client: TestClient, small: bytes):
    response = client.post("/v1/paintings", files={"photo": small}, data=INSTANT, headers=ASYNC)
    assert response.status_code == 202, response.text
    job = response.json()
    address = response.headers["location"]
    assert address == f"/v1/jobs/{job['id']}"
    assert response.headers["retry-after"] == "1"
    assert (job["state"], job["task"], job["events"]) == ("waiting", "stylize", 1)
    assert (job["model"], job["arm"]) == ("instant_style", "champion")
    assert job["version"] == models.versions.shipped("instant_style").id
    assert client.get(address).json() == job
    early = client.get(f"{address}/result")
    problem(early, 409, "not-finished")
    assert early.headers["retry-after"]
    problem(client.get(f"{address}/preview"), 404, "not-found")

    work()
    found = client.get(address).json()
    assert found["state"] == "done"
    assert found["expires"] > time.time()
    painted = client.get(f"{address}/result")
    assert painted.headers["content-type"] == "image/png"
    assert painted.headers["atelier-model"] == "instant_style"
    assert painted.headers["atelier-prediction-id"] == job["id"]
    with Image.open(io.BytesIO(painted.content)) as image:
        assert image.height == 64
    webp = client.get(f"{address}/result", headers={"accept": "image/webp"})
    with Image.open(io.BytesIO(webp.content)) as image:
        assert image.format == "WEBP"


def test_an_etag_tells_whether_it_has_changed(client: TestClient, submit):
    address = f"/v1/jobs/{submit()['id']}"
    tag = client.get(address).headers["etag"]
    unchanged = client.get(address, headers={"if-none-match": f'"other", W/{tag}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    client.delete(address)
    assert client.get(address, headers={"if-none-match": tag}).status_code == 200


def test_a_job_that_never_began_is_stopped_and_has_no_result(client: TestClient, submit):
    address = f"/v1/jobs/{submit()['id']}"
    stopped = client.delete(address)
    assert (stopped.status_code, stopped.json()["state"]) == (202, "cancelled")
    assert client.delete(address).json()["state"] == "cancelled"
    problem(client.get(f"{address}/result"), 409, "nothing-painted")


def test_the_same_key_is_the_same_job_and_another_order_is_refused(client, submit, small: bytes):
    keyed = {"idempotency-key": "mine"}
    job = submit(**keyed)
    assert submit(**keyed)["id"] == job["id"]
    assert submit()["id"] != job["id"]
    other = client.post(
        "/v1/paintings",
        files={"photo": small},
        data=INSTANT | {"rows": "65"},
        headers=ASYNC | keyed,
    )
    problem(other, 422, "idempotency-key-reused")
    long = client.post(
        "/v1/paintings",
        files={"photo": small},
        data=INSTANT,
        headers=ASYNC | {"idempotency-key": "k" * 201},
    )
    problem(long, 422, "invalid-request")


def test_a_key_is_known_however_many_jobs_came_after_it(client, submit, small: bytes):
    keyed = {"idempotency-key": "mine"}
    first = submit(**keyed)
    client.delete(f"/v1/jobs/{first['id']}")
    for _ in range(101):
        client.delete(f"/v1/jobs/{submit()['id']}")
    assert submit(**keyed)["id"] == first["id"]
    order = {"files": {"photo": small}, "data": INSTANT | {"rows": "65"}}
    other = client.post("/v1/paintings", **order, headers=ASYNC | keyed)
    problem(other, 422, "idempotency-key-reused")


@pytest.mark.parametrize("swept", [False, True])
def test_a_key_of_a_job_that_has_expired_is_free_for_another(
    application, small: bytes, swept: bool
):
    keyed = ASYNC | {"idempotency-key": "mine"}
    with TestClient(application(job_hours=1e-9)) as client:
        order = {"files": {"photo": small}, "data": INSTANT}
        first = client.post("/v1/paintings", **order, headers=keyed).json()
        work()
        time.sleep(0.05)
        if swept:
            assert DatabaseEngine().sweep() == 1
        order["data"] = INSTANT | {"rows": "65"}
        response = client.post("/v1/paintings", **order, headers=keyed)
        assert response.status_code == 202, response.text
        assert response.json()["id"] != first["id"]
        assert response.json()["state"] == "waiting"
        again = client.post("/v1/paintings", **order, headers=keyed).json()
        assert again["id"] == response.json()["id"]


def test_a_caller_has_so_many_jobs_at_a_time(client: TestClient, submit, small: bytes):
    first = submit(**{"idempotency-key": "first"})
    for _ in range(3):
        submit()
    refused = client.post("/v1/paintings", files={"photo": small}, data=INSTANT, headers=ASYNC)
    problem(refused, 429, "too-many-jobs")
    assert refused.headers["retry-after"]
    assert submit(**{"idempotency-key": "first"})["id"] == first["id"]
    work(2)
    submit()


def test_a_job_is_found_by_nobody_else(application: Callable[..., FastAPI], small: bytes):
    keys = ["one", "two"]
    digests = ",".join(hashlib.sha256(key.encode()).hexdigest() for key in keys)
    with TestClient(application(service_keys=digests)) as client:
        mine, other = ({"authorization": f"Bearer {key}"} for key in keys)
        job = client.post(
            "/v1/paintings", files={"photo": small}, data=INSTANT, headers=ASYNC | mine
        ).json()
        for path in ("", "/events", "/preview", "/result"):
            response = client.get(f"/v1/jobs/{job['id']}{path}", headers=other)
            problem(response, 404, "not-found")
        problem(client.delete(f"/v1/jobs/{job['id']}", headers=other), 404, "not-found")
        assert client.get(f"/v1/jobs/{job['id']}", headers=mine).status_code == 200


def test_damaged_pictures_are_refused_before_they_become_jobs(client: TestClient, small: bytes):
    refused = client.post("/v1/paintings", files={"photo": small[:60]}, data=INSTANT, headers=ASYNC)
    problem(refused, 422, "unreadable-picture")
    refused = client.post(
        "/v1/paintings",
        files=[("photo", small), ("style", b"x")],
        data={"rows": "64"},
    )
    problem(refused, 422, "unreadable-picture")
    assert DatabaseEngine().count() == 0


def test_who_cannot_refine_says_so_at_once(small: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.tensorflow_compat.is_installed", lambda: False)
    order = {"files": {"photo": small}, "data": {"style": "claude-monet", "rows": "64"}}
    alone = TestClient(create_app(workers=1)).post("/v1/paintings", **order)
    assert "TensorFlow" in problem(alone, 501, "tensorflow-missing")
    elsewhere = TestClient(create_app(workers=0)).post("/v1/paintings", **order)
    assert elsewhere.status_code == 202


@pytest.mark.parametrize("path", ["", "/events", "/preview", "/result"])
def test_what_is_no_job_is_not_found(client: TestClient, path: str):
    for job in ("nothing", "%00", "0" * 32):
        problem(client.get(f"/v1/jobs/{job}{path}"), 404, "not-found")


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 10, "9" * 16, "²"])
def test_a_last_event_that_is_none_is_refused(client: TestClient, submit, last: str):
    response = client.get(
        f"/v1/jobs/{submit()['id']}/events", headers={"last-event-id": last.encode()}
    )
    problem(response, 422, "invalid-request")


def test_a_job_that_fails_says_why(client: TestClient, submit, monkeypatch):
    def broken(order: StylizeOrder, _: object) -> Iterator[Progress]:
        yield Progress(step=1, of=2, losses={"loss": float("nan")}, preview=b"jpeg")
        raise models.WeightsError("The weights are missing.")

    task = durable.DurableTask("stylize", broken, StylizeOrder)
    monkeypatch.setitem(durable.tasks._tasks, "stylize", task)
    address = f"/v1/jobs/{submit()['id']}"
    work()
    found = client.get(address).json()
    assert found["error"] == {"code": "weights", "detail": "The weights are missing."}
    assert found["progress"]["step"] == 1
    assert "missing" in problem(client.get(f"{address}/result"), 503, "weights")
    assert client.get(f"{address}/preview").content == b"jpeg"
    told = client.get(f"{address}/events").text
    assert "event: failed" in told
    assert "The weights are missing." in told


def test_a_result_that_is_not_kept_any_more_is_gone(application, small: bytes):
    with TestClient(application(job_hours=1e-9)) as client:
        job = client.post(
            "/v1/paintings", files={"photo": small}, data=INSTANT, headers=ASYNC
        ).json()
        work()
        problem(client.get(f"/v1/jobs/{job['id']}/result"), 410, "expired")


def test_the_stream_begins_after_the_last_event(client: TestClient, submit):
    address = f"/v1/jobs/{submit()['id']}/events"
    work()
    whole = client.get(address)
    assert whole.headers["content-type"].startswith("text/event-stream")
    ids = [line for line in whole.text.splitlines() if line.startswith("id: ")]
    assert ids == [f"id: {number}" for number in range(1, len(ids) + 1)]
    assert "event: done" in whole.text
    rest = client.get(address, headers={"last-event-id": "2"}).text
    assert [line for line in rest.splitlines() if line.startswith("id: ")] == ids[2:]


def test_the_stream_ends_when_the_service_does(client: TestClient, submit):
    address = f"/v1/jobs/{submit()['id']}/events"
    threading.Timer(0.5, client.app.state.service.draining.set).start()
    assert "event: waiting" in client.get(address).text


def test_the_schema_of_progress_has_what_progress_has():
    assert set(schemas.Progress.model_fields) == set(Progress.model_fields) - {
        "curve", "preview", "still",
    }  # fmt: skip


def test_the_client_follows_over_a_connection_that_breaks():
    streams = [
        b"retry: 1000\n\nid: 1\nevent: waiting\ndata: {}\n\n: still there\n\nid: 2\nevent: runn",
        b'id: 2\nevent: running\ndata: {"resumed": true}\n\n',
        None,
        b"id: 3\nevent: done\ndata: {}\n\n",
    ]
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        data = streams.pop(0)
        if data is None:
            raise httpx.ConnectError("down")
        return httpx.Response(200, content=data)

    from serving.client import Client

    with Client(transport=httpx.MockTransport(answer)) as atelier:
        found = list(atelier.events("a"))
    assert [(each["number"], each["kind"]) for each in found] == [
        (1, "waiting"), (2, "running"), (3, "done"),
    ]  # fmt: skip
    assert found[1]["resumed"]
    assert asked == [None, "1", "2", "2"]


def test_the_client_follows_a_job_no_further_than_its_end(client: TestClient, submit):
    from serving.client import Client

    def answer(request: httpx.Request) -> httpx.Response:
        found = client.request(request.method, str(request.url), headers=dict(request.headers))
        return httpx.Response(found.status_code, content=found.content)

    job = submit()
    client.delete(f"/v1/jobs/{job['id']}")
    with Client("http://testserver", transport=httpx.MockTransport(answer)) as atelier:
        *_, last = atelier.events(job["id"])
        assert last["kind"] == "cancelled"
        assert list(atelier.events(job["id"], after=last["number"])) == []
        assert list(atelier.events(job["id"], after=last["number"] - 1)) == [last]


def test_the_client_waits_for_a_service_that_said_nothing_new_but_was_there(monkeypatch):
    from serving import client

    now = 0.0
    monkeypatch.setattr(client.time, "monotonic", lambda: now)
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    asked = 0

    class Quiet(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal now
            for _ in range(10):
                now += 15
                yield b": still there\n\n"

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked == 1:
            return httpx.Response(200, stream=Quiet())
        if asked == 2:
            raise httpx.ConnectError("down")
        return httpx.Response(200, content=b"id: 1\nevent: done\ndata: {}\n\n")

    with client.Client(transport=httpx.MockTransport(answer)) as atelier:
        assert [each["kind"] for each in atelier.events("a")] == ["done"]
