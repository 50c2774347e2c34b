"""The Monitor page: an invitation, every view of what was asked, and the keeper's key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core import identify, images, journal, models
from core.identify import Observation
from core.journal import paintings, pictures, reviewing
from core.models import versions
from core.releases import rows
from core.settings import settings
from pages.components.monitor import reading
from tests.conftest import ROOT
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL)


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(str(ROOT / "pages" / "monitor.py"), default_timeout=60)


@pytest.fixture
def asked() -> None:
    """Two hundred pictures in a hundred days; visitors correct every fourth."""
    rng = np.random.default_rng(0)
    for n in range(200):
        logits = rng.normal(0, 1, len(SHIPS.entry.artists) + 1).astype(np.float32)
        logits[n % 50] += 8
        kind = rng.normal(0, 1, 64) if n % 20 else np.ones(64)
        if n % 20 == 0:
            logits[-1] += 30  # by nobody it knows, all of a kind
        seen = Observation(
            logits, (kind / np.linalg.norm(kind)).astype(np.float32), 0.9, 0.2, 1.5, 900, "PNG"
        )
        found = identify.of_observation(SHIPS.entry, SHIPS.id, seen)
        when = datetime.now(UTC) - timedelta(hours=12 * (200 - n))
        number = journal.record(found, picture_sha256=str(n), session="s", time=when)
        name = found.guesses[0].artist.id
        journal.give_feedback(
            number, right=n % 4 != 0, artist_id=name if n % 4 else "titian", time=when
        )


def texts(page: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "html", "title", "error")
    return "\n".join(str(getattr(each, "value", "")) for k in kinds for each in page.get(k))


def test_where_nothing_was_asked_it_invites(page):
    page.run()
    assert not page.exception
    assert "Nobody has asked" in page.info[0].value
    page.segmented_control(key="monitor-view").set_value("Paintings").run()
    assert "Nothing was painted" in page.info[0].value


def test_what_was_painted_is_told_by_mode(page):
    for number in range(8):
        made = paintings.record(
            "refine",
            seconds=20.0 + number,
            pixels=160_000,
            steps=100,
            stopped=number == 0,
            content_loss=0.4,
            style_loss=0.25,
        )
    paintings.downloaded(made)
    paintings.record("to-monet", seconds=1.5, pixels=160_000, content_loss=0.07)
    page.run()
    page.segmented_control(key="monitor-view").set_value("Paintings").run()
    assert not page.exception
    told = texts(page)
    for each in ("Style, refined", "24.0 s", "0.250", "12 %", "Photo to Monet", "evaluation 0.065"):
        assert each in told, each


def test_all_views_tell_what_is_there(page, asked):
    page.run()
    assert not page.exception
    assert "visitors say it is right in 79 %" in texts(page)
    for view, told in {
        "Accuracy": "What visitors corrected most",
        "Drift": "brightness",
        "Unknown": "look alike",
        "Releases": "has served all the time",
    }.items():
        page.segmented_control(key="monitor-view").set_value(view).run()
        assert not page.exception, view
        assert told in texts(page), view


def test_a_model_without_a_reference_says_how_to_measure_one(page):
    entry = models.get("vgg16")
    seen = Observation(
        np.zeros(len(entry.artists) + 1, np.float32), None, 0.5, 0.5, 1.0, 300, "JPEG"
    )
    found = identify.of_observation(entry, versions.shipped("vgg16").id, seen)
    for number in range(30):
        journal.record(found, picture_sha256=str(number), session="s")
    page.run()
    page.selectbox(key="monitor-model").set_value("vgg16").run()
    page.segmented_control(key="monitor-view").set_value("Drift").run()
    assert not page.exception
    assert "training evaluate reference" in page.code[0].value


def labeled(page: AppTest, label: str) -> Button:
    (found,) = [each for each in page.button if each.label == label]
    return found


def keeper(monkeypatch) -> None:
    monkeypatch.setenv("ATELIER_SERVICE_KEEPERS", hashlib.sha256(b"open sesame").hexdigest())
    settings.cache_clear()


def test_what_visitors_said_is_seen_and_decided_with_the_key_only(
    page, asked, monkeypatch, make_picture
):
    number = journal.predictions()[1].id
    pictures.keep(number, images.encode(make_picture(64, 48), "JPEG"))
    page.run()
    page.segmented_control(key="monitor-view").set_value("Feedback").run()
    assert "ATELIER_SERVICE_KEEPERS" in texts(page)
    keeper(monkeypatch)
    page.run()
    page.text_input[0].set_value("open says me")
    page.button[0].click().run()
    assert "no keeper's key" in page.error[0].value
    assert not page.get("image")  # nor is anything said by anybody
    assert f"Prediction {number}" not in texts(page)

    page.text_input[0].set_value("open sesame")
    page.button[0].click().run()
    assert not page.exception
    (shown,) = page.get("image")
    assert f"prediction {number}" in shown.proto.imgs[0].alt
    labeled(page, "Accept").click().run()
    (taken,) = reviewing.accepted()
    assert taken.said.prediction_id == number
    assert taken.who == f"key {hashlib.sha256(b'open sesame').hexdigest()[:12]}"
    assert "Nothing waits" in page.info[0].value
    page.button(key="monitor-undo").click().run()
    assert reviewing.accepted() == []
    reject = labeled(page, "Reject")
    reject.click().run()
    assert reviewing.count(with_picture=True) == 0
    assert reviewing.count(with_picture=False) == 199

    page.button(key="monitor-leave").click().run()
    assert page.text_input[0].label == "Keeper's key"
    assert not page.get("image")


def test_what_says_just_no_cannot_be_accepted(page, asked, monkeypatch, make_picture):
    number = journal.predictions()[0].id
    pictures.keep(number, images.encode(make_picture(64, 48), "JPEG"))
    journal.give_feedback(number, right=False, artist_id=None)
    keeper(monkeypatch)
    page.run()
    page.segmented_control(key="monitor-view").set_value("Feedback").run()
    page.text_input[0].set_value("open sesame")
    page.button[0].click().run()
    assert not page.exception
    assert labeled(page, "Accept").disabled
    assert not labeled(page, "Reject").disabled
    assert "did not say who painted it" in texts(page)
    assert "Somebody else" not in texts(page)
    journal.give_feedback(number, right=False, artist_id=None, stranger=True)
    page.run()
    assert "Somebody else" in texts(page)
    labeled(page, "Accept").click().run()
    assert [each.said.prediction_id for each in reviewing.accepted()] == [number]


def test_a_second_click_decides_nothing_that_was_not_seen(page, asked, monkeypatch, make_picture):
    for row in journal.predictions()[:2]:
        pictures.keep(row.id, images.encode(make_picture(64, 48, row.id), "JPEG"))
    keeper(monkeypatch)
    page.run()
    page.segmented_control(key="monitor-view").set_value("Feedback").run()
    page.text_input[0].set_value("open sesame")
    page.button[0].click().run()
    accept = labeled(page, "Accept")
    accept.click().run()
    accept.click().run()  # of the view before
    assert not page.exception
    assert len(reviewing.accepted()) == 1
    undo = page.button(key="monitor-undo")
    undo.click().run()
    undo.click().run()
    assert not page.exception
    assert reviewing.accepted() == []


def test_a_release_is_withdrawn_with_the_key_only(page, monkeypatch):
    made = make(3.0)
    rows.release(MODEL, made.id, who="ada", reason="tried")
    looked = []
    standing = reading.standing
    monkeypatch.setattr(reading, "standing", lambda model: looked.append(1) or standing(model))
    page.run()
    page.segmented_control(key="monitor-view").set_value("Releases").run()
    assert "ATELIER_SERVICE_KEEPERS" in texts(page)  # nobody may
    assert not page.button
    page.run()
    assert len(looked) == 1

    keeper(monkeypatch)
    page.run()
    page.text_input[0].set_value("open says me")
    page.button[0].click().run()
    assert "no keeper's key" in page.error[0].value
    assert rows.current(MODEL).champion == made.id

    # Meanwhile somebody else has withdrawn it, and another one serves.
    rows.rollback(MODEL, who="ada")
    better = make(4.0)
    rows.release(MODEL, better.id, who="ada")
    page.text_input[0].set_value("open sesame")
    page.button[0].click().run()
    assert rows.current(MODEL).champion == better.id

    page.text_input[0].set_value("open sesame")
    page.text_input[1].set_value("worse")
    page.button[0].click().run()
    assert not page.exception
    assert rows.current(MODEL).champion is None
    assert rows.history(MODEL)[0].reason == "worse"
