"""The task "warm-up" and the request of an identification."""

from __future__ import annotations

import pickle

import pytest

from core import errors, identify, jobs, models
from core.identify import IdentifyRequest
from core.identify.tasks import WarmUp
from core.jobs import State

LIMIT = 60  # seconds; a test that needs it has failed


def test_a_request_asks_the_default_model_for_five_names():
    request = IdentifyRequest()
    assert (request.model, request.top, request.explain) == (models.DEFAULT, 5, False)
    with pytest.raises(errors.InvalidRequest, match="at least 1"):
        IdentifyRequest(top=0)


def test_the_payload_is_plain_data():
    payload = WarmUp("vgg16", 0.5)
    assert pickle.loads(pickle.dumps(payload)) == payload  # noqa: S301 - our own bytes


def test_a_model_is_made_ready(monkeypatch: pytest.MonkeyPatch):
    ready: list[str] = []
    monkeypatch.setattr(identify, "warm_up", ready.append)
    job = jobs.submit("warm-up", WarmUp("vgg16"))
    job.result(LIMIT)
    assert ready == ["vgg16"]
    assert job.progress.phase == "loading"


def test_what_waits_for_its_moment_can_be_cancelled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(identify, "warm_up", lambda model: pytest.fail("it was loaded"))
    job = jobs.submit("warm-up", WarmUp(delay=LIMIT))
    job.cancel()
    job.result(LIMIT)
    assert job.state is State.cancelled


@pytest.mark.parametrize("error", [ValueError("shapes"), errors.AtelierError("No.")], ids=repr)
def test_what_goes_wrong_is_in_the_log(monkeypatch: pytest.MonkeyPatch, caplog, error):
    def broken(model: str) -> None:
        raise error

    monkeypatch.setattr(identify, "warm_up", broken)
    job = jobs.submit("warm-up", WarmUp("vgg16"))
    with pytest.raises(type(error)):
        job.result(LIMIT)
    assert f"The model vgg16 is not ready: {error!r}" in caplog.text
