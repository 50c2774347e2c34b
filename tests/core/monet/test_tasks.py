"""The task "monet" and its request: plain data in and out, stopped between tiles."""

from __future__ import annotations

import pickle

import pytest

from core import errors, examples, images, jobs, monet
from core.jobs import Progress, State, Uncontrolled
from core.monet import MonetPayload, MonetRequest, MonetResult, generate
from core.requests import described

LIMIT = 120  # seconds; a test that needs it has failed


@pytest.fixture(scope="module")
def photo() -> bytes:
    pixels = images.load(examples.photos()[1].read()).pixels
    return images.encode(images.preview(pixels, 120), "JPEG")


def test_a_request_has_the_ranges_of_page_and_command():
    request = MonetRequest()
    assert (request.direction, request.brush, request.strength) == ("to-monet", "auto", 1.0)
    assert described(MonetRequest, "direction").choices == monet.DIRECTIONS
    assert described(MonetRequest, "brush").choices == ("auto", *monet.BRUSHES)
    for wrong in ({"strength": 1.3}, {"strength": float("nan")}, {"brush": "x"}, {"size": 1}):
        with pytest.raises(errors.InvalidRequest):
            MonetRequest(**wrong)


def test_a_job_paints_as_the_library_does(photo: bytes):
    payload = MonetPayload(MonetRequest(direction="to-photo", brush="fine"), photo)
    job = jobs.submit("monet", payload)
    result = job.result(LIMIT)
    assert isinstance(result, MonetResult)
    assert (job.progress.phase, job.progress.fraction) == ("painting", 1.0)
    expected = monet.paint(images.load(photo).pixels, "to-photo", brush="fine")
    jpeg = images.encode(expected.after, "JPEG", quality=95, subsampling=0)
    assert result.after == jpeg
    assert images.load(result.before).pixels.shape == expected.before.shape


def test_payload_result_and_progress_are_plain_data(photo: bytes):
    payload = MonetPayload(MonetRequest(strength=0.5), photo)
    result = MonetResult(b"before", b"after", 0.5)
    for each in (payload, result):
        assert pickle.loads(pickle.dumps(each)) == each  # noqa: S301 - our own bytes
    told = list(jobs.registered("monet").run(payload, Uncontrolled()))
    assert told
    for progress in told:
        assert Progress.model_validate_json(progress.model_dump_json()) == progress


def test_a_network_that_is_not_loaded_yet_is_told(photo: bytes, monkeypatch):
    monkeypatch.setattr(generate, "is_loaded", lambda direction: False)
    steps = jobs.registered("monet").run(MonetPayload(MonetRequest(), photo), Uncontrolled())
    assert [progress.phase for progress in steps] == ["loading", "painting"]


class Impatient(Uncontrolled):
    """Stops everything at once."""

    stopping = True


def test_a_stopped_painting_has_no_result(photo: bytes):
    steps = jobs.registered("monet").run(MonetPayload(MonetRequest(), photo), Impatient())
    next(steps)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value is None


def test_what_is_no_picture_fails_with_a_sentence():
    job = jobs.submit("monet", MonetPayload(MonetRequest(), b"Dear Theo"))
    with pytest.raises(images.UnreadablePicture):
        job.result(LIMIT)
    assert job.state is State.failed
    assert job.sentence.startswith("This is not a picture")
