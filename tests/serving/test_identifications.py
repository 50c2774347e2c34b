"""Tests for `serving.routes.identifications` and `serving.routes.feedback`."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import time

import pytest
from PIL import Image
from starlette.testclient import TestClient

from benchmarks.walls import on_a_wall, overlap
from core import identify, images, journal, models
from core.identify import outline
from core.journal import pictures as kept
from tests import fuzz

PNG = {"content-type": "image/png"}


def problem(response, status: int, code: str) -> str:
    """The sentence of a problem, which is as RFC 9457 has it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"].endswith(code)
    assert found["title"]
    return found["detail"]


def test_an_identification_is_that_of_core(client: TestClient, painting: bytes):
    response = client.post(
        "/v1/identifications", files={"picture": painting}, data={"top": "3", "model": ""}
    )
    assert response.status_code == 200, response.text
    found = response.json()
    expected = identify.identify(images.load(painting, enough=identify.ENOUGH), top=3)
    assert [each["id"] for each in found["artists"]] == [g.artist.id for g in expected.guesses]
    assert found["artists"][0]["probability"] == pytest.approx(expected.guesses[0].probability)
    assert found["known"] == expected.known
    assert found["model"] == models.DEFAULT
    assert found["version"] == models.versions.shipped(models.DEFAULT).id
    assert found["arm"] == "champion"
    (row,) = journal.predictions()
    assert row.id == found["prediction_id"]
    assert row.session == "service"


def test_a_raw_picture_with_a_query_is_answered_like_a_form(client: TestClient, painting: bytes):
    raw = client.post(
        "/v1/identifications?top=2", content=painting, headers={"content-type": "image/jpeg"}
    ).json()
    form = client.post("/v1/identifications", files={"picture": painting}, data={"top": 2}).json()
    assert raw["artists"] == form["artists"]


def test_a_painting_is_cut_out_of_its_wall_if_asked(client: TestClient, painting: bytes):
    photo, corners, frame = on_a_wall(images.load(painting, enough=600).pixels, 2)
    body = images.encode(photo, "JPEG")
    kind = {"content-type": "image/jpeg"}
    found = client.post("/v1/identifications?cut_out=true", content=body, headers=kind).json()
    assert max(overlap(found["corners"], corners), overlap(found["corners"], frame)) > 0.85
    whole = client.post("/v1/identifications", content=body, headers=kind).json()
    assert whole["corners"] is None
    alone = client.post("/v1/identifications?cut_out=true", content=painting, headers=kind).json()
    assert alone["corners"] is None
    assert found["artists"][0]["id"] == alone["artists"][0]["id"]


def test_an_explanation_comes_along_if_asked_for(client: TestClient, small: bytes):
    found = client.post("/v1/identifications?explain=true", content=small, headers=PNG).json()
    with Image.open(io.BytesIO(base64.b64decode(found["explanation"]))) as image:
        assert image.size == (64, 48)


def test_an_explanation_alone_is_a_picture_that_names_its_model(client: TestClient, small: bytes):
    response = client.post(
        "/v1/explanations",
        files={"picture": small},
        data={"artist": "claude-monet"},
        headers={"accept": "image/jpeg;q=0.5, image/webp"},
    )
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["atelier-model"] == models.DEFAULT
    assert response.headers["atelier-arm"] == "champion"
    assert len(response.headers["atelier-version"]) == 12
    assert response.headers["atelier-prediction-id"]
    with Image.open(io.BytesIO(response.content)) as image:
        assert image.size == (64, 48)


def test_without_a_journal_the_answer_comes_all_the_same(
    client: TestClient, small: bytes, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_, **__):
        raise journal.JournalError("The journal cannot be used just now.")

    monkeypatch.setattr("serving.routes.identifications.record", broken)
    found = client.post("/v1/identifications", files={"picture": small})
    assert found.status_code == 200
    assert found.json()["prediction_id"] is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"top": "0"}, "How many names (top)"),
        ({"top": "many"}, "How many names (top)"),
        ({"top": ["1", "2"]}, "given 2 times"),
        ({"model": "nobody"}, "No model 'nobody'"),
        ({"model": "photo_to_monet"}, "names no artists"),
        ({"tops": "1"}, "There is no setting 'tops'"),
        ({"picture": "vincent-van-gogh"}, "Exactly one file"),
    ],
)
def test_a_wrong_field_is_told_in_a_sentence(client, small: bytes, data: dict, told: str):
    response = client.post("/v1/identifications", files={"picture": small}, data=data)
    assert response.status_code == 422
    assert told in response.json()["detail"]


def test_exactly_one_picture_is_needed(client: TestClient, small: bytes):
    two = [("picture", small), ("picture", small)]
    assert "Exactly one" in problem(
        client.post("/v1/identifications", files=two), 422, "invalid-request"
    )
    other = client.post("/v1/identifications", files={"photo": small})
    assert "no part 'photo'" in problem(other, 422, "invalid-request")


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "", "application/x-www-form-urlencoded"]
)
def test_other_bodies_are_refused(client: TestClient, kind: str):
    response = client.post("/v1/identifications", content=b"{}", headers={"content-type": kind})
    problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=a",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=a; charset=undefined",
    ],
)
def test_a_form_that_is_none_is_refused(client: TestClient, kind: str):
    body = b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--"
    response = client.post("/v1/identifications", content=body, headers={"content-type": kind})
    assert response.status_code in (400, 422)
    assert response.json()["code"] in ("malformed-form", "invalid-request")


