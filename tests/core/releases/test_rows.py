"""Tests for `core.releases.rows`."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError

from core import database, models
from core.errors import InvalidRequest, UnknownName
from core.models import WeightsError, versions
from core.releases import rows
from core.releases.state import Challenger, State
from core.settings import settings
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL).id


@pytest.fixture
def anywhere(any_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Releases in each kind of database that there is."""
    monkeypatch.setenv("ATELIER_JOURNAL_URL", any_database)
    settings.cache_clear()
    return any_database


def test_a_release_is_kept_with_who_why_and_evidence(anywhere: str):
    made = make(3.0)
    row = rows.release(MODEL, made.id, who="ada", reason="better", evidence={"gain": 0.02})
    assert row.id == rows.newest() == 1
    (kept,) = rows.history(MODEL)
    assert kept.as_dict() == row.as_dict()
    assert (kept.who, kept.reason, kept.evidence) == ("ada", "better", {"gain": 0.02})
    assert (kept.role, kept.share) == ("champion", 1.0)
    assert rows.current(MODEL) == State((made.id,))


@pytest.mark.parametrize("statement", ["DELETE FROM releases", "UPDATE releases SET who = 'b'"])
def test_no_release_can_be_changed_afterwards(anywhere: str, statement: str):
    rows.release(MODEL, make(3.0).id, who="a")
    with (
        pytest.raises(DBAPIError, match="only added"),
        create_engine(anywhere).begin() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert rows.history()[0].who == "a"


def test_from_canary_to_rollback(anywhere: str):
    one, two = make(3.0), make(4.0)
    rows.release(MODEL, one.id, who="ada")
    rows.canary(MODEL, two.id, 0.1, who="ada")
    rows.canary(MODEL, None, 0.5, who="ada")
    assert rows.current(MODEL) == State((one.id,), Challenger(two.id, "canary", 0.5))
    rows.promote(MODEL, who="ada")
    assert rows.current(MODEL) == State((one.id, two.id))
    rows.rollback(MODEL, who="ada")
    assert rows.current(MODEL) == State((one.id,))
    rows.rollback(MODEL, who="ada")
    assert rows.current(MODEL) == State()
    assert [row.role for row in rows.history()][::-1] == [
        "champion",
        "canary",
        "canary",
        "champion",
        "retired",
        "retired",
    ]
    assert rows.newest() == 6
    assert rows.states() == (6, {MODEL: State()})


def test_a_challenger_is_withdrawn_before_the_champion():
    one, two = make(3.0), make(4.0)
    rows.release(MODEL, one.id, who="ada")
    rows.canary(MODEL, two.id, 0, who="ada")
    assert rows.rollback(MODEL, who="ada").version == two.id
    assert rows.current(MODEL) == State((one.id,))


def test_one_version_is_withdrawn_wherever_it_stands():
    one, two, three = make(3.0), make(4.0), make(5.0)
    for each in (one, two):
        rows.release(MODEL, each.id, who="ada")
    rows.canary(MODEL, three.id, 0.1, who="ada")
    rows.rollback(MODEL, one.id, who="ada")
    assert rows.current(MODEL) == State((two.id,), Challenger(three.id, "canary", 0.1))
    with pytest.raises(rows.NothingToDo, match="withdrawn already"):
        rows.rollback(MODEL, one.id, who="ada")
    rows.rollback(MODEL, two.id, who="ada")
    assert rows.current(MODEL) == State((), Challenger(three.id, "canary", 0.1))
    rows.rollback(MODEL, three.id, who="ada")
    assert rows.current(MODEL) == State()


def test_what_came_last_is_left_alone_if_another_one_is_meant():
    one, two = make(3.0), make(4.0)
    rows.release(MODEL, one.id, who="ada")
    rows.canary(MODEL, two.id, 0.1, who="ada")
    for step in (rows.rollback, rows.promote):
        with pytest.raises(rows.NothingToDo, match="replaced"):
            step(MODEL, who="the watch", expected=one.id)
    assert rows.rollback(MODEL, who="the watch", expected=two.id).version == two.id


def test_what_would_change_nothing_is_refused():
    made = make(3.0)
    for wrong in (
        lambda: rows.rollback(MODEL, who="a"),
        lambda: rows.promote(MODEL, who="a"),
        lambda: rows.canary(MODEL, None, 0.1, who="a"),
        lambda: rows.canary(MODEL, SHIPS, 0.1, who="a"),
        lambda: rows.release(MODEL, SHIPS, who="a"),
    ):
        with pytest.raises(rows.NothingToDo):
            wrong()
    rows.canary(MODEL, made.id, 0.1, who="a")
    with pytest.raises(rows.NothingToDo, match="already"):
        rows.canary(MODEL, made.id, 0.1, who="a")
    assert rows.newest() == 1


def test_what_cannot_serve_is_not_released():
    made = make(3.0)
    with pytest.raises(UnknownName):
        rows.release(MODEL, "0" * 12, who="a")
    with pytest.raises(UnknownName):
        rows.rollback("nobody", who="a")
    with pytest.raises(InvalidRequest, match="names no artists"):
        rows.release("photo_to_monet", versions.shipped("photo_to_monet").id, who="a")
    with pytest.raises(InvalidRequest, match="between 0 and 1"):
        rows.canary(MODEL, made.id, 1.5, who="a")
    (made.directory / made.entry.file.name).write_bytes(b"x")
    with pytest.raises(WeightsError, match="damaged"):
        rows.release(MODEL, made.id, who="a")
    assert rows.history() == []


def test_a_rollback_needs_no_file():
    made = make(3.0)
    rows.release(MODEL, made.id, who="a")
    (made.directory / made.entry.file.name).unlink()
    rows.rollback(MODEL, who="a")
    assert rows.current(MODEL) == State()


def test_of_two_at_once_the_second_follows_upon_the_first(anywhere: str):
    made = [make(float(n)) for n in range(3, 7)]
    rows.newest()
    threads = [
        threading.Thread(target=rows.release, args=(MODEL, each.id), kwargs={"who": "a"})
        for each in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows.rollback(MODEL, who="a")
    kept = rows.history()[::-1]
    assert kept[-1].version == kept[-2].version
    assert rows.current(MODEL).champions == tuple(row.version for row in kept[:3])


def test_a_look_for_news_reads_one_index():
    made = make(3.0)
    rows.release(MODEL, made.id, who="a")
    said = []
    engine = database.engine(settings().journal_url)
    event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    rows.newest()
    (query,) = [each for each in said if each != "BEGIN"]
    with create_engine(settings().journal_url).connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert "SEARCH" in str(plan)  # and no SCAN
