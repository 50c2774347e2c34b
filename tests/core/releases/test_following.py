"""Tests for `core.releases.following`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core import identify, models
from core.database import DatabaseError
from core.errors import UnknownName
from core.models import versions
from core.releases import arms, following, rows
from core.releases.following import Dealt, Follower
from core.releases.state import Challenger
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL).id


@pytest.fixture
def follow() -> Iterator[Callable[..., Follower]]:
    """Makes followers that are ended."""
    made = []

    def make(*given: object) -> Follower:
        made.append(Follower(*given))
        return made[-1]

    yield make
    for each in made:
        each.close()


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_without_releases_what_ships_serves(follow):
    found = follow().deal(MODEL, "v")
    assert found == Dealt(SHIPS, arms.CHAMPION)
    with pytest.raises(UnknownName):
        follow().deal("nobody", "v")


def test_a_process_begins_with_what_serves_in_memory(follow):
    made = make(3.0)
    rows.release(MODEL, made.id, who="a")
    follower = follow()
    assert follower.deal(MODEL, "v") == Dealt(made.id, arms.CHAMPION)
    assert models.is_loaded(MODEL, made.id)


def test_releases_are_followed_and_rolled_back(follow):
    one, two = make(3.0), make(4.0)
    follower = follow(identify.warm_up, 0.05)
    follower.start()
    for change, champion in (
        (lambda: rows.release(MODEL, one.id, who="a"), one.id),
        (lambda: rows.release(MODEL, two.id, who="a"), two.id),
        (lambda: rows.rollback(MODEL, who="a"), one.id),
        (lambda: rows.rollback(MODEL, who="a"), SHIPS),
    ):
        change()
        until(lambda champion=champion: follower.deal(MODEL, "v").version == champion)
    until(lambda: not models.is_loaded(MODEL, two.id))  # after it has stopped serving


def test_visitors_are_dealt_by_share(follow):
    made = make(3.0)
    rows.canary(MODEL, made.id, 0.3, who="a")
    follower = follow()
    dealt = {v: follower.deal(MODEL, v) for v in map(str, range(1000))}
    tried = {v for v, found in dealt.items() if found == Dealt(made.id, arms.CANARY)}
    assert 230 < len(tried) < 370
    assert {dealt[v] for v in dealt.keys() - tried} == {Dealt(SHIPS, arms.CHAMPION)}
    rows.canary(MODEL, None, 0.6, who="a")
    follower.look(wait=True)
    more = {v for v in dealt if follower.deal(MODEL, v).arm == arms.CANARY}
    assert tried < more


def test_a_shadow_answers_nobody(follow):
    made = make(3.0)
    rows.canary(MODEL, made.id, 0, who="a")
    follower = follow()
    follower.start()
    assert {follower.deal(MODEL, str(n)).version for n in range(100)} == {SHIPS}
    assert follower.serving(MODEL).challenger == Challenger(made.id, "shadow", 0.0)
    assert models.is_loaded(MODEL, made.id)


def test_a_version_may_be_asked_for(follow):
    made = make(3.0)
    assert follow().deal(MODEL, "v", made.id) == Dealt(made.id, arms.FORCED)
    assert follow().deal(MODEL, "v", SHIPS) == Dealt(SHIPS, arms.FORCED)
    with pytest.raises(UnknownName, match="has no version"):
        follow().deal(MODEL, "v", "0" * 12)


def test_nobody_is_dealt_a_version_before_it_is_loaded_and_a_rollback_waits_for_none(follow):
    one, two = make(3.0), make(4.0)
    may_load, began = threading.Event(), threading.Event()

    def slow(model_id: str, version: str) -> None:
        if version == two.id:
            began.set()
            may_load.wait(10)
        identify.warm_up(model_id, version)

    rows.release(MODEL, one.id, who="a")
    follower = follow(slow)
    follower.start()
    rows.release(MODEL, two.id, who="a")
    follower.look()
    assert began.wait(10)
    assert follower.deal(MODEL, "v").version == one.id
    rows.rollback(MODEL, who="a")
    rows.rollback(MODEL, who="a")
    follower.look()
    assert follower.deal(MODEL, "v").version == SHIPS
    may_load.set()
    until(lambda: models.is_loaded(MODEL, two.id))
    follower.look()
    assert follower.deal(MODEL, "v").version == SHIPS


def test_a_version_that_cannot_be_loaded_gives_way_to_the_one_before(follow, caplog):
    one, two = make(3.0), make(4.0)
    rows.release(MODEL, one.id, who="a")
    rows.release(MODEL, two.id, who="a")
    models.unload(MODEL, ())
    (two.directory / two.entry.file.name).write_bytes(b"x")
    follower = follow()
    assert follower.deal(MODEL, "v").version == one.id
    assert f"The version {two.id} of {MODEL} cannot be loaded" in caplog.text
    follower.look(wait=True)
    assert follower.deal(MODEL, "v").version == one.id


def test_without_the_database_the_last_that_was_known_serves(follow, monkeypatch, caplog):
    made = make(3.0)
    rows.release(MODEL, made.id, who="a")
    follower = follow()
    follower.start()

    def broken() -> int:
        raise DatabaseError("The database cannot be used just now.")

    monkeypatch.setattr(rows, "newest", broken)
    follower.look()
    assert follower.deal(MODEL, "v") == Dealt(made.id, arms.CHAMPION)
    assert "what was known last" in caplog.text
    assert follow().deal(MODEL, "v") == Dealt(SHIPS, arms.CHAMPION)


def test_a_database_that_cannot_be_read_is_asked_less_often_and_followed_again(follow, monkeypatch):
    made, asked, newest = make(3.0), [], rows.newest

    def broken() -> int:
        asked.append(time.monotonic())
        raise DatabaseError("The database cannot be used just now.")

    follower = follow(identify.warm_up, 0.02)
    follower.start()
    monkeypatch.setattr(rows, "newest", broken)
    until(lambda: len(asked) > 6)
    assert asked[-1] - asked[-2] > 0.1
    monkeypatch.setattr(rows, "newest", newest)
    rows.release(MODEL, made.id, who="a")
    until(lambda: follower.deal(MODEL, "v").version == made.id)


def test_the_follower_of_a_process_is_one():
    assert following.follower() is following.follower()
    before = following.follower()
    following.close()
    assert following.follower() is not before
