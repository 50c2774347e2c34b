"""The work of pages done by a service: the same answers and pictures as in this process."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import artists, examples, images, jobs, models, monet
from core.errors import AtelierError, InvalidRequest
from core.jobs import Handle, State, Uncontrolled
from core.models import WeightsError, loading
from core.monet import MonetPayload, MonetRequest
from core.settings import ROOT, settings
from core.stylize.request import StylizeRequest
from pages.components.ui import progress, uploads
from pages.components.work import asking, following, identifying, painting, where
from pages.components.work.asking import NotNow, ServiceFailed
from pages.components.work.commission import Commission
from serving.client import Client
from tests.load.service import serving

SESSION = "0123456789abcdef0123456789abcdef"
KEY = "a-key"
LIMIT = 120  # seconds

Ask = Callable[..., None]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def same(
    one: bytes | np.ndarray, other: bytes | np.ndarray, *, most: int = 8, mean: float = 0.1
) -> bool:
    """Whether two pictures are but for rounding: sums of another process have another order."""
    a, b = (images.load(each).pixels if isinstance(each, bytes) else each for each in (one, other))
    if a.shape != b.shape:
        return False
    apart = np.abs(a.astype(int) - b.astype(int))
    return bool(apart.max() <= most and apart.mean() < mean)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with a key and a keeper; gives its address."""
    folder = tmp_path_factory.mktemp("service")
    chosen = {"service_keys": digest(KEY), "service_keepers": digest("keeper")}
    with serving("--workers-of-jobs", "1", kept=folder / "kept", **chosen) as found:
        yield f"http://127.0.0.1:{found.port}"


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Has the application ask a service, or none again."""

    def choose(url: str = "", token: str = KEY) -> None:
        monkeypatch.setenv("ATELIER_SERVICE", url)
        monkeypatch.setenv("ATELIER_SERVICE_TOKEN", token if url else "")
        for forget in (settings.cache_clear, st.cache_data.clear, st.cache_resource.clear):
            forget()

    return choose


@pytest.fixture
def asked(service: str, asks: Ask) -> str:
    asks(service)
    return service


WAVE = uploads.given("the wave.jpg", examples.catalogue()[2].read())


@pytest.mark.slow
def test_a_painting_has_the_names_and_the_heat_map_that_it_has_here(service: str, asks: Ask):
    here = identifying.identified(WAVE, models.DEFAULT, None, SESSION)
    lit = identifying.lit(WAVE.data, here.result, "katsushika-hokusai")
    asks(service)
    there = identifying.identified(WAVE, models.DEFAULT, None, SESSION)
    assert there.by_service
    assert [g.artist for g in there.result.guesses] == [g.artist for g in here.result.guesses]
    assert [g.probability for g in there.result.guesses] == pytest.approx(
        [g.probability for g in here.result.guesses], abs=1e-6
    )
    for name in ("model", "version", "known", "kind"):
        assert getattr(there.result, name) == getattr(here.result, name)
    assert there.result.kinds == pytest.approx(here.result.kinds, abs=1e-6)
    assert there.result.known_score == pytest.approx(here.result.known_score, abs=1e-6)
    assert same(identifying.lit(WAVE.data, there.result, "katsushika-hokusai"), lit)


@pytest.mark.slow
def test_what_is_offered_is_what_the_service_has(service: str, asks: Ask):
    here = identifying.offered()
    assert identifying.versions_of(models.DEFAULT)
    words = identifying.versions_of(models.DEFAULT)
    asks(service)
    assert list(identifying.offered().items()) == list(here.items())  # the first is asked first
    assert identifying.versions_of(models.DEFAULT) == words
    assert "sent to the service" in where()


@pytest.mark.slow
def test_what_a_visitor_says_is_kept_by_the_service(asked: str):
    answer = identifying.identified(WAVE, models.DEFAULT, None, SESSION)
    identifying.say(answer, right=False, artist_id="claude-monet")
    identifying.say(answer, right=False, artist_id=None, stranger=True)
    with pytest.raises(AtelierError, match="is no stranger"):
        identifying.say(answer, right=False, artist_id="claude-monet", stranger=True)
    with pytest.raises(AtelierError, match="did you mean"):
        identifying.say(answer, right=False, artist_id="Claude Monet")
    assert identifying.kept_days(answer) == 150
    identifying.keep(answer, WAVE)
    other = uploads.given("other.jpg", examples.catalogue()[0].read())
    # A number alone gives no power over it.
    with pytest.raises(InvalidRequest, match="no prediction"):
        identifying.keep(answer, other)
    with pytest.raises(InvalidRequest, match="no prediction"):
        identifying.drop(answer, other.digest)
    identifying.drop(answer, WAVE.digest)


@pytest.mark.slow
def test_a_page_identifies_without_loading_a_network(asked: str, monkeypatch):
    monkeypatch.setattr(loading, "_loaded", {})
    app = AppTest.from_file(str(ROOT / "pages" / "identify.py"), default_timeout=LIMIT).run()
    app.file_uploader[0].set_value(
        [("wave.jpg", WAVE.data, "image/jpeg"), ("notes.txt", b"Dear Theo", "image/jpeg")]
    ).run()
    assert not app.exception
    assert "Katsushika Hokusai" in "".join(str(each.proto.body) for each in app.get("html"))
    assert "notes.txt" in app.warning[0].value
    app.toggle[0].set_value(True).run()
    assert any("what spoke for" in i.alt for g in app.get("image") for i in g.proto.imgs)
    app.segmented_control[0].set_value("Yes").run()
    app.checkbox[0].set_value(True).run()
    assert any("it is kept" in each.value for each in app.caption)
    assert not loading._loaded


def commission(picture: np.ndarray, **more: object) -> Commission:
    photo = uploads.given("the hill.png", images.encode(picture))
    style = uploads.given("style.jpg", examples.catalogue()[0].read())
    request = StylizeRequest(rows=64, start="instant", **more)
    return Commission(request=request, photo=photo, styles=[style, "claude-monet"])


@pytest.mark.slow
def test_a_picture_at_once_is_the_one_that_is_painted_here(service: str, asks: Ask, make_picture):
    half = np.zeros((64, 96, 3), np.uint8)
    half[:32] = 255
    wanted = commission(
        make_picture(64, 96), region_styles=("photo", "all"), style_weights=(1.0, 2.0), brush=1.4
    )
    wanted = Commission(**{**vars(wanted), "masks": (images.encode(half),)})
    here = painting.at_once(wanted)
    asks(service)
    # A network that copies statistics enlarges what rounding leaves; two runtimes are 0.6 apart.
    assert same(painting.at_once(wanted), here, most=16, mean=1)


def ended(job: Handle) -> object:
    return job.result(timeout=LIMIT)


@pytest.mark.slow
@pytest.mark.parametrize("direction", monet.DIRECTIONS)
def test_a_monet_and_its_cycle_are_those_painted_here(
    service: str, asks: Ask, make_picture, direction: monet.Direction
):
    picture = make_picture(96, 128)
    payload = MonetPayload(MonetRequest(direction=direction), images.encode(picture))
    before, here = (
        painting.cycle(picture, direction, "broad"),
        ended(painting.as_monet(payload, 60)),
    )
    asks(service)
    there = ended(painting.as_monet(payload, 60))
    assert there.before == here.before
    assert same(there.after, here.after)
    cycle = painting.cycle(picture, direction, "broad")
    assert same(cycle.back, before.back)
    assert cycle.error == pytest.approx(before.error, abs=1e-4)


@pytest.mark.slow
def test_a_file_that_is_none_is_refused_as_here(asked: str):
    job = painting.as_monet(MonetPayload(MonetRequest(), b"no picture"), 60)
    with pytest.raises(images.UnreadablePicture, match="not a picture"):
        ended(job)
    with pytest.raises(images.UnreadablePicture, match="not a picture"):
        identifying.identified(uploads.given("a", b"no picture"), models.DEFAULT, None, SESSION)


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_painting_is_followed_stopped_and_gone_on_with(service: str, asks: Ask, make_picture):
    wanted = commission(make_picture(64, 96), steps=3)
    here = ended(painting.refine(wanted, 60))
    asks(service)
    job = painting.refine(wanted, 60)
    there = ended(job)
    assert (there.step, there.complete, there.scale) == (3, True, 1.0)
    assert there.request == here.request
    assert np.abs(there.pixels.astype(float) - here.pixels).mean() < 1
    assert job.progress.preview is not None
    assert job.progress.still is not None
    assert there.curve[-1].step == 3
    assert {Image.open(io.BytesIO(each)).size for each in there.frames} == {(96, 64)}
    assert len(there.frames) >= 3

    endless = Commission(**{**vars(wanted), "request": wanted.request.changed(steps=1000)})
    job = painting.refine(endless, 60)
    wait_for(lambda: job.progress is not None and job.progress.step > 0)
    job.cancel()
    stopped = ended(job)
    assert job.state is State.cancelled
    assert not stopped.complete
    assert 0 < stopped.step < 1000
    assert stopped.pixels.shape == (64, 96, 3)

    more = Commission(**{**vars(wanted), "earlier": stopped})
    further = ended(painting.refine(more, 60))
    assert further.step == stopped.step + 3
    assert further.complete
    assert further.seconds > stopped.seconds
    assert further.curve[0] == stopped.curve[0]
    # It went on from what was there, not from the photo; how far depends on when it was stopped.
    apart, painted = (
        np.abs(each.astype(float) - stopped.pixels).mean()
        for each in (further.pixels, images.load(wanted.photo.data).pixels)
    )
    assert apart < painted


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_job_whose_page_has_gone_is_stopped_at_the_service_too(asked: str, make_picture):
    job = painting.refine(commission(make_picture(64, 96), steps=1000), 2.0)

    def painted() -> bool:
        job.touch()
        return job.progress is not None and job.progress.step > 0

    wait_for(painted)
    assert unfinished(asked) == 1
    wait_for(lambda: job.is_finished)  # nobody looks any more
    assert job.state is State.cancelled
    assert unfinished(asked) == 0


def unfinished(url: str) -> float:
    """How many jobs of the service are not finished."""
    answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {KEY}"}).text
    counts = [line.split() for line in answer.splitlines() if line.startswith("atelier_jobs{")]
    return sum(float(n) for name, n in counts if "running" in name or "waiting" in name)


def test_a_service_that_is_away_is_told_in_a_sentence(asks: Ask, monkeypatch):
    monkeypatch.setattr(loading, "_loaded", {})
    asks("http://127.0.0.1:9")
    with pytest.raises(NotNow, match="does not answer: please try again"):
        identifying.identified(WAVE, models.DEFAULT, None, SESSION)
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=LIMIT).run()
    app.switch_page("pages/identify.py").run()
    assert not app.exception
    assert "does not answer" in app.error[0].value
    warmed = jobs.find("warm-up")
    assert warmed is not None
    warmed.result(LIMIT)
    assert not loading._loaded  # which is the service's matter


@pytest.mark.slow
def test_without_the_right_key_the_sentence_is_for_who_runs_it(service: str, asks: Ask, caplog):
    asks(service, token="another")
    with pytest.raises(ServiceFailed, match="ATELIER_SERVICE_TOKEN") as refused:
        identifying.offered()
    assert refused.value.code == "key-needed"
    assert "401" in caplog.text


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    told = {"code": code, "detail": f"The sentence of {code}."}
    return httpx.Response(
        status, json=told, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


REFUSALS = [
    (problem(413, "body-too-large"), ServiceFailed, "too large for the service"),
    (problem(429, "busy", retry_after="7"), NotNow, "in 7 seconds"),
    (problem(429, "too-many-jobs", retry_after="1"), NotNow, "in 1 second\\."),
    (problem(503, "draining", retry_after="2"), NotNow, "not ready for it.*in 2 seconds"),
    (problem(503, "unavailable", retry_after="5"), NotNow, "not ready for it.*in 5 seconds"),
    (problem(503, "version", retry_after="5"), ServiceFailed, "The sentence of version"),
    (httpx.Response(503, text="<html>"), NotNow, "not ready for it"),
    (problem(403, "not-kept"), ServiceFailed, "The sentence of not-kept"),
    (httpx.Response(403, text="<html>"), ServiceFailed, "key of this application.*TOKEN"),
    (problem(503, "weights", retry_after="5"), WeightsError, "The sentence of weights"),
    (problem(422, "invalid-request"), InvalidRequest, "The sentence of invalid-request"),
    (problem(501, "tensorflow-missing"), ServiceFailed, "The sentence of tensorflow-missing"),
    (httpx.Response(502, text="<html>"), NotNow, "does not answer"),
    (httpx.Response(200, text="<html>"), ServiceFailed, "ATELIER_SERVICE"),
    (httpx.Response(200, json=[1]), ServiceFailed, "ATELIER_SERVICE"),
]


@pytest.mark.parametrize(("answer", "kind", "sentence"), REFUSALS)
def test_refusals_become_sentences(asks: Ask, monkeypatch, answer, kind, sentence):
    asks("http://service.invalid")
    transport = httpx.MockTransport(lambda _: answer)
    fake = Client("http://service.invalid", transport=transport)
    monkeypatch.setattr(asking, "_shared", lambda *_: fake)
    with pytest.raises(AtelierError, match=sentence) as refused:
        identifying.identified(WAVE, models.DEFAULT, None, SESSION)
    assert type(refused.value) is kind


def test_an_order_waits_in_line_until_the_service_takes_it(asks: Ask, monkeypatch):
    asks("http://service.invalid")
    answers = [problem(429, "busy", retry_after="1"), None]
    painted = images.encode(np.full((32, 32, 3), 7, np.uint8))

    def answer(_: httpx.Request) -> httpx.Response:
        return answers.pop(0) or httpx.Response(200, content=painted)

    fake = Client("http://service.invalid", transport=httpx.MockTransport(answer))
    monkeypatch.setattr(asking, "_shared", lambda *_: fake)
    given = images.encode(np.zeros((32, 32, 3), np.uint8))
    done = ended(painting.as_monet(MonetPayload(MonetRequest(), given), 60))
    assert images.load(done.after).pixels.mean() == pytest.approx(7, abs=1)
    assert not answers


def test_no_more_than_a_few_pictures_are_asked_for_at_a_time(asks: Ask, monkeypatch):
    asks("http://service.invalid")
    end, begun = threading.Event(), []
    painted = images.encode(np.full((32, 32, 3), 7, np.uint8))

    def answer(_: httpx.Request) -> httpx.Response:
        begun.append(threading.current_thread())
        end.wait(LIMIT)
        return httpx.Response(200, content=painted)

    fake = Client("http://service.invalid", transport=httpx.MockTransport(answer))
    monkeypatch.setattr(asking, "_shared", lambda *_: fake)
    payload = MonetPayload(MonetRequest(), painted)
    waiting = [painting.as_monet(payload, LIMIT) for _ in range(10)]
    wait_for(lambda: len(begun) == following._AT_ONCE)
    assert [job.position for job in waiting] == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
    assert progress.in_line(waiting[-1]) == "Queue position 7: 6 before you"
    end.set()
    assert all(ended(job) for job in waiting)
    assert len(set(begun)) <= following._AT_ONCE


def test_who_waits_for_the_service_is_told_so(asks: Ask, monkeypatch):
    asks("http://service.invalid")
    painted = images.encode(np.full((32, 32, 3), 7, np.uint8))
    answers = [problem(429, "busy", retry_after="1"), httpx.Response(200, content=painted)]
    transport = httpx.MockTransport(lambda _: answers.pop(0))
    fake = Client("http://service.invalid", transport=transport)
    monkeypatch.setattr(asking, "_shared", lambda *_: fake)
    steps = following.as_monet(MonetPayload(MonetRequest(), painted), Uncontrolled())
    told = [*steps]
    assert [each.phase for each in told] == ["painting", "waiting", "painting"]
    words = [progress.in_line(SimpleNamespace(position=0, progress=each)) for each in told]
    assert words == ["", "In line until there is room for it", ""]


def test_an_artist_whom_only_the_service_knows_is_named(asks: Ask, monkeypatch):
    asks("http://service.invalid")
    told = {
        "artists": [{"id": "somebody-taught", "name": "Somebody Taught", "probability": 0.9}],
        "known": True, "known_score": 0.9, "kind": None, "kinds": None, "model": "m",
        "version": "v", "arm": "champion", "prediction_id": None, "kept_days": 0, "seconds": 0.1,
    }  # fmt: skip
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=told))
    fake = Client("http://service.invalid", transport=transport)
    monkeypatch.setattr(asking, "_shared", lambda *_: fake)
    monkeypatch.setattr(artists.people, "_introduced", {})
    answer = identifying.identified(WAVE, models.DEFAULT, None, SESSION)
    assert answer.result.guesses[0].artist.name == "Somebody Taught"
