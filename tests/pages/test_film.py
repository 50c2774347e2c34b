"""The Film page as a script, through Streamlit's AppTest."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import images, monet
from core.film import moments
from core.film.clips.reading import look
from core.settings import ROOT
from tests.core.film import scenes
from tests.pages.conftest import alts, words

KEPT = 4  # as the page has it
PAGE = str(ROOT / "pages" / "film.py")


@pytest.fixture(autouse=True)
def inverted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monet paints negatives, which takes no time."""

    def paint(frame: np.ndarray, direction: str, brush: str, **_: bool) -> monet.Painted:
        return monet.Painted("to-monet", frame, 255 - frame, 0.0)

    monkeypatch.setattr(monet, "paint", paint)


def open_page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not app.exception
    return app


def with_clip(name: str, data: bytes) -> AppTest:
    app = open_page()
    app.button_group(key="film_source").set_value("monet").run()
    app.file_uploader(key="film_clip").set_value((name, data, "video/mp4")).run()
    assert not app.exception
    return app


def painted(app: AppTest) -> AppTest:
    """Waits for the job, and runs the page again as its fragment does."""
    app.button(key="film-paint").click().run()
    app.session_state["film_job"].result(120)
    app.run()
    assert not app.exception
    return app


def test_it_invites():
    app = open_page()
    assert app.title[0].value == "Your clip, as they would have painted it"
    assert "without flicker" in words(app)
    assert not app.button


def test_a_clip_shows_three_moments_and_becomes_a_film(tmp_path: Path):
    clip = scenes.write(tmp_path / "clip.mp4", sound="aac")
    app = with_clip("the lake.mp4", clip.read_bytes())
    assert "10 frames, 64×48, with sound" in words(app)
    assert alts(app) == [f"the lake.mp4 at {second} s" for second in ("0.1", "0.4", "0.8")]
    app = painted(app)
    (film,) = app.session_state["film_made"].values()
    assert (film.frames, film.complete) == (10, True)
    assert look(film.path).sound == "aac"
    assert [each.label for each in app.get("download_button")] == ["Download film"]
    assert "10 frames in" in words(app)


def test_a_whole_film_stays_while_it_is_painted_again(tmp_path: Path, monkeypatch):
    app = painted(with_clip("clip.mp4", scenes.write(tmp_path / "clip.mp4").read_bytes()))
    (film,) = app.session_state["film_made"].values()
    begun, stopped = threading.Event(), threading.Event()

    def paint(frame: np.ndarray, direction: str, brush: str, **_: bool) -> monet.Painted:
        begun.set()
        assert stopped.wait(120)
        return monet.Painted("to-monet", frame, frame, 0.0)

    monkeypatch.setattr(monet, "paint", paint)
    app.button(key="film-paint").click().run()
    assert begun.wait(120)
    job = app.session_state["film_job"]
    job.cancel()
    stopped.set()
    job.result(120)
    app.run()
    assert list(app.session_state["film_made"].values()) == [film]
    assert look(film.path).frames == 10


def test_what_was_stopped_last_is_kept_beside_whole_films(tmp_path: Path, monkeypatch):
    app = painted(with_clip("clip.mp4", scenes.write(tmp_path / "clip.mp4").read_bytes()))
    ((key, film),) = app.session_state["film_made"].items()
    for number in range(KEPT):
        (path := tmp_path / f"{number}.mp4").write_bytes(b"a film")
        app.session_state["film_made"][str(number)] = replace(film, path=path)
    app.session_state["film_made"][key] = replace(film, complete=False)
    del app.session_state["film_made"][key]
    app.session_state["film_made"][key] = replace(film, complete=False, frames=7)
    app.run()
    assert not app.exception
    assert "What was painted is kept: 7 of 10 frames" in app.info[0].value
    assert len(app.session_state["film_made"]) == KEPT
    assert film.path.exists()
    assert len([*tmp_path.glob("?.mp4")]) == KEPT - 1


def test_a_gif_comes_back_as_one(tmp_path: Path):
    clip = scenes.gif(tmp_path / "clip.gif", size=(41, 33))
    app = painted(with_clip("waves.gif", clip.read_bytes()))
    (film,) = app.session_state["film_made"].values()
    assert look(film.path).kind == "gif"
    assert "waves.gif, painted" in alts(app)


def test_what_is_no_clip_is_told():
    app = with_clip("notes.mp4", b"no clip")
    assert "This is not a clip that can be opened here" in words(app)
    png = images.encode(np.zeros((8, 8, 3), np.uint8))
    assert "This is not a clip" in words(with_clip("clip.mp4", png))


def test_other_settings_are_another_film(tmp_path: Path):
    clip = scenes.write(tmp_path / "clip.mp4")
    app = painted(with_clip("clip.mp4", clip.read_bytes()))
    assert app.button(key="film-paint").label == "Paint it again"
    app.slider(key="film_strength_end").set_value(0).run()
    assert app.button(key="film-paint").label == "Paint the film"
    assert not app.get("download_button")


def test_what_was_painted_by_other_settings_is_kept(tmp_path: Path, monkeypatch):
    begun, on = threading.Semaphore(0), threading.Semaphore(0)

    def paint(frame: np.ndarray, direction: str, brush: str, **_: bool) -> monet.Painted:
        begun.release()
        assert on.acquire(timeout=120)
        return monet.Painted("to-monet", frame, frame, 0.0)

    monkeypatch.setattr(moments, "paint", lambda _, moment, __: moment.pixels)
    app = with_clip("clip.mp4", scenes.write(tmp_path / "clip.mp4").read_bytes())
    monkeypatch.setattr(monet, "paint", paint)
    app.button(key="film-paint").click().run()
    for _ in range(3):
        assert begun.acquire(timeout=120)
        on.release()
    job, before = app.session_state["film_job"], app.slider(key="film_strength_end").value
    app.slider(key="film_strength_end").set_value(0).run()
    on.release(20)
    job.result(120)
    app.slider(key="film_strength_end").set_value(before).run()
    assert not app.exception
    assert "Stopped. What was painted is kept" in app.info[0].value
    assert app.button(key="film-paint").label == "Paint it again"
    assert [each.label for each in app.get("download_button")] == ["Download film"]
