"""Tests of versions and arms in the service: who answers, and that each answer says so."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from core import database, identify, journal, models
from core.jobs.durable import DatabaseEngine
from core.journal import Failure, Shadow
from core.models import versions
from core.releases import following, rows
from core.settings import settings
from serving import metrics
from serving.visitors import COOKIE
from tests.serving.test_identifications import PNG, problem
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL).id


def ask(client: TestClient, picture: bytes, **headers: str) -> dict:
    response = client.post("/v1/identifications", content=picture, headers=PNG | headers)
    assert response.status_code == 200, response.text
    return response.json()


def until(true: Callable[[], bool]) -> None:
    """Waits until something is true."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < 10
        time.sleep(0.02)


def test_every_answer_and_the_journal_say_which_version_it_was(client, small: bytes):
    made = make(9.0)
    before = ask(client, small)
    assert (before["version"], before["arm"]) == (SHIPS, "champion")
    rows.release(MODEL, made.id, who="a")
    until(lambda: ask(client, small)["version"] == made.id)
    after = ask(client, small)
    assert after["arm"] == "champion"
    assert after["artists"][0]["probability"] < before["artists"][0]["probability"]
    kept = {row.id: row for row in journal.predictions()}
    assert (kept[before["prediction_id"]].version, kept[before["prediction_id"]].arm) == (
        SHIPS,
        "champion",
    )
    assert kept[after["prediction_id"]].version == made.id
    lit = client.post("/v1/explanations", content=small, headers=PNG)
    assert lit.headers["atelier-version"] == made.id
    listed = client.get(f"/v1/models/{MODEL}").json()
    assert (listed["version"], listed["challenger"]) == (made.id, None)
    assert client.get(f"/v2/models/{MODEL}").json()["versions"] == [made.id]
    assert made.id in client.get("/metrics").text
    rows.rollback(MODEL, who="a")
    until(lambda: ask(client, small)["version"] == SHIPS)


def test_a_version_that_is_asked_for_answers_and_counts_in_no_experiment(client, small: bytes):
    made = make(9.0)
    found = ask(client, small, **{"Atelier-Version": made.id})
    assert (found["version"], found["arm"]) == (made.id, "forced")
    assert journal.predictions()[0].arm == "forced"
    lit = client.post("/v1/explanations", content=small, headers=PNG | {"Atelier-Version": made.id})
    assert (lit.headers["atelier-version"], lit.headers["atelier-arm"]) == (made.id, "forced")
    wrong = {"Atelier-Version": "000000000000"}
    for path in ("/v1/identifications", "/v1/explanations"):
        response = client.post(path, content=small, headers=PNG | wrong)
        assert "has no version '000000000000' here; there are:" in problem(
            response, 422, "unknown-name"
        )
    other = f"/v2/models/{MODEL}/versions/{made.id}"
    assert client.get(other).json()["name"] == MODEL
    problem(client.get(f"/v2/models/{MODEL}/versions/nothing"), 404, "not-found")


def test_a_visitor_stays_in_an_arm_by_cookie(client: TestClient, small: bytes):
    ask(client, small)
    assert COOKIE not in client.cookies  # nothing to be remembered for
    made = make(9.0)
    rows.canary(MODEL, made.id, 0.5, who="a")
    until(lambda: following.follower().serving(MODEL).challenger is not None)
    arms = set()
    for _ in range(12):
        client.cookies.clear()
        first = ask(client, small)
        assert client.cookies[COOKIE]
        assert [ask(client, small)["arm"] for _ in range(3)] == 3 * [first["arm"]]
        assert first["version"] == {"canary": made.id, "champion": SHIPS}[first["arm"]]
        arms.add(first["arm"])
    assert arms == {"canary", "champion"}
    tried = client.get(f"/v1/models/{MODEL}").json()["challenger"]
    assert tried == {"version": made.id, "role": "canary", "share": 0.5}


@pytest.mark.parametrize("cookie", ["x", "A" * 32, "0" * 33, "\\" * 32])
def test_a_cookie_that_is_none_of_ours_is_replaced(client: TestClient, small: bytes, cookie: str):
    rows.canary(MODEL, make(9.0).id, 0.5, who="a")
    until(lambda: following.follower().serving(MODEL).challenger is not None)
    response = client.post(
        "/v1/identifications", content=small, headers=PNG | {"Cookie": f"{COOKIE}={cookie}"}
    )
    assert "HttpOnly" in response.headers["set-cookie"]


