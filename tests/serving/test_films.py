"""Tests for `serving.routes.films`, and of Monet as a job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from core import images, monet
from core.film.clips.reading import look
from core.jobs.durable import DatabaseEngine
from core.jobs.durable.worker import Worker
from core.settings import settings
from serving.admission import Lane
from serving.client import Client, ServiceError
from serving.messages.problems import Gone, Refused
from serving.routes import films, paintings
from tests.core.film import scenes
from tests.serving.test_identifications import problem

ASYNC = {"prefer": "respond-async"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six frames with sound."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    frames = [scenes.scene(number, 32, 48) for number in range(6)]
    return scenes.write(path, frames=frames, sound="aac").read_bytes()


@pytest.fixture
def atelier(client: TestClient) -> Iterator[Client]:
    """The client of the service, without a network."""
    with Client("http://testserver", transport=through(client)) as found:
        yield found


def through(client: TestClient) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = dict(request.headers)
        content = request.read()
        found = client.request(request.method, str(request.url), content=content, headers=headers)
        return httpx.Response(found.status_code, headers=dict(found.headers), content=found.content)

    return httpx.MockTransport(answer)


def work() -> None:
    assert Worker(DatabaseEngine()).work_one(threading.Event())


def test_a_film_from_its_order_to_its_result(atelier: Client, clip: bytes, tmp_path: Path):
    job = atelier.film(clip, ["claude-monet"], strength=0.5, strength_end=1)
    assert (job["task"], job["state"], job["model"]) == ("film", "waiting", "instant_style")
    work()
    told = list(atelier.events(job["id"]))
    assert told[-1]["kind"] == "done"
    assert {"painting", "finishing"} <= {e["progress"]["phase"] for e in told if "progress" in e}
    assert images.load(atelier.preview(job["id"])).pixels.shape == (32, 48, 3)
    (tmp_path / "film.mp4").write_bytes(atelier.result(job["id"]))
    film = look(tmp_path / "film.mp4")
    assert (film.kind, film.frames, film.height, film.sound) == ("mp4", 6, 32, "aac")


def test_it_is_what_was_asked_for_and_says_so(client: TestClient, clip: bytes):
    response = client.post(
        "/v1/films?way=monet",
        content=clip,
        headers={"content-type": "video/mp4", "accept": "image/gif, application/json"},
    )
    assert response.status_code == 202, response.text
    assert response.json()["model"] == monet.MODELS["to-monet"]
    address = response.headers["location"]
    problem(client.get(f"{address}/result"), 409, "not-finished")
    work()
    made = client.get(f"{address}/result", headers={"accept": "image/gif"})
    assert made.headers["content-type"] == "image/gif"
    assert made.content[:6] == b"GIF89a"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("video/webm;q=0.1, video/mp4", "mp4"),
        ("video/mp4;q=0.1, Video/WebM; q=0.5, image/gif;q=0", "webm"),
        ("video/webm, video/mp4", "webm"),
        ("*/*, video/webm;q=0.1", "webm"),
        ("application/json, image/gif;q=0.5", "gif"),
        ("video/webm;q=0, */*;q=0.1", "mp4"),
        ("video/webm;q=0, application/json", "mp4"),
        ("video/mp4;q=0, */*", "webm"),
        ("video/mp4;q=0, application/json", "webm"),
        ("video/*;q=0, */*", "gif"),
        ("video/*;q=0, application/json", "gif"),
        ("video/*", "mp4"),
        ("", "mp4"),
        ("video/webm;q=0", None),
        ("video/webm;q=best, */*;q=0", None),
    ],
)
def test_the_container_is_the_one_that_is_liked_best(
    client: TestClient, clip: bytes, accept: str, kind: str | None
):
    response = client.post(
        "/v1/films?way=monet", content=clip, headers={"content-type": "video/mp4", "accept": accept}
    )
    if kind is None:
        assert "video/webm" in problem(response, 406, "not-acceptable")
        return
    assert response.status_code == 202, response.text
    order = DatabaseEngine().find(response.json()["id"]).payload()
    assert order.kind == kind


def test_the_same_key_is_the_same_film(atelier: Client, clip: bytes):
    first = atelier.film(clip, way="monet", idempotency_key="mine")
    assert atelier.film(clip, way="monet", idempotency_key="mine")["id"] == first["id"]
    with pytest.raises(ServiceError, match="another request"):
        atelier.film(clip, way="monet", rows=32, strength=0.5, idempotency_key="mine")


def test_a_film_that_is_stopped_before_it_began_has_no_result(atelier: Client, clip: bytes):
    job = atelier.film(clip, way="monet")
    assert atelier.stop(job["id"])["state"] == "cancelled"
    with pytest.raises(ServiceError, match="anything to keep"):
        atelier.result(job["id"])


@pytest.mark.parametrize(
    ("fields", "styles", "sentence"),
    [
        ({}, [], "styles are needed"),
        ({"way": "monet"}, ["claude-monet"], "needs no style"),
        ({}, ["nobody"], "nobody"),
        ({}, [b"no picture"], "picture"),
        ({"steadiness": 2}, ["claude-monet"], "Steadiness"),
        ({"style_weights": "[1, 2]"}, ["claude-monet"], "one weight a style"),
        ({"brushes": 2}, ["claude-monet"], "brushes"),
    ],
)
def test_what_cannot_be_is_refused(atelier: Client, clip: bytes, fields, styles, sentence):
    with pytest.raises(ServiceError, match=sentence) as refused:
        atelier.film(clip, styles, **fields)
    assert refused.value.status == 422


def test_what_is_no_clip_is_refused(client: TestClient, atelier: Client, small: bytes):
    with pytest.raises(ServiceError, match="not a clip that can be opened"):
        atelier.film(small, ["claude-monet"])
    with pytest.raises(ServiceError, match=r"video/mp4, video/webm, image/gif"):
        atelier.film(small, ["claude-monet"], kind="image/png")
    problem(
        client.post("/v1/films", content=small, headers={"content-type": "image/png"}),
        415,
        "unsupported-media-type",
    )


def test_limits_are_told_in_a_sentence(application: Callable[..., FastAPI], clip: bytes):
    def refusal(**limits: int) -> ServiceError:
        with TestClient(application(**limits)) as asking:
            client = Client("http://testserver", transport=through(asking))
            with pytest.raises(ServiceError) as refused:
                client.film(clip, ["claude-monet"])
        return refused.value

    frames = refusal(service_film_frames=5)
    assert (frames.status, str(frames)) == (
        422, "The clip has 6 frames; at most 5 here, please."
    )  # fmt: skip
    size = refusal(service_film_frames=6, service_pixels=1000)
    assert (size.status, "48×32 pixels; at most 0.001" in str(size)) == (422, True)
    large = refusal(service_pixels=4_200_000, service_film_bytes=len(clip) - 1)
    assert (large.status, large.code) == (413, "body-too-large")


def test_a_journey_from_its_order_to_its_result(atelier: Client, small: bytes):
    job = atelier.journey(small, ["claude-monet"], kind="image/gif", rows=32, seconds=1, fps=6)
    assert (job["task"], job["state"], job["model"]) == ("journey", "waiting", "instant_style")
    work()
    told = list(atelier.events(job["id"]))
    assert told[-1]["kind"] == "done"
    assert [each["progress"]["of"] for each in told if "progress" in each][-1] == 6
    assert images.load(atelier.preview(job["id"])).pixels.shape == (32, 43, 3)
    loop = atelier.result(job["id"])
    assert loop[:6] == b"GIF89a"
    stopped = atelier.journey(small, ["claude-monet", small], rows=32, seconds=1)
    assert stopped["id"] != job["id"]
    assert atelier.stop(stopped["id"])["state"] == "cancelled"
    with pytest.raises(ServiceError, match="anything to keep"):
        atelier.result(stopped["id"])


def test_a_journey_that_cannot_be_is_refused(atelier: Client, small: bytes, monkeypatch):
    for photo, styles, fields, sentence in (
        (small, [], {}, "One to 6 styles are needed"),
        (small, ["claude-monet"] * 7, {}, "One to 6 styles are needed"),
        (small, ["nobody"], {}, "nobody"),
        (small, [b"no picture"], {}, "picture"),
        (b"no picture", ["claude-monet"], {}, "picture"),
        (small, ["claude-monet"], {"seconds": 0}, "Length"),
        (small, ["claude-monet"], {"strength": 1}, "strength"),
    ):
        with pytest.raises(ServiceError, match=sentence) as refused:
            atelier.journey(photo, styles, **fields)
        assert refused.value.status == 422
    monkeypatch.setenv("ATELIER_SERVICE_FILM_FRAMES", "95")
    settings.cache_clear()
    with pytest.raises(ServiceError, match="The journey would have 96 frames; at most 95 here"):
        atelier.journey(small, ["claude-monet"])


def test_a_monet_may_be_a_job(client: TestClient, small: bytes, remembered):
    response = client.post(
        "/v1/paintings", files={"picture": small}, data={"strength": "0.5"}, headers=ASYNC
    )
    assert response.status_code == 202, response.text
    job = response.json()
    assert (job["task"], job["model"]) == ("monet", monet.MODELS["to-monet"])
    work()
    made = client.get(f"{response.headers['location']}/result").content
    done = monet.paint(images.load(small).pixels)
    expected = monet.blend(done.before, done.after, 0.5)
    np.testing.assert_array_equal(images.load(made).pixels, expected)
    assert remembered(made)["strength"] == 0.5


@pytest.mark.parametrize(
    ("path", "part", "fields"),
    [
        ("films", "clip", {"way": "monet"}),
        ("journeys", "photo", {"style": "claude-monet"}),
        ("paintings", "picture", {}),
        ("paintings", "photo", {"style": "claude-monet", "rows": "64"}),
    ],
)
def test_nothing_is_painted_for_who_has_gone_while_it_was_looked_at(
    client: TestClient, clip: bytes, small: bytes, monkeypatch, path: str, part: str, fields
):
    async def too_late(_lane: Lane, _request: Request, work: Callable[..., object]) -> None:
        with pytest.raises(Gone):
            work(lambda: True)
        raise Refused(418, "gone", "Nobody reads this.")

    for module in (films, paintings):
        monkeypatch.setattr(module, "worked", too_late)
    files = {part: clip if part == "clip" else small}
    problem(client.post(f"/v1/{path}", files=files, data=fields, headers=ASYNC), 418, "gone")
    assert DatabaseEngine().count() == 0
