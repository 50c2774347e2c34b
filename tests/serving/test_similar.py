"""Tests for `serving.routes.similar`: the collection's paintings that are like an upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core import collection, identify, images, models, similar
from core.collection import scan
from serving.client import Client
from tests.core.collection.conftest import Here
from tests.serving.test_films import through
from tests.serving.test_identifications import PNG, problem


@pytest.fixture
def place(tmp_path: Path, painting: bytes, make_picture: Callable, monkeypatch) -> Path:
    """A collection of four paintings, not described yet."""
    monkeypatch.setattr(scan, "_pool", Here)
    directory = tmp_path / "somewhere" / "paintings"
    for file, data in {
        "Vincent_van_Gogh/Village_street.jpg": painting,
        "Claude_Monet/a.png": images.encode(make_picture(seed=1)),
        "Claude_Monet/b.png": images.encode(make_picture(seed=2)),
        "Nobody_In_Particular/c.png": images.encode(make_picture(seed=3)),
    }.items():
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_bytes(data)
    return directory


@pytest.fixture
def described(place: Path) -> Path:
    scan.scan(place)
    similar.build(place)
    return place


@pytest.fixture
def asking(application: Callable[..., FastAPI], described: Path):
    with TestClient(application(collection=described)) as client:
        yield client


def test_the_nearest_paintings_are_those_of_core(
    asking: TestClient, described: Path, painting: bytes
):
    with Client("http://testserver", transport=through(asking)) as atelier:
        found = atelier.similar(painting, top=3)
    picture = images.load(painting, enough=identify.ENOUGH)
    expected = similar.similar(picture, described, similar.SimilarRequest(top=3))
    assert [each["file"] for each in found["paintings"]] == [n.painting.file for n in expected]
    for each, neighbor in zip(found["paintings"], expected, strict=True):
        assert each["distance"] == pytest.approx(neighbor.distance, abs=1e-5)
    assert found["paintings"][0] | {"distance": 0} == {
        "painter": "Vincent van Gogh",
        "artist": "vincent-van-gogh",
        "title": "Village street",
        "file": "Vincent_van_Gogh/Village_street.jpg",
        "distance": 0,
    }
    assert found["described"] == 4
    assert found["model"] == models.DEFAULT
    assert found["version"] == models.versions.shipped(models.DEFAULT).id


def test_nothing_tells_where_the_collection_lies(asking: TestClient, described: Path, small: bytes):
    response = asking.post("/v1/similar?top=50", content=small, headers=PNG)
    assert str(described.parent) not in response.text
    found = {each["file"]: each for each in response.json()["paintings"]}
    assert len(found) == 4
    nobody = found["Nobody_In_Particular/c.png"]
    assert (nobody["painter"], nobody["artist"]) == ("Nobody In Particular", None)


def test_without_a_collection_it_is_told_in_a_sentence(client: TestClient, small: bytes):
    told = problem(client.post("/v1/similar", files={"picture": small}), 404, "no-collection")
    assert "ATELIER_COLLECTION" in told


def test_what_is_not_described_yet_is_told_without_a_path(application, place: Path, small: bytes):
    with TestClient(application(collection=place)) as client:
        response = client.post("/v1/similar", files={"picture": small})
        told = problem(response, 503, "not-indexed")
        assert "core scan" in told
        assert int(response.headers["retry-after"]) > 0
        assert str(place.parent) not in response.text
        scan.scan(place)
        similar.build(place)
        again = client.post("/v1/similar", files={"picture": small})
        assert len(again.json()["paintings"]) == 4


def test_a_collection_that_cannot_be_read_is_told_without_a_path(
    asking: TestClient, described: Path, small: bytes, monkeypatch: pytest.MonkeyPatch
):
    def unusable(*_: object) -> None:
        raise collection.CollectionError(f"There are no pictures in {described}.")

    monkeypatch.setattr(similar, "similar", unusable)
    response = asking.post("/v1/similar", files={"picture": small})
    problem(response, 503, "collection")
    assert str(described.parent) not in response.text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"top": "0"}, "How many paintings (top)"),
        ({"top": "51"}, "How many paintings (top)"),
        ({"count": "3"}, "There is no setting 'count'"),
        ({"picture": "vincent-van-gogh"}, "Exactly one file"),
    ],
)
def test_a_wrong_field_is_told_in_a_sentence(asking, small: bytes, data: dict, told: str):
    response = asking.post("/v1/similar", files={"picture": small}, data=data)
    assert told in problem(response, 422, "invalid-request")


def test_what_is_no_picture_is_refused(asking: TestClient):
    response = asking.post("/v1/similar", files={"picture": b"nothing"})
    problem(response, 422, "unreadable-picture")


def test_when_there_is_no_room_it_is_refused_at_once(asking: TestClient, small: bytes):
    lane = asking.app.state.service.names
    lane._load = lane.room
    try:
        problem(asking.post("/v1/similar", files={"picture": small}), 429, "busy")
    finally:
        lane._load = 0