def test_whoever_has_a_key_is_dealt_by_it(application, small: bytes):
    keys = [f"key {n}" for n in range(12)]
    made = make(9.0)
    rows.canary(MODEL, made.id, 0.5, who="a")
    with TestClient(application(service_keys=keepers(*keys))) as client:
        arms = {}
        for key in keys:
            found = [ask(client, small, Authorization=f"Bearer {key}")["arm"] for _ in range(2)]
            assert len(set(found)) == 1
            arms[key] = found[0]
        assert COOKIE not in client.cookies
        assert set(arms.values()) == {"canary", "champion"}
        # An application with one key asks for many visitors.
        behind = {}
        for visitor in range(12):
            told = {"Authorization": f"Bearer {keys[0]}", "Cookie": f"{COOKIE}={visitor:032x}"}
            behind[visitor] = ask(client, small, **told)["arm"]
            dealt = following.follower().deal(MODEL, f"{visitor:032x}")
            assert behind[visitor] == dealt.arm  # as where it answers by itself
    assert set(behind.values()) == {"canary", "champion"}


def test_a_painter_answers_as_it_ships_and_says_so(client: TestClient, small: bytes):
    ships = versions.shipped("photo_to_monet").id
    plain = client.post("/v1/paintings", content=small, headers=PNG)
    assert (plain.headers["atelier-version"], plain.headers["atelier-arm"]) == (ships, "champion")
    forced = client.post("/v1/paintings", content=small, headers=PNG | {"Atelier-Version": ships})
    assert forced.headers["atelier-arm"] == "forced"
    wrong = PNG | {"Atelier-Version": "000000000000"}
    told = problem(client.post("/v1/paintings", content=small, headers=wrong), 422, "unknown-name")
    assert told.endswith(f"only {ships}.")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"mode": "instant"}, "The model 'instant_style' has no version '000000000000' here, only"),
        ({}, "The model 'vgg16_base' has no version '000000000000' here, only"),
        ({"network": "vgg19"}, "The network 'vgg19' has no version '000000000000' here, nor any"),
    ],
)
def test_a_version_that_is_not_there_paints_no_job_either(
    client: TestClient, small: bytes, fields: dict[str, str], told: str
):
    order = {"files": {"photo": small}, "data": {"style": "claude-monet", "rows": "64"} | fields}
    wrong = {"Prefer": "respond-async", "Atelier-Version": "000000000000"}
    response = client.post("/v1/paintings", **order, headers=wrong)
    assert told in problem(response, 422, "unknown-name")
    assert DatabaseEngine().count() == 0


@pytest.mark.parametrize(
    ("mode", "model"), [("instant", "instant_style"), ("refine", "vgg16_base")]
)
def test_a_job_takes_the_version_that_ships(client: TestClient, small, mode: str, model: str):
    ships = versions.shipped(model).id
    headers = {"Prefer": "respond-async", "Atelier-Version": ships}
    fields = {"mode": mode, "style": "claude-monet", "rows": "64"}
    response = client.post("/v1/paintings", files={"photo": small}, data=fields, headers=headers)
    assert response.status_code == 202, response.text
    assert (response.json()["model"], response.json()["version"]) == (model, ships)


def keepers(*keys: str) -> str:
    return ",".join(hashlib.sha256(key.encode()).hexdigest() for key in keys)


@pytest.fixture
def keeping(application) -> Iterator[TestClient]:
    """A service with two keepers and a caller, asked by the first keeper."""
    app = application(service_keepers=keepers("one", "two"), service_keys=keepers("caller"))
    with TestClient(app, headers={"Authorization": "Bearer one"}) as client:
        yield client


def test_a_keeper_changes_what_serves_over_http(keeping: TestClient, small: bytes):
    made = make(9.0)
    asked = {"model": MODEL, "action": "canary", "version": made.id, "share": 0.25, "reason": "x"}
    response = keeping.post("/v1/releases", json=asked)
    assert response.status_code == 201, response.text
    assert response.json() == rows.history()[0].as_dict()
    assert response.json()["share"] == 0.25
    assert keeping.post("/v1/releases", json={"model": MODEL, "action": "promote"}).is_success
    caller = {"Authorization": "Bearer caller"}
    until(lambda: ask(keeping, small, **caller)["version"] == made.id)
    second = keeping.post(
        "/v1/releases",
        json={"model": MODEL, "action": "rollback"},
        headers={"Authorization": "Bearer two"},
    ).json()
    listed = keeping.get("/v1/releases", params={"model": MODEL, "limit": 2}).json()
    assert [row["role"] for row in listed] == ["retired", "champion"]
    assert listed[0]["who"] == second["who"] != listed[1]["who"]
    assert keeping.get("/v1/releases", params={"model": "nobody"}).json() == []
    again = {"model": MODEL, "action": "release", "version": made.id}
    assert keeping.post("/v1/releases", json=again).is_success


