"""Tests for `serving.app`, `dependencies`, `problems`, `telemetry` and the catalogues."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import subprocess
import sys
import threading
import time
import types
from collections.abc import Awaitable, Callable, Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core import artists, models, monet
from core.database import DatabaseError
from core.jobs.durable import DatabaseEngine
from core.monet.tiled import Stopped
from core.settings import ROOT
from core.stylize import artist_styles
from serving import metrics
from serving.app import create_app
from serving.engines.interface import Unavailable
from serving.engines.local import Local
from serving.routes import identifications
from tests.serving.test_identifications import PNG, problem

KEY = "a key that nobody guesses"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_is_ready_once_it_is_warm_and_not_any_more_when_it_drains(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    wait_until(lambda: client.get("/v2/health/ready").status_code == 200)
    assert client.get("/v2/health/ready").json()["ready"] is True
    assert client.get(f"/v2/models/{models.DEFAULT}/ready").status_code == 200
    # Other tests of this process may have loaded more than the service has.
    monkeypatch.setattr(models, "is_loaded", lambda model_id, _: model_id == models.DEFAULT)
    assert client.get("/v2/models/vgg16_base/ready").status_code == 503
    client.app.state.service.draining.set()
    assert client.get("/v2/health/ready").status_code == 503
    assert client.get("/v2/health/live").json() == {"live": True}
    response = client.post("/v1/identifications", content=b"x", headers=PNG)
    problem(response, 503, "draining")
    assert response.headers["retry-after"]


class Endless(Local):
    """An engine that does not get ready."""

    def __init__(self, hears: bool) -> None:
        super().__init__()
        self.begun, self.told, self.hears = threading.Event(), threading.Event(), hears

    def start(self) -> None:
        self.begun.set()
        if not self.hears:
            threading.Event().wait()
        self.told.wait()
        raise Unavailable("It was told to end.")

    def close(self) -> None:
        self.told.set()


@pytest.mark.parametrize("hears", [True, False])
def test_it_ends_when_it_is_told_to_although_it_still_begins(hears: bool, monkeypatch, caplog):
    monkeypatch.setattr("serving.app._PATIENCE", 60.0 if hears else 0.1)
    engine = Endless(hears)

    def live() -> None:
        with TestClient(create_app(engine=engine)) as client:
            assert engine.begun.wait(60)
            assert client.get("/v2/health/ready").status_code == 503

    living = threading.Thread(target=live, daemon=True)  # or nothing would end it
    living.start()
    living.join(60)
    assert not living.is_alive()
    assert engine.told.is_set()
    assert "does not get ready" not in caplog.text


def test_models_artists_and_styles_are_those_of_core(client: TestClient):
    listed = client.get("/v1/models").json()
    assert [each["id"] for each in listed] == list(models.catalogue())
    one = client.get(f"/v1/models/{models.DEFAULT}").json()
    assert one in listed
    assert one["sha256"] == models.get(models.DEFAULT).file.sha256
    assert [each["version"] for each in one["versions"]] == [one["version"]]
    everybody = client.get("/v1/artists").json()
    assert [each["id"] for each in everybody] == [each.id for each in artists.catalogue()]
    (monet,) = [each for each in everybody if each["id"] == "claude-monet"]
    assert models.DEFAULT in monet["models"]
    assert monet["style"]
    styles = client.get("/v1/styles").json()
    assert [each["id"] for each in styles] == [each.artist for each in artist_styles.catalogue()]


def test_the_metadata_is_that_of_the_open_inference_protocol(client: TestClient):
    found = client.get(f"/v2/models/{models.DEFAULT}").json()
    (version,) = found["versions"]
    assert found["outputs"][0]["shape"] == [len(models.get(models.DEFAULT).artists)]
    assert client.get(f"/v2/models/{models.DEFAULT}/versions/{version}").json() == found
    problem(client.get(f"/v2/models/{models.DEFAULT}/versions/1"), 404, "not-found")
    problem(client.get("/v2/models/nobody"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/models/nobody", 404),
        ("GET", "/v1/identifications", 405),
        ("DELETE", "/v1/models", 405),
    ],
)
def test_every_refusal_is_a_problem(client: TestClient, method: str, path: str, status: int):
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


def test_a_fault_is_an_incident_in_the_log(client, small, monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError("a secret")

    monkeypatch.setattr(identifications, "_identified", broken)
    response = client.post("/v1/identifications", content=small, headers=PNG)
    detail = problem(response, 500, "incident")
    assert "secret" not in response.text
    incident = re.search(r"incident (\w+)", detail)[1]
    assert incident in caplog.text
    assert response.headers["x-request-id"]


def test_who_has_no_key_is_not_let_in(application: Callable[..., FastAPI], small: bytes):
    other = hashlib.sha256(b"other").hexdigest()
    with TestClient(application(service_keys=f"{other}, {DIGEST}")) as client:
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {KEY}"}):
            response = client.get("/v1/models", headers=headers)
            problem(response, 401, "key-needed")
            assert response.headers["www-authenticate"] == "Bearer"
        assert client.get("/metrics").status_code == 401
        assert client.get("/v2/health/live").status_code == 200
        allowed = {"authorization": f"Bearer {KEY}"}
        assert client.get("/v1/models", headers=allowed).status_code == 200
        found = client.post("/v1/identifications", content=small, headers=PNG | allowed)
        assert found.status_code == 200
        from core import journal

        assert journal.predictions()[0].session == f"service {DIGEST[:12]}"


def test_who_asks_too_often_is_told_when_to_come_again(application: Callable[..., FastAPI]):
    with TestClient(application(service_rate=0.5)) as client:
        assert client.get("/v1/styles").status_code == 200
        response = client.get("/v1/styles")
        problem(response, 429, "rate")
        assert 1 <= int(response.headers["retry-after"]) <= 3
        assert client.get("/v2/health/live").status_code == 200


def test_other_origins_are_let_in_only_if_they_are_named(application: Callable[..., FastAPI]):
    asks = {"origin": "https://a.example"}
    with TestClient(application()) as client:
        assert "access-control-allow-origin" not in client.get("/v1/styles", headers=asks).headers
    with TestClient(application(service_origins="https://a.example")) as client:
        answered = client.get("/v1/styles", headers=asks).headers
        assert answered["access-control-allow-origin"] == "https://a.example"
        assert "Atelier-Version" in answered["access-control-expose-headers"]
        wanted = {
            "access-control-request-method": "PUT",
            "access-control-request-headers": "authorization, prefer, if-none-match",
        }
        assert client.options("/v1/predictions/1/picture", headers=asks | wanted).is_success
        other = client.get("/v1/styles", headers={"origin": "https://b.example"}).headers
        assert "access-control-allow-origin" not in other


def test_a_body_that_says_it_is_too_large_is_refused_unread(application, small: bytes):
    with TestClient(application(max_bytes=1000)) as client:
        response = client.post("/v1/identifications", content=bytes(1001), headers=PNG)
        assert "0.001 MB" in problem(response, 413, "body-too-large")
        form = client.post("/v1/identifications", files={"picture": bytes(2000)})
        problem(form, 413, "body-too-large")
        chunks = client.post(
            "/v1/identifications", content=(bytes(100) for _ in range(2000)), headers=PNG
        )
        problem(chunks, 413, "body-too-large")


@pytest.mark.parametrize("path", ["/v1/feedback", "/v1/releases"])
def test_a_large_body_of_json_is_refused_whoever_sends_it(application, path: str):
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    with TestClient(application(service_keys="a" * 64)) as client:
        headers = {"content-type": "application/json"}
        problem(client.post(path, content=chunks(), headers=headers), 413, "body-too-large")
        assert client.post(path, content=b"{}", headers=headers).status_code in (401, 403)


def test_memory_of_bodies_is_given_back_whatever_becomes_of_them(client, small: bytes):
    memory = client.app.state.service.memory
    for data in (small, small[:50]):
        client.post("/v1/identifications", content=data, headers=PNG)
        client.post("/v1/paintings", files={"picture": data}, data={"direction": "up"})
        assert memory.taken == 0
    memory.take(8 * 50_000_000)
    refused = client.post("/v1/identifications", content=small, headers=PNG)
    problem(refused, 429, "busy")


def test_the_service_imports_neither_streamlit_nor_tensorflow():
    script = "import sys, serving.app, serving.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert not {"streamlit", "tensorflow", "keras"} & set(done.stdout.split())


def ask(app: FastAPI, path: str, receive: Callable[[], Awaitable[dict]]) -> list[dict]:
    """Sends a PNG as ASGI messages, and returns those of the answer."""
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"",
        "headers": [(b"content-type", b"image/png")], "http_version": "1.1", "scheme": "http",
        "root_path": "", "raw_path": b"", "client": ("a", 1), "server": ("b", 2),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_body_that_never_comes_is_given_up(application: Callable[..., FastAPI]):
    async def receive() -> dict:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent = ask(application(service_timeout=0.2), "/v1/identifications", receive)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_who_leaves_while_sending_is_noted_and_no_fault(application, caplog):
    messages = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    caplog.set_level(logging.INFO, "serving")
    assert ask(application(), "/v1/identifications", receive) == []
    assert " 499 in " in caplog.text


def test_painting_stops_when_who_asked_leaves(application, small: bytes, monkeypatch, caplog):
    painting, stopped = threading.Event(), threading.Event()

    def paint(*_, stopping: Callable[[], bool], **__):
        painting.set()
        while not stopping():
            time.sleep(0.001)
        stopped.set()
        raise Stopped

    monkeypatch.setattr(monet, "paint", paint)
    messages = [{"type": "http.request", "body": small, "more_body": False}]

    async def receive() -> dict:
        if messages:
            return messages.pop()
        await asyncio.to_thread(painting.wait, 10)
        return {"type": "http.disconnect"}

    caplog.set_level(logging.INFO, "serving")
    app = application()
    assert ask(app, "/v1/paintings", receive) == []
    assert stopped.wait(10)
    assert " 499 in " in caplog.text
    assert "Incident" not in caplog.text


def test_ids_and_traces_go_into_the_log(client: TestClient, caplog, monkeypatch):
    from core import logs

    caplog.set_level(logging.INFO, "serving")
    lines = []
    formatter = logs._Json(detailed=True)
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(formatter.format(record)))
    logging.getLogger("serving.telemetry").addHandler(handler)
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    asked = {"x-request-id": "mine-1", "traceparent": trace}
    try:
        response = client.get("/v1/models/nobody", headers=asked)
        other = client.get("/v1/styles", headers={"x-request-id": "a b\tc", "traceparent": "00-x"})
    finally:
        logging.getLogger("serving.telemetry").removeHandler(handler)
    assert response.headers["x-request-id"] == "mine-1"
    assert re.fullmatch("[0-9a-f]{32}", other.headers["x-request-id"])
    first, second = lines
    assert first["request_id"] == "mine-1"
    assert first["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert first["traceparent"] == trace
    assert (first["route"], first["status"]) == ("/v1/models/{model_id}", 404)
    assert "trace_id" not in second


def test_what_is_done_after_an_answer_is_not_its_time(monkeypatch, caplog):
    from starlette.background import BackgroundTask
    from starlette.responses import PlainTextResponse

    from serving import telemetry

    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def app(scope, receive, send) -> None:
        wait(2)
        await PlainTextResponse("x", background=BackgroundTask(wait, 30))(scope, receive, send)

    clock = types.SimpleNamespace(perf_counter=lambda: now)
    monkeypatch.setattr(telemetry, "time", clock)
    with caplog.at_level("INFO", "serving.telemetry"):
        assert TestClient(telemetry.Telemetry(app)).get("/").text == "x"
    assert now == 32
    assert caplog.records[-1].fields["seconds"] == 2


def test_labels_are_bounded(client: TestClient):
    for number in range(3):
        client.get(f"/v1/models/nobody-{number}")
        client.get(f"/nothing/{number}")
        client.request(f"M{number}", "/v1/models")
    told = client.get("/metrics").text
    assert "nobody-" not in told
    assert "/nothing" not in told
    assert 'method="M' not in told
    assert 'route="/v1/models/{model_id}"' in told
    assert (
        'atelier_http_request_duration_seconds_count{method="GET",route="other",status="404"}'
        in told
    )


def test_every_name_follows_the_rules_of_prometheus(client: TestClient):
    told = client.get("/metrics").text
    ours = re.findall(r"^# TYPE (atelier_\w+) (\w+)$", told, re.MULTILINE)
    assert len(ours) > 8
    assert 'atelier_jobs{state="waiting"} 0.0' in told
    assert "atelier_jobs_resumed_total 0.0" in told
    for name, kind in ours:
        assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(ms|milliseconds|mb)\b", name), name


def test_of_jobs_nothing_is_told_while_the_database_is_away(client: TestClient, monkeypatch):
    def away(self: DatabaseEngine) -> int:
        raise DatabaseError("away")

    samples = re.compile(r"^atelier_jobs\S* \S+$", re.MULTILINE)
    assert len(samples.findall(client.get("/metrics").text)) > 3
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseEngine, "times_resumed", away)
        told = client.get("/metrics")
    assert told.status_code == 200
    assert "atelier_ready 1.0" in told.text
    assert samples.findall(told.text) == []
    assert metrics.CountedElsewhere.value is None  # nor before the first scrape
    assert "atelier_jobs_resumed_total 0.0" in client.get("/metrics").text


def test_the_documentation_loads_nothing_from_elsewhere(client: TestClient):
    assert client.get("/", follow_redirects=True).url.path == "/docs"
    for page in ("/docs", "/redoc"):
        told = client.get(page).text
        for source in re.findall(r'(?:src|href)="([^"]+)"', told):
            assert source.startswith("/"), source
            assert client.get(source).status_code == 200


def test_the_description_knows_every_field_of_the_requests(client: TestClient):
    from core.identify import IdentifyRequest
    from core.monet import MonetRequest
    from core.stylize.request import StylizeRequest

    paths = client.get("/openapi.json").json()["paths"]
    posted = paths["/v1/identifications"]["post"]
    form = posted["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"].keys() == {"picture", *IdentifyRequest.model_fields}
    top = IdentifyRequest.model_json_schema()["properties"]["top"]
    told = form["properties"]["top"]
    assert told["description"] == f"{top['description']} Default: 5."
    assert (told["title"], told["minimum"]) == (top["title"], top["minimum"])
    asked = [each["name"] for each in posted["parameters"] if each["in"] == "query"]
    assert asked == list(IdentifyRequest.model_fields)
    painted = paths["/v1/paintings"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert painted["schema"]["properties"].keys() == {
        *("picture", "photo", "style", "mask", "canvas"),
        *MonetRequest.model_fields,
        *StylizeRequest.model_fields,
    }
