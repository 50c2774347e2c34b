"""What was confirmed is kept, whatever dies."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core import artists, identify, journal, settings


@pytest.fixture
def result() -> identify.Identification:
    guess = identify.Guess(artists.get("titian"), 0.75)
    return identify.Identification("some-model", "0123456789ab", (guess,), True, 0.9, 0.012)


def test_a_prediction_comes_back_as_it_was(result):
    number = journal.record(result, picture_sha256="ab" * 32, session="s")
    (kept,) = journal.predictions()
    assert (kept.id, kept.model, kept.picture_sha256) == (number, "some-model", "ab" * 32)
    assert kept.artists == [{"id": "titian", "probability": 0.75}]
    assert kept.known_score == 0.9
    assert (kept.version, kept.arm) == ("0123456789ab", "champion")


def test_a_model_that_cannot_tell_strangers_is_kept_as_one_that_knows(result):
    journal.record(replace(result, known=None, known_score=None), picture_sha256="", session="s")
    assert journal.predictions()[0].known_score == 1


def test_only_what_was_predicted_is_known(result):
    number = journal.record(result, picture_sha256="a", session="s")
    assert journal.is_known(number, "s")
    assert not journal.is_known(number, "another")
    assert not journal.is_known(number + 1, "s")


def test_sessions_do_not_see_each_other(result):
    for session in ("one", "two", "one"):
        journal.record(result, picture_sha256="", session=session)
    assert len(journal.predictions("one")) == 2
    assert [p.session for p in journal.predictions("two")] == ["two"]
    assert journal.predictions("three") == []


def test_the_last_word_counts(result):
    first, second = (journal.record(result, picture_sha256="", session="s") for _ in range(2))
    journal.give_feedback(first, right=True, artist_id="titian")
    journal.give_feedback(first, right=False, artist_id="rembrandt")
    journal.give_feedback(second, right=False, artist_id=None)
    said = journal.feedback()
    assert (said[first].right, said[first].artist) == (False, "rembrandt")
    assert (said[second].right, said[second].artist) == (False, None)
    assert said[second].stranger is False  # a mere no
    journal.give_feedback(second, right=False, artist_id=None, stranger=True)
    assert journal.feedback()[second].stranger is True


def test_many_threads_lose_nothing(result):
    with ThreadPoolExecutor(16) as pool:
        numbers = list(
            pool.map(
                lambda n: journal.record(result, picture_sha256=str(n), session="s"), range(200)
            )
        )
    assert len(set(numbers)) == 200
    assert {p.picture_sha256 for p in journal.predictions()} == {str(n) for n in range(200)}


def test_a_confirmed_prediction_survives_a_kill(result, tmp_path):
    """A process that is killed the moment `record` has returned has lost nothing."""
    code = """
import os, signal
from core import artists, identify, journal
guess = identify.Guess(artists.get("titian"), 0.75)
result = identify.Identification("m", "0123456789ab", (guess,), True, 0.9, 0.01)
journal.record(result, picture_sha256="killed", session="s")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=settings.ROOT, check=False)
    assert done.returncode == -9
    assert [p.picture_sha256 for p in journal.predictions()] == ["killed"]


@pytest.mark.parametrize("url", ["sqlite:///{}/file/journal.db", "sqlite:///{}"])
def test_a_journal_that_cannot_be_opened_is_one_error(result, tmp_path, monkeypatch, url):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ATELIER_JOURNAL_URL", url.format(tmp_path))
    settings.settings.cache_clear()
    with pytest.raises(journal.JournalError):
        journal.record(result, picture_sha256="", session="s")
    with pytest.raises(journal.JournalError):
        journal.predictions()