@pytest.mark.parametrize("key", ["", "caller", "three"])
def test_without_a_keepers_key_nothing_is_changed_or_told(keeping: TestClient, key: str):
    headers = {"Authorization": f"Bearer {key}"}
    asked = {"model": MODEL, "action": "rollback"}
    for response in (
        keeping.post("/v1/releases", json=asked, headers=headers),
        keeping.get("/v1/releases", headers=headers),
    ):
        problem(response, 401, "key-needed")


def test_where_there_is_no_keeper_nobody_changes_anything(client: TestClient):
    asked = {"model": MODEL, "action": "rollback"}
    problem(client.post("/v1/releases", json=asked), 403, "no-keeper")
    problem(client.get("/v1/releases"), 403, "no-keeper")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"model": MODEL, "action": "rollback"}, 409, "nothing-to-release"),
        ({"model": MODEL, "action": "promote"}, 409, "nothing-to-release"),
        ({"model": MODEL, "action": "release"}, 422, "invalid-request"),
        ({"model": MODEL, "action": "release", "version": "0" * 12}, 422, "unknown-name"),
        ({"model": "nobody", "action": "rollback"}, 422, "unknown-name"),
        ({"model": MODEL, "action": "canary", "share": 2}, 422, "invalid-request"),
        ({"model": MODEL, "action": "canary", "version": "../x"}, 422, "invalid-request"),
        ({"model": MODEL, "action": "drop"}, 422, "invalid-request"),
        ({"model": MODEL, "action": "rollback", "reason": "\0"}, 422, "invalid-request"),
    ],
)
def test_a_change_that_cannot_be_is_a_problem(keeping, asked: dict, status: int, code: str):
    problem(keeping.post("/v1/releases", json=asked), status, code)
    assert rows.history() == []


def test_a_shadow_looks_at_what_was_answered_and_nobody_sees_it(client, small: bytes):
    made = make(9.0)
    rows.canary(MODEL, made.id, 0, who="a")
    until(lambda: following.follower().serving(MODEL).challenger is not None)
    forced = ask(client, small, **{"Atelier-Version": SHIPS})
    assert forced["arm"] == "forced"  # and the shadow does not look
    told = [ask(client, small) for _ in range(3)]
    assert {(each["version"], each["arm"]) for each in told} == {(SHIPS, "champion")}

    def kept() -> list[Shadow]:
        with database.reading(settings().journal_url) as session:
            return list(session.scalars(select(Shadow).order_by(Shadow.prediction_id)))

    until(lambda: len(kept()) == 3)
    assert [each.prediction_id for each in kept()] == [each["prediction_id"] for each in told]
    assert {each.version for each in kept()} == {made.id}
    assert len(kept()[0].logits) == 2 * (len(versions.shipped(MODEL).entry.artists) + 1)
    rows.rollback(MODEL, who="a")
    until(lambda: following.follower().serving(MODEL).challenger is None)
    ask(client, small)
    assert len(kept()) == 3


@pytest.mark.parametrize("failure", [models.WeightsError("gone"), RuntimeError("of LiteRT")])
def test_a_shadow_that_fails_is_noted_and_harms_nobody(
    client, small: bytes, monkeypatch, failure: Exception
):
    made = make(9.0)
    rows.canary(MODEL, made.id, 0, who="a")
    until(lambda: following.follower().serving(MODEL).challenger is not None)
    real = identify.identify

    def fail(*given: object, version: str, **more: object) -> identify.Identification:
        if version == made.id:
            raise failure
        return real(*given, version=version, **more)

    monkeypatch.setattr(identify, "identify", fail)
    before = counted("500")
    ask(client, small)
    ask(client, small)

    def failures() -> int:
        with database.reading(settings().journal_url) as session:
            return len(session.scalars(select(Failure).where(Failure.version == made.id)).all())

    until(lambda: failures() >= 1)
    assert counted("500") == before


def counted(status: str) -> float:
    """How many identifications the metrics have with a status."""
    name = "atelier_http_request_duration_seconds_count"
    labels = {"route": "/v1/identifications", "method": "POST", "status": status}
    return metrics.registry.get_sample_value(name, labels) or 0.0