def test_hostile_bodies_are_refused_and_none_is_slow(client: TestClient):
    statuses = set()
    for label, data in fuzz.cases(seed=16, count=300):
        started = time.perf_counter()
        response = client.post("/v1/identifications", content=data, headers=PNG)
        assert time.perf_counter() - started < 10, label
        assert response.status_code in (200, 422), (label, response.text)
        statuses.add(response.status_code)
    assert statuses == {200, 422}


def test_mutated_forms_are_answered_without_a_fault(client: TestClient, small: bytes):
    for label, body in fuzz.forms(150, small):
        response = client.post(
            "/v1/identifications", content=body, headers={"content-type": fuzz.FORM}
        )
        assert response.status_code in (200, 400, 415, 422), (label, response.text)


def test_feedback_is_kept(client: TestClient, small: bytes):
    number = client.post("/v1/identifications", content=small, headers=PNG).json()["prediction_id"]
    said = {"prediction_id": number, "right": False, "artist": "claude-monet"}
    response = client.post("/v1/feedback", json=said)
    assert response.status_code == 201
    assert response.json() == said | {"stranger": False}
    kept = journal.feedback()[number]
    assert (kept.right, kept.artist) == (False, "claude-monet")
    for word in ({}, {"stranger": True}):  # a mere no, and somebody else
        said = {"prediction_id": number, "right": False} | word
        response = client.post("/v1/feedback", json=said)
        assert response.json() == {"artist": None, "stranger": False} | said
        kept = journal.feedback()[number]
        assert (kept.right, kept.artist, kept.stranger) == (False, None, bool(word))


def test_nobody_else_says_whether_it_was_right(application, small: bytes):
    digests = ",".join(hashlib.sha256(key).hexdigest() for key in (b"one", b"two"))
    mine, other = ({"authorization": f"Bearer {key}"} for key in ("one", "two"))
    with TestClient(application(service_keys=digests)) as client:
        found = client.post("/v1/identifications", content=small, headers=PNG | mine).json()
        said = {"prediction_id": found["prediction_id"], "right": False}
        problem(client.post("/v1/feedback", json=said, headers=other), 422, "unknown-name")
        assert client.post("/v1/feedback", json=said, headers=mine).status_code == 201


def test_a_picture_is_kept_and_deleted_by_who_has_it_alone(application, small: bytes, painting):
    with TestClient(application(service_keepers="a" * 64, kept_days=3)) as client:
        found = client.post("/v1/identifications", content=small, headers=PNG).json()
        assert found["kept_days"] == 3
        number = found["prediction_id"]
        address, known = f"/v1/predictions/{number}/picture", hashlib.sha256(small).hexdigest()
        problem(client.put(address, files={"picture": painting}), 422, "invalid-request")
        assert kept.read(number) is None
        assert client.put(address, files={"picture": small}).status_code == 204
        assert images.load(kept.read(number)).pixels.shape == (48, 64, 3)
        other = client.delete(address, params={"sha256": "0" * 64})
        problem(other, 422, "invalid-request")
        assert kept.read(number) is not None
        assert client.delete(address, params={"sha256": known}).status_code == 204
        assert kept.read(number) is None
        assert client.delete(address, params={"sha256": known}).status_code == 204


def test_of_a_painting_that_was_cut_out_only_that_is_kept(application, painting: bytes):
    whole, _, _ = on_a_wall(images.load(painting, enough=400).pixels, 2)
    photo = images.encode(whole)
    with TestClient(application(service_keepers="a" * 64)) as client:
        sent, wanted = {"picture": photo}, {"cut_out": True}
        found = client.post("/v1/identifications", files=sent, data=wanted).json()
        assert found["corners"]
        number = found["prediction_id"]
        address = f"/v1/predictions/{number}/picture"
        assert client.put(address, files=sent, params=wanted).status_code == 204
    expected, _ = outline.without_wall(images.load(photo))
    small = images.preview(expected.pixels, kept.SIDE)
    assert images.load(kept.read(number)).pixels.shape == small.shape
    assert small.shape[0] < whole.shape[0]


def test_where_nobody_looks_at_pictures_none_is_kept(client: TestClient, small: bytes):
    found = client.post("/v1/identifications", content=small, headers=PNG).json()
    assert found["kept_days"] == 0
    address = f"/v1/predictions/{found['prediction_id']}/picture"
    problem(client.put(address, content=small, headers=PNG), 403, "not-kept")


@pytest.mark.parametrize(
    "said",
    [
        {"prediction_id": 999, "right": True},
        {"prediction_id": 2**80, "right": True},
        {"prediction_id": 1, "right": "perhaps"},
        {"prediction_id": 1},
        {"prediction_id": 1, "right": True, "artist": "nobody"},
        {"prediction_id": 1, "right": True, "artist": "\ud800"},
        {"prediction_id": 1, "right": True, "more": 1},
        {"prediction_id": 1, "right": False, "artist": "claude-monet", "stranger": True},
        [],
        "x",
        None,
    ],
)
def test_feedback_on_nothing_is_refused(client: TestClient, said: object):
    response = client.post(
        "/v1/feedback", content=json.dumps(said), headers={"content-type": "application/json"}
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
