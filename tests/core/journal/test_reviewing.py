"""The queue of what visitors said: each is decided once, and a later word is in it again."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import database, images, journal
from core.journal import pictures, reviewing
from core.settings import settings


@pytest.fixture
def jpeg(make_picture) -> bytes:
    return images.encode(make_picture(64, 48), "JPEG")


def numbers(*, with_picture: bool) -> list[int]:
    return [each.prediction_id for each in reviewing.waiting(with_picture=with_picture, limit=9)]


def test_what_is_decided_leaves_the_queue_and_may_come_back(answered, jpeg):
    first, second, third = answered(), answered(right=True, artist="titian"), answered()
    pictures.keep(second, jpeg)
    assert numbers(with_picture=False) == [third, first]
    (said,) = reviewing.waiting(with_picture=True)
    assert (said.prediction_id, said.first, said.probability) == (second, "titian", 0.75)
    assert (said.right, said.artist, said.has_picture) == (True, "titian", True)

    reviewing.decide(said.id, "accepted", "key ada")
    assert reviewing.count(with_picture=True) == 0
    (taken,) = reviewing.accepted()
    assert (taken.said, taken.who, taken.picture_sha256) == (said, "key ada", "ab" * 32)
    assert taken.path.read_bytes() == pictures.read(second)

    reviewing.decide(said.id, "open", "key ada")
    assert reviewing.waiting(with_picture=True) == [said]
    assert reviewing.accepted() == []
    reviewing.decide(said.id, "rejected", "key bob")
    assert reviewing.count(with_picture=True) == len(reviewing.accepted()) == 0
    assert reviewing.count(with_picture=False) == 2


def test_a_later_word_is_to_be_decided_anew(answered, jpeg):
    number = answered()
    pictures.keep(number, jpeg)
    reviewing.decide(reviewing.waiting(with_picture=True)[0].id, "accepted", "ada")
    journal.give_feedback(number, right=False, artist_id=None)
    assert reviewing.accepted() == []
    (said,) = reviewing.waiting(with_picture=True)
    assert said.artist is None


@pytest.mark.parametrize("right", [True, False])
def test_only_who_says_so_says_that_it_is_by_a_stranger(
    answered, jpeg, right, any_database, monkeypatch
):
    monkeypatch.setenv("ATELIER_JOURNAL_URL", any_database)
    settings.cache_clear()
    number = answered(right=right, artist=None)
    pictures.keep(number, jpeg)
    (said,) = reviewing.waiting(with_picture=True)
    assert not said.says_who
    reviewing.decide(said.id, "accepted", "ada")
    assert reviewing.accepted() == []
    assert reviewing.stands([number]) == {number: (False, None)}
    with database.engine(any_database).begin() as connection:  # as it was kept before
        connection.execute(text("UPDATE feedback SET stranger = NULL"))
    assert reviewing.accepted() == []
    assert reviewing.stands([number]) == {number: (False, None)}

    journal.give_feedback(number, right=right, artist_id=None, stranger=True)
    (said,) = reviewing.waiting(with_picture=True)
    assert (said.right, said.artist, said.stranger, said.says_who) == (right, None, True, True)
    reviewing.decide(said.id, "accepted", "ada")
    assert [each.said for each in reviewing.accepted()] == [said]
    assert reviewing.stands([number]) == {number: (True, None)}


def test_what_the_visitor_takes_back_is_not_accepted(answered, jpeg):
    number = answered()
    pictures.keep(number, jpeg)
    reviewing.decide(reviewing.waiting(with_picture=True)[0].id, "accepted", "ada")
    pictures.drop(number)
    assert reviewing.accepted() == []


def test_a_decision_is_never_changed_and_goes_with_what_it_is_about(
    answered, any_database, monkeypatch, jpeg
):
    monkeypatch.setenv("ATELIER_JOURNAL_URL", any_database)
    settings.cache_clear()
    number = answered()
    pictures.keep(number, jpeg)
    reviewing.decide(reviewing.waiting(with_picture=True)[0].id, "accepted", "ada")
    with database.engine(any_database).begin() as connection, pytest.raises(DBAPIError):
        connection.execute(text("UPDATE decisions SET verdict = 'rejected'"))
    (taken,) = reviewing.accepted()
    assert journal.forget(taken.said.time.max) == 1
    with database.reading(any_database) as session:
        assert session.query(journal.Decision).count() == 0
    assert not taken.path.exists()
    reviewing.decide(taken.said.id, "rejected", "ada")  # of what is no longer there
    assert reviewing.count(with_picture=True) == reviewing.count(with_picture=False) == 0
