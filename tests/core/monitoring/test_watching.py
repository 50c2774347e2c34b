"""The watch, on a real journal: taken back, promoted, or left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core import identify, journal, models
from core.identify import Observation
from core.models import Version, versions
from core.monitoring import traffic, watching
from core.releases import arms, rows
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL)


def seen(artist: int, *, sure: float = 9.0) -> Observation:
    logits = np.zeros(len(SHIPS.entry.artists) + 1, np.float32)
    logits[artist] = sure
    return Observation(logits, np.eye(1, 64, dtype=np.float32)[0], 0.5, 0.3, 1.2, 800, "JPEG")


Answer = Callable[..., None]


@pytest.fixture
def answer() -> Answer:
    """Has a version answer, and visitors say whether it was right."""

    def one(
        version: str,
        right: list[bool],
        *,
        known: bool = True,
        seconds: float = 0.02,
        arm: str = arms.CHAMPION,
    ) -> None:
        for number, said in enumerate(right):
            found = identify.of_observation(SHIPS.entry, version, seen(number % 40))
            found = replace(found, seconds=seconds, known=known)
            if not known:
                found = replace(found, observation=seen(len(SHIPS.entry.artists)))
            kept = journal.record(found, picture_sha256=str(number), session="s", arm=arm)
            named = found.guesses[0].artist.id
            journal.give_feedback(kept, right=said, artist_id=named if said else "titian")

    return one


def test_nobody_came_nothing_is_done():
    assert watching.standing(MODEL) is None
    assert watching.act(MODEL) is None


def test_equals_go_on_beside_each_other(answer):
    tried = make(3.0)
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    answer(SHIPS.id, [True, False] * 20)
    answer(tried.id, [False, True] * 20)
    found = watching.standing(MODEL)
    assert found is not None
    assert (found.version, found.against, found.answers) == (tried.id, SHIPS.id, 40)
    assert (found.comparison.wins, found.comparison.losses) == (20, 20)
    assert watching.act(MODEL) is None
    assert rows.current(MODEL).challenger is not None


def test_the_better_is_promoted_on_evidence_and_the_worse_taken_back(answer):
    tried = make(3.0)
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    answer(SHIPS.id, [False] * 30)
    answer(tried.id, [True] * 30)
    row = watching.act(MODEL)
    assert row is not None
    assert (row.role, row.version, row.who) == ("champion", tried.id, "watch")
    assert row.evidence is not None
    assert row.evidence["evidence"] >= 20
    assert row.evidence["losses"] == 0

    worse = make(4.0)
    rows.canary(MODEL, worse.id, 0.5, who="keeper")
    answer(tried.id, [True] * 30)
    answer(worse.id, [False] * 30)
    row = watching.act(MODEL)
    assert row is not None
    assert (row.role, row.version) == ("retired", worse.id)
    assert rows.current(MODEL).champion == tried.id


def test_what_was_answered_before_it_was_tried_out_does_not_count(answer):
    tried = make(3.0)
    answer(tried.id, [False] * 30)
    answer(SHIPS.id, [True] * 30)
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    found = watching.standing(MODEL)
    assert found is not None
    assert (found.answers, found.comparison.losses) == (0, 0)


def test_a_new_share_goes_on_with_the_trial_a_new_trial_begins_anew(answer):
    tried = make(3.0)
    rows.canary(MODEL, tried.id, 0.1, who="keeper")
    answer(tried.id, [True] * 5)
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    assert watching.standing(MODEL).answers == 5
    rows.rollback(MODEL, who="keeper")
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    assert watching.standing(MODEL).answers == 0


def test_one_that_knows_nobody_is_taken_back_within_a_window(answer):
    tried = make(3.0)
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    answer(SHIPS.id, [True] * 60)
    answer(tried.id, [True] * watching.WINDOW, known=False)
    row = watching.act(MODEL)
    assert row is not None
    assert row.role == "retired"
    assert "unknown artists" in row.reason


def test_answers_by_a_version_that_was_asked_for_decide_nothing(answer):
    tried = make(3.0)
    rows.canary(MODEL, tried.id, 0.5, who="keeper")
    answer(SHIPS.id, [True] * 60)
    answer(tried.id, [False] * watching.WINDOW, known=False, arm=arms.FORCED)
    for _ in range(10):
        with (
            pytest.raises(ZeroDivisionError),
            journal.failures_kept(MODEL, tried.id, arms.FORCED),
        ):
            1 / 0  # noqa: B018 - as a network might
    found = watching.standing(MODEL)
    assert (found.answers, found.comparison.losses, found.breaches) == (0, 0, ())
    assert watching.act(MODEL) is None


def test_a_champion_of_long_ago_is_not_compared_with_the_one_before(answer, monkeypatch):
    answer(SHIPS.id, [True] * 60)
    made = make(3.0)
    rows.release(MODEL, made.id, who="keeper")
    answer(made.id, [True] * watching.WINDOW, known=False)  # other pictures than in spring
    assert watching.standing(MODEL).breaches
    monkeypatch.setattr(watching, "_NEW", timedelta(0))
    assert watching.act(MODEL) is None
    for _ in range(10):
        with pytest.raises(ZeroDivisionError), journal.failures_kept(MODEL, made.id):
            1 / 0  # noqa: B018 - as a network might
    assert "10 of 60 requests failed" in watching.act(MODEL).reason


def test_a_release_that_fails_or_dawdles_is_taken_back(answer):
    answer(SHIPS.id, [True] * 60)
    failing = make(3.0)
    rows.release(MODEL, failing.id, who="keeper")
    for _ in range(10):
        with pytest.raises(ZeroDivisionError), journal.failures_kept(MODEL, failing.id):
            1 / 0  # noqa: B018 - as a network might
    row = watching.act(MODEL)
    assert row is not None
    assert "10 of 10 requests failed" in row.reason
    assert rows.current(MODEL).champion is None

    slow = make(4.0)
    rows.release(MODEL, slow.id, who="keeper")
    answer(slow.id, [True] * 30, seconds=0.2)
    row = watching.act(MODEL)
    assert row is not None
    assert "takes 0.2 s" in row.reason


def test_traffic_is_what_was_recorded(answer, any_database, monkeypatch):
    from core.settings import settings

    monkeypatch.setenv("ATELIER_JOURNAL_URL", any_database)
    settings.cache_clear()
    answer(SHIPS.id, [True, False, True])
    found = traffic.read(MODEL)
    assert len(found) == 3
    assert found.right.tolist() == [True, False, True]
    assert found.answered.all()
    assert found.said.tolist() == [SHIPS.entry.artists[0], "titian", SHIPS.entry.artists[2]]
    assert found.named.tolist() == list(SHIPS.entry.artists[:3])
    assert found.pictures.tolist() == ["0", "1", "2"]
    ages = (datetime.now(UTC).replace(tzinfo=None) - found.times.astype(datetime)).tolist()
    assert all(timedelta() <= age < timedelta(minutes=5) for age in ages)  # wherever the server is
    assert set(found.formats.tolist()) == {"JPEG"}
    assert traffic.newest(MODEL) == (3, 3)
    assert len(traffic.read(MODEL, most=2)) == 2
    assert len(traffic.read(MODEL, "000000000000")) == 0
    assert len(traffic.read("vgg16")) == 0


def test_each_version_reads_its_logits_in_its_own_way(answer):
    """Probabilities are those that visitors saw, though another version serves by now."""
    cool, warm = make(1.0), make(9.0)
    answer(cool.id, [True])
    answer(warm.id, [True])
    found = traffic.read(MODEL)
    expected = [
        identify.of_observation(each.entry, each.id, seen(0)).guesses[0].probability
        for each in (cool, warm)
    ]
    np.testing.assert_allclose(found.sample.confidence, expected, atol=1e-3)
    assert expected[0] > 2 * expected[1]


def test_a_shadow_is_judged_on_the_same_pictures_and_never_promoted(answer):
    better = make(3.0)
    rows.canary(MODEL, better.id, 0, who="keeper")
    for number in range(40):  # shown: the wrong name; the visitor says who it was
        shown = identify.of_observation(SHIPS.entry, SHIPS.id, seen(number % 40))
        kept = journal.record(shown, picture_sha256=str(number), session="s")
        right = (number + 1) % 40
        journal.give_feedback(kept, right=False, artist_id=SHIPS.entry.artists[right])
        unseen = identify.of_observation(better.entry, better.id, seen(right))
        journal.keep_shadow(kept, unseen)
    found = watching.standing(MODEL)
    assert found is not None
    assert not found.seen
    assert (found.answers, found.comparison.verdict) == (40, "better")
    assert found.comparison.losses == 0
    assert watching.act(MODEL) is None
    assert rows.current(MODEL).challenger is not None


def test_a_no_without_a_name_does_not_say_that_a_shadow_was_right():
    unsure = make(3.0)
    rows.canary(MODEL, unsure.id, 0, who="keeper")
    for number in range(3):
        shown = identify.of_observation(SHIPS.entry, SHIPS.id, seen(number))
        kept = journal.record(shown, picture_sha256=str(number), session="s")
        journal.give_feedback(kept, right=False, artist_id=None, stranger=number == 2)
        nobody = identify.of_observation(unsure.entry, unsure.id, seen(len(SHIPS.entry.artists)))
        journal.keep_shadow(kept, nobody)
    since = datetime.now(UTC) - timedelta(hours=1)
    new, old, answers = traffic.shadowed(MODEL, unsure.id, since=since)
    assert (new.tolist(), old.tolist(), answers) == ([True], [False], 3)


def erring(arm: str) -> Version:
    """A shadow that is wrong on thirty pictures, on which what visitors were shown is right."""
    worse = make(3.0)
    rows.canary(MODEL, worse.id, 0, who="keeper")
    for number in range(30):
        shown = identify.of_observation(SHIPS.entry, SHIPS.id, seen(number % 40))
        kept = journal.record(shown, picture_sha256=str(number), session="s", arm=arm)
        journal.give_feedback(kept, right=True, artist_id=shown.guesses[0].artist.id)
        unseen = identify.of_observation(worse.entry, worse.id, seen((number + 1) % 40))
        journal.keep_shadow(kept, unseen)
    return worse


def test_beside_a_version_that_was_asked_for_a_shadow_is_not_judged():
    erring(arms.FORCED)
    assert watching.standing(MODEL).answers == 0
    assert watching.act(MODEL) is None


def test_a_shadow_that_would_have_erred_is_taken_back():
    worse = erring(arms.CHAMPION)
    row = watching.act(MODEL)
    assert row is not None
    assert (row.role, row.version) == ("retired", worse.id)
