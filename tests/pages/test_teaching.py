"""A lesson in the Laboratory: the keeper's key, progress, what came of it, forgetting."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import jobs, keys, models
from core.identify.tasks import WarmUp
from core.models import versions
from core.settings import ROOT, settings
from core.teaching import AT_LEAST
from tests.pages.conftest import words

KEY = "a keeper's key"


def paintings(count: int = AT_LEAST) -> list[tuple[str, bytes, str]]:
    found = []
    for seed in range(count):
        checks = np.random.default_rng(seed).integers(0, 2, (8, 8, 1)) * np.array([250, 40, 160])
        buffer = io.BytesIO()
        Image.fromarray(np.kron(checks, np.ones((8, 8, 1))).astype("u1")).save(buffer, "PNG")
        found.append((f"a {seed}.png", buffer.getvalue(), "image/png"))
    return found


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ATELIER_SERVICE_KEEPERS", keys.digest(KEY))
    settings.cache_clear()
    return opened()


def opened() -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "laboratory.py"), default_timeout=120).run()
    app.segmented_control(key="lab-view").set_value("Teach").run()
    assert not app.exception, app.exception
    return app


def ask(page: AppTest, *, name: str = "Grandma Moses", key: str = KEY, count: int = AT_LEAST):
    page.text_input[0].set_value(name)
    page.text_input[1].set_value(key)
    page.file_uploader[0].set_value(paintings(count))
    page.button[0].click().run()
    assert not page.exception, page.exception


def test_who_keeps_nothing_is_told_the_command():
    page = opened()
    assert "python -m training teach" in page.info[0].value
    assert not page.text_input


def test_only_a_keeper_teaches_and_only_with_enough_paintings(page):
    ask(page, key="another")
    assert "no keeper's key" in page.error[0].value
    ask(page, count=3)
    assert "these are 3" in page.warning[0].value
    ask(page, name="")
    assert "Painter" in page.warning[0].value
    assert "teach_job" not in page.session_state


def test_a_painter_is_taught_and_forgotten(page):
    ask(page)
    job = jobs.find(page.session_state.teach_job)
    assert job is not None
    lesson = job.result(timeout=120)
    page.run()
    assert f"Version {lesson.version}" in words(page)
    assert lesson.version in page.code[0].value
    assert "grandma-moses" in versions.find(models.DEFAULT, lesson.version).entry.artists
    page.text_input(key="forget-key").set_value(KEY)
    (button,) = [each for each in page.button if each.label == "Forget now"]
    button.click().run()
    assert not page.exception, page.exception
    assert not list(settings().versions.iterdir())


def test_a_second_lesson_waits_for_the_first(page, monkeypatch):
    page.session_state.teach_job = jobs.submit("warm-up", WarmUp(None, delay=60.0)).key
    first = page.session_state.teach_job
    ask(page)
    assert "A lesson is at work" in page.warning[0].value
    assert page.session_state.teach_job == first
    job = jobs.find(first)
    assert job is not None
    job.cancel()


def test_a_lesson_that_fails_says_why(page):
    ask(page, name="Claude Monet")
    job = jobs.find(page.session_state.teach_job)
    assert job is not None
    with pytest.raises(Exception, match="knows Claude Monet already"):
        job.result(timeout=120)
    page.run()
    assert "knows Claude Monet already" in page.info[0].value
