"""Errors: what is said of them, and what is logged."""

from __future__ import annotations

import pytest

from core import errors


def test_an_unknown_name_is_a_sentence_without_quotes_around_it():
    error = errors.UnknownName("There is no model 'x'.")
    assert str(error) == "There is no model 'x'."
    with pytest.raises(KeyError, match=r"^There is no model 'x'\.$"):
        raise error


def test_who_can_put_it_right_is_told_how_and_nothing_is_logged(caplog):
    assert errors.sentence(errors.InvalidRequest("Choose fewer rows.")) == "Choose fewer rows."
    assert not caplog.records


def test_anything_else_is_logged_with_its_traceback_under_the_id_that_is_told(caplog):
    try:
        {}["missing"]
    except KeyError as error:
        told = errors.sentence(error)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.args[0]) in told
    assert "missing" not in told
