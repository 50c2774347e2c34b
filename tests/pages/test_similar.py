"""Similar paintings on Identify and in Explore's gallery, through Streamlit's AppTest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import examples, images, jobs, settings, similar
from core.collection import scan
from core.jobs import Control, Progress
from core.settings import ROOT
from tests.pages.conftest import alts, words

PAGES = {name: str(ROOT / "pages" / f"{name}.py") for name in ("identify", "explore")}
TITLE = "Paintings like this one"
WAVE = examples.catalogue()[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_picture: Callable) -> Path:
    """The five paintings to try, two by somebody who may be shown, one by one who may not."""
    directory = tmp_path / "paintings"
    for n, example in enumerate(examples.catalogue()):
        path = directory / "Katsushika_Hokusai" / f"Wave_{n}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(example.read())
    for folder, seeds in (("Claude_Monet", (1, 2)), ("Pablo_Picasso", (3,))):
        (directory / folder).mkdir()
        for seed in seeds:
            data = images.encode(make_picture(seed=seed), "JPEG", quality=90)
            (directory / folder / f"{folder}_{seed}.jpg").write_bytes(data)
    monkeypatch.setenv("ATELIER_COLLECTION", str(directory))
    settings.settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()
    return directory


@pytest.fixture
def described(place: Path) -> Path:
    scan.scan(place, workers=1)
    similar.build(place)
    return place


def identify(*pictures: tuple[str, bytes]) -> AppTest:
    app = AppTest.from_file(PAGES["identify"], default_timeout=120).run()
    app.file_uploader[0].set_value([(*each, "image/jpeg") for each in pictures])
    app.run()
    assert not app.exception
    return app


def explore() -> AppTest:
    app = AppTest.from_file(PAGES["explore"], default_timeout=120).run()
    app.segmented_control(key="view").set_value("Gallery").run()
    assert not app.exception
    return app


def near(app: AppTest) -> list[str]:
    return [alt for alt in alts(app) if alt.startswith("A painting like it: ")]


def test_an_answer_is_followed_by_the_paintings_that_are_nearest(described: Path):
    app = identify(("wave.jpg", WAVE.read()))
    assert TITLE in words(app)
    first, *others = near(app)
    assert first == "A painting like it: Katsushika Hokusai, Wave 2, distance 0.00"
    assert len(others) == 4  # six in all, of which one may not be shown
    assert not any("Picasso" in alt for alt in alts(app))
    assert "only named: Pablo Picasso, Pablo Picasso 3, 0." in words(app)


def test_who_holds_the_rights_is_shown_all(described: Path, monkeypatch):
    monkeypatch.setenv("ATELIER_SHOW_ALL", "true")
    settings.settings.cache_clear()
    app = identify(("wave.jpg", WAVE.read()))
    assert len(near(app)) == 6
    assert "only named" not in words(app)


def test_each_of_several_pictures_has_its_row(described: Path):
    app = identify(("wave.jpg", WAVE.read()), ("torn.jpg", b"x"), ("0.jpg", WAVE.read()))
    assert words(app).count(TITLE) == 2
    assert len(near(app)) == 10


def test_without_a_collection_nothing_is_said():
    app = identify(("wave.jpg", WAVE.read()))
    assert TITLE not in words(app)
    assert near(app) == []


def test_a_collection_that_is_not_there_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ATELIER_COLLECTION", str(tmp_path / "nothing"))
    settings.settings.cache_clear()
    st.cache_resource.clear()
    app = identify(("wave.jpg", WAVE.read()))
    job = jobs.find(scan.job_key(tmp_path / "nothing", similar=True))
    assert job is None
    assert "There is no directory" in words(app)


def test_a_collection_is_described_in_the_background(place: Path):
    app = identify(("wave.jpg", WAVE.read()))
    assert TITLE not in words(app)
    assert len(app.get("progress")) == 1
    job = jobs.find(scan.job_key(place, similar=True))
    assert job is not None
    job.result(120)
    assert (job.progress.phase, job.progress.step, job.progress.of) == ("describing", 8, 8)
    app.run()
    assert not app.exception
    assert near(app)[0].endswith("Wave 2, distance 0.00")
    assert not app.get("progress")


@jobs.task("test-never", queue="test-never")
def never(payload: None, control: Control) -> Generator[Progress, None, None]:
    """A description that never ends."""
    stopped = threading.Event()
    control.when_cancelled(stopped.set)
    yield Progress(phase="describing", step=3, of=7, fraction=3 / 7)
    stopped.wait(60)


def test_a_stopped_description_can_go_on_and_what_is_there_is_used(
    described: Path, monkeypatch: pytest.MonkeyPatch, make_picture: Callable
):
    key = scan.job_key(described, similar=True)
    real = scan.in_background
    begun = jobs.submit("test-never", None, key=key)
    monkeypatch.setattr(scan, "in_background", lambda place, similar: begun)
    while begun.progress is None:
        pass
    app = identify(("wave.jpg", WAVE.read()))
    assert len(near(app)) == 5  # at once
    (bar,) = app.get("progress")
    assert "3 of 7" in bar.proto.text
    app.button(key="stop-describing").click().run()
    begun.result(60)
    app.run()
    assert "Stopped. 8 paintings of the collection are looked at so far." in words(app)
    data = images.encode(make_picture(seed=9), "JPEG")
    (described / "Claude_Monet" / "new.jpg").write_bytes(data)
    monkeypatch.setattr(scan, "in_background", real)
    app.button(key="go-on-describing").click().run()
    again = jobs.find(key)
    assert again is not None
    assert again is not begun
    again.result(120)
    assert similar.count(described) == 9


def test_the_gallery_leads_from_one_painting_to_its_neighbors(described: Path):
    app = explore()
    app.button(key="like-Katsushika_Hokusai/Wave_2.jpg").click().run()
    assert not app.exception
    assert alts(app)[0] == "Katsushika Hokusai, Wave 2"
    assert len(near(app)) == 6
    assert not any("Wave 2" in alt for alt in near(app))
    assert "only named: Pablo Picasso" in words(app)
    app.button(key="like-Claude_Monet/Claude_Monet_1.jpg").click().run()
    assert alts(app)[0] == "Claude Monet, Claude Monet 1"
    (back,) = [b for b in app.button if b.label == "Back to the gallery"]
    back.click().run()
    assert near(app) == []
    assert len(alts(app)) == 7


def test_the_gallery_describes_what_it_has_to(place: Path):
    app = explore()
    assert not app.get("progress")  # until somebody asks
    app.button(key="like-Katsushika_Hokusai/Wave_2.jpg").click().run()
    assert not app.exception
    assert len(app.get("progress")) == 1
    job = jobs.find(scan.job_key(place, similar=True))
    assert job is not None
    job.result(120)
    app.run()
    assert len(near(app)) == 6


def test_names_of_files_cannot_bring_markup(described: Path, monkeypatch):
    odd = described / "<b>x" / "[a](b) ![c](d)_1.jpg"
    odd.parent.mkdir()
    odd.write_bytes(images.encode(np.full((40, 40, 3), 99, np.uint8), "JPEG"))
    scan.scan(described, workers=1)
    similar.build(described)
    monkeypatch.setenv("ATELIER_SHOW_ALL", "true")
    settings.settings.cache_clear()
    app = identify(("gray.jpg", odd.read_bytes()))
    captions = "\n".join(caption.value for caption in app.caption)
    assert "[a](b)" not in captions
    assert "<b>" not in captions


def test_a_neighbor_that_is_gone_is_only_named(described: Path):
    assert similar.count(described) == 8  # and so it is in memory
    (described / "Katsushika_Hokusai" / "Wave_2.jpg").unlink()
    app = identify(("wave.jpg", WAVE.read()))
    assert "Katsushika Hokusai, Wave 2: The file cannot be opened." in words(app)
    assert len(near(app)) == 4
