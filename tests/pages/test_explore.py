"""The page Explore as a script, through Streamlit's AppTest."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import images, jobs, settings
from core.artists import facts
from core.collection import scan
from core.jobs import State
from core.settings import ROOT
from pages.components.explore import gallery, scanning
from tests.pages.conftest import alts, words

EXPLORE = str(ROOT / "pages" / "explore.py")


@pytest.fixture
def paintings(tmp_path: Path, make_picture) -> Path:
    """Two painters who may be shown, one who may not, one unknown, and a damaged file."""
    place = tmp_path / "paintings"
    counts = {"Claude_Monet": 30, "Rembrandt": 5, "Pablo_Picasso": 3, "Me": 2}
    for number, (folder, count) in enumerate(counts.items()):
        (place / folder).mkdir(parents=True)
        for i in range(count):
            pixels = make_picture(90 + i, 120, seed=100 * number + i)
            data = images.encode(pixels, "JPEG", quality=90)
            (place / folder / f"{folder}_{i}.jpg").write_bytes(data)
    (place / "Rembrandt" / "Rembrandt_9.jpg").write_bytes(data[: len(data) // 3])
    return place


@pytest.fixture
def shown(paintings: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ATELIER_COLLECTION", str(paintings))
    settings.settings.cache_clear()
    return paintings


def open_page(view: str = "Painters") -> AppTest:
    app = AppTest.from_file(EXPLORE, default_timeout=120).run()
    if view != "Painters":
        app.segmented_control(key="view").set_value(view).run()
    assert not app.exception
    return app


def chart(app: AppTest, key: str) -> dict:
    (found,) = [c for c in app.get("plotly_chart") if c.proto.id.endswith(f"chart-{key}")]
    return json.loads(found.proto.spec)


def numbers(values: dict | list) -> list[float]:
    """The numbers of a Plotly axis, which may come packed."""
    if isinstance(values, list):
        return values
    import base64

    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()


def test_the_painters_need_no_data_set():
    app = open_page()
    text = words(app)
    for figure in ("50", "8,446", "168.92", "157.45", "123"):
        assert f"<b>{figure}</b>" in text
    by_painter = chart(app, "paintings")["data"][0]
    assert by_painter["y"][-1] == "Vincent van Gogh"
    assert sum(numbers(by_painter["x"])) == 8446
    assert sum(numbers(chart(app, "by-nationality")["data"][0]["x"])) == int(
        facts.by(facts.published(), "nationality")["paintings"].sum()
    )
    assert len(chart(app, "lives")["data"][0]["y"]) == 50
    assert len(chart(app, "movements")["data"][0]["y"]) == 24
    assert sorted(numbers(chart(app, "spread")["data"][1]["x"])) == sorted(
        facts.published()["paintings"]
    )
    schema, summary = app.dataframe[1].value, app.dataframe[2].value
    assert set(schema["missing"]) == {0}
    assert summary.set_index("figure")["paintings"]["50%"] == 123


def test_filters_act_on_every_chart():
    app = open_page()
    app.multiselect(key="nationalities").set_value(["Dutch"]).run()
    assert "<b>4</b>" in words(app)
    for key in ("lives", "paintings"):
        assert len(chart(app, key)["data"][0]["y"]) == 4
    assert chart(app, "by-nationality")["data"][0]["y"] == ["Dutch"]
    assert len(numbers(chart(app, "spread")["data"][1]["x"])) == 4
    app.slider(key="at-least").set_value(400).run()
    assert chart(app, "lives")["data"][0]["y"] == ["Vincent van Gogh"]
    app.slider(key="years").set_value((1250, 1300)).run()
    assert "No painter is left" in words(app)


def test_every_chart_offers_its_data():
    app = open_page()
    charts = len(app.get("plotly_chart"))
    assert charts == 6
    assert len([b for b in app.get("download_button") if b.proto.label == "Data"]) == charts


@pytest.mark.parametrize("view", ["Gallery", "Color", "Training"])
def test_without_a_data_set_the_page_says_how_to_get_it(view: str):
    app = open_page(view)
    assert "python -m training dataset fetch" in app.code[0].value
    assert "Kaggle" in words(app)


def test_for_trainers_there_is_something_without_a_data_set():
    app = open_page("Training")
    assert "11 painters have at least 200 paintings" in words(app)
    assert "Together 4,299 of 8,446 paintings." in words(app)
    assert alts(app)[0] == "The original"
    assert len(alts(app)) == 12


def test_the_gallery_shows_what_may_be_shown(shown: Path):
    app = open_page("Gallery")
    assert len(alts(app)) == gallery.PAGE - 1  # in place of the damaged one stands the reason
    assert not any("Picasso" in alt or "Me" in alt for alt in alts(app))
    assert "5 more are counted but not shown" in words(app)
    app.selectbox(key="artist").set_value("Rembrandt").run()
    assert alts(app) == ["A painting: Rembrandt"] * 5
    assert "Rembrandt_9.jpg: The picture is damaged" in words(app)
    assert "Pablo Picasso" not in app.selectbox(key="artist").options


def test_who_holds_the_rights_may_show_all(shown: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ATELIER_SHOW_ALL", "true")
    settings.settings.cache_clear()
    app = open_page("Gallery")
    assert "Pablo Picasso" in app.selectbox(key="artist").options


def test_pages_of_the_gallery_differ_and_random_ones_do_too(shown: Path):
    app = open_page("Gallery")
    first = [i.proto.imgs[0].url for i in app.get("image")]
    (button,) = [b for b in app.button if b.label == "Twenty at random"]
    button.click().run()
    random = [i.proto.imgs[0].url for i in app.get("image")]
    assert len(random) <= gallery.RANDOM
    assert set(random) != set(first)
    (back,) = [b for b in app.button if b.label == "All of them again"]
    back.click().run()
    assert [i.proto.imgs[0].url for i in app.get("image")] == first


def test_a_scan_runs_in_the_background_and_is_shown_when_done(shown: Path):
    app = open_page("Training")
    job = jobs.find(scan.job_key(shown))
    assert job is not None
    job.result(60)
    assert (job.progress.step, job.progress.of) == (41, 41)
    app.run()
    assert not app.exception
    text = words(app)
    assert "Rembrandt/Rembrandt_9.jpg" in app.dataframe[0].value["file"].tolist()
    assert "Damaged files" in text
    assert "Duplicates" in text
    assert scan.is_complete(shown)
    app.segmented_control(key="view").set_value("Color").run()
    assert not app.exception
    assert chart(app, "palettes")["data"]
    brightest = [trace["name"] for trace in chart(app, "brightness")["data"]]
    assert "Claude Monet" in brightest


def test_what_came_after_a_scan_is_scanned_too(shown: Path):
    app = open_page("Color")
    first = jobs.find(scan.job_key(shown))
    first.result(60)
    app.run()
    (shown / "Me" / "Me_0.jpg").rename(shown / "Me" / "another.jpg")
    st.cache_data.clear()  # as after a minute
    app.run()
    assert not app.exception
    second = jobs.find(scan.job_key(shown))
    assert second is not first
    second.result(60)
    assert scan.is_complete(shown)


class Ending:
    """A scan that ends while it is watched."""

    progress, state = None, State.done

    def __init__(self) -> None:
        self.looks = 0

    @property
    def is_finished(self) -> bool:
        self.looks += 1
        return self.looks > 2


def test_what_was_scanned_again_is_shown_though_as_many_files_are_known(
    shown: Path, monkeypatch: pytest.MonkeyPatch
):
    app = open_page("Color")
    jobs.find(scan.job_key(shown)).result(60)
    app.run()
    (shown / "Me" / "Me_0.jpg").rename(shown / "Me" / "another.jpg")
    scan.scan(shown)
    said = iter([False, True])
    monkeypatch.setattr(scan, "is_complete", lambda place: next(said))
    job = Ending()
    monkeypatch.setattr(jobs, "find", lambda key: job)
    scanning._complete.clear()
    app.run()
    assert not app.exception
    assert job.looks == 3
    assert "Me/another.jpg" in set(scanning.measured(shown)["file"])


def test_a_stopped_scan_can_go_on(shown: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scan, "known", lambda place: 7)
    app = open_page("Gallery")
    job = scan.in_background(shown)
    job.cancel()
    job.result(60)
    app.segmented_control(key="view").set_value("Color").run()
    assert not app.exception
    assert "Stopped. 7 files are scanned" in words(app)
    (go_on,) = [b for b in app.button if b.label == "Go on"]
    go_on.click().run()
    again = jobs.find(scan.job_key(shown))
    assert again is not None
    assert again is not job
    again.result(60)
    assert scan.is_complete(shown)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors may choose a directory of this machine."""
    monkeypatch.setenv("ATELIER_CHOOSE_COLLECTION", "true")
    settings.settings.cache_clear()


def test_a_directory_can_be_typed_and_a_wrong_one_is_explained(trusted: None, paintings: Path):
    app = open_page("Gallery")
    assert "name its directory below" in words(app)
    app.text_input(key="directory").set_value("/nowhere").run()
    assert "There is no directory /nowhere" in words(app)
    for odd in ("~nobody/paintings", "\0", "x" * 5000, str(paintings / "Me" / "Me_0.jpg")):
        app.text_input(key="directory").set_value(odd).run()
        assert not app.exception
        assert "There is no directory" in words(app)
    app.text_input(key="directory").set_value(str(paintings)).run()
    assert not app.exception
    assert len(alts(app)) == gallery.PAGE - 1


def test_strangers_may_not_choose_a_directory(paintings: Path):
    app = AppTest.from_file(EXPLORE, default_timeout=60)
    app.session_state["directory"] = str(paintings)
    app.run()
    app.segmented_control(key="view").set_value("Gallery").run()
    assert not app.text_input
    assert alts(app) == []
    assert "ATELIER_COLLECTION" in words(app)
    assert "ATELIER_CHOOSE_COLLECTION=true" in words(app)
    assert "below" not in words(app)


def test_names_of_files_cannot_bring_markup(tmp_path: Path, monkeypatch, make_picture):
    folder = tmp_path / "set" / "<img src=x onerror=alert(1)>"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(images.encode(make_picture(), "JPEG"))
    monkeypatch.setenv("ATELIER_COLLECTION", str(tmp_path / "set"))
    monkeypatch.setenv("ATELIER_SHOW_ALL", "true")
    settings.settings.cache_clear()
    for view in ("Gallery", "Training"):
        app = open_page(view)
        assert not any("<img" in h.proto.body for h in app.get("html"))


def test_augmentation_is_drawn_anew_and_follows_its_sliders(shown: Path):
    app = open_page("Training")
    urls = [i.proto.imgs[0].url for i in app.get("image")][:12]
    app.run()
    assert [i.proto.imgs[0].url for i in app.get("image")][:12] == urls
    app.toggle[0].set_value(True).run()
    assert not app.exception
    patched = [i.proto.imgs[0].url for i in app.get("image")][:12]
    assert patched[0] == urls[0]
    assert not set(patched[1:]) & set(urls[1:])
    jobs.find(scan.job_key(shown)).result(60)


def test_a_cache_that_cannot_be_written_is_explained(shown: Path, monkeypatch, tmp_path: Path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ATELIER_CACHE", str(tmp_path / "file"))
    settings.settings.cache_clear()
    app = open_page("Color")
    assert "name another directory in ATELIER_CACHE" in app.error[0].value
    app = open_page("Gallery")
    assert alts(app)


@jobs.task("test-idle", queue="test")
def idle(payload: None, control: jobs.Control) -> Generator[jobs.Progress, None, None]:
    """A scan that never comes to a file."""
    stopped = threading.Event()
    control.when_cancelled(stopped.set)
    yield jobs.Progress()
    stopped.wait(30)


VIEWS = ("Gallery", "Color", "Training")


def visit(place: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What can be read in each view of a directory, once it has been looked at."""
    monkeypatch.setenv("ATELIER_COLLECTION", str(place))
    settings.settings.cache_clear()
    scan.scan(place)
    found = {}
    for view in VIEWS:
        app = open_page(view)
        assert not app.error
        found[view] = words(app)
    return found


def put(place: Path, *files: str, data: bytes | None = None) -> Path:
    for seed, file in enumerate(files):
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), np.uint8)
        (place / file).write_bytes(images.encode(pixels, "JPEG") if data is None else data)
    return place


def test_a_collection_of_nothing_but_damaged_files(tmp_path: Path, monkeypatch):
    for number, data in enumerate((b"", b"no picture")):
        place = tmp_path / str(number)
        files = [f"Claude_Monet/{i}.jpg" for i in range(3)] + ["Rembrandt/1.jpg"]
        told = visit(put(place, *files, data=data), monkeypatch)
        assert "Claude_Monet/0.jpg: Th" in told["Gallery"]
        assert "can be read" in told["Color"]
        assert "can be read" in told["Training"]
        assert "Damaged files" in told["Training"]


def test_a_collection_of_missing_files(tmp_path: Path, monkeypatch):
    place = put(tmp_path / "set", "Claude_Monet/1.jpg", "Rembrandt/1.jpg")
    monkeypatch.setenv("ATELIER_COLLECTION", str(place))
    settings.settings.cache_clear()
    scan.scan(place)
    open_page("Gallery")  # has listed them
    for path in place.rglob("*.jpg"):
        path.unlink()
    assert "The file cannot be opened." in words(open_page("Gallery"))
    for view in VIEWS:
        assert "Errno" not in words(open_page(view))


def test_an_index_of_files_that_are_not_there(tmp_path: Path, monkeypatch):
    place = tmp_path / "set"
    place.mkdir()
    (place / "index.csv").write_text("file,artist\na.jpg,Claude Monet\nb.jpg,Rembrandt\n")
    told = visit(place, monkeypatch)
    assert "a.jpg: The file cannot be opened." in told["Gallery"]
    assert "can be read" in told["Color"]
    assert "can be read" in told["Training"]


def test_a_collection_of_other_painters_only(tmp_path: Path, monkeypatch):
    told = visit(put(tmp_path / "set", "_other/a.jpg", "_other/b.jpg"), monkeypatch)
    assert "None of these paintings may be shown" in told["Gallery"]
    assert "can be read" in told["Color"]
    assert "outside the collection" in told["Training"]


@pytest.mark.parametrize("files", [["Claude_Monet/1.jpg"], ["Me/1.jpg"], ["1.jpg"]], ids=str)
def test_a_collection_of_one_file(tmp_path: Path, monkeypatch, files: list[str]):
    told = visit(put(tmp_path / "set", *files), monkeypatch)
    assert "1 painter has at least 1 paintings" in told["Training"]


def test_a_collection_of_one_painter_and_without_splits(tmp_path: Path, monkeypatch):
    place = put(tmp_path / "set", *(f"Claude_Monet/{i}.jpg" for i in range(12)))
    rows = [f"Claude_Monet/{i}.jpg,Claude Monet" for i in range(12)]
    (place / "index.csv").write_text("\n".join(["file,artist", *rows, rows[0]]))
    told = visit(place, monkeypatch)
    assert "12 paintings" in told["Gallery"]
    assert "1 painter has at least 12 paintings" in told["Training"]


def test_a_collection_that_is_empty_or_gone(tmp_path: Path, monkeypatch):
    (tmp_path / "empty").mkdir()
    for name, words_ in (("empty", "There are no pictures"), ("gone", "There is no directory")):
        monkeypatch.setenv("ATELIER_COLLECTION", str(tmp_path / name))
        settings.settings.cache_clear()
        for view in VIEWS:
            assert words_ in words(open_page(view))


def test_nothing_looked_at_yet(shown: Path, monkeypatch):
    monkeypatch.setattr(scanning, "_watch", lambda place: None)
    monkeypatch.setattr(scan, "is_complete", lambda place: False)
    monkeypatch.setattr(
        scan, "in_background", lambda place: jobs.LocalEngine().submit("test-idle", None)
    )
    for view in ("Color", "Training"):
        assert "No painting has been scanned yet" in words(open_page(view))


def test_a_collection_that_goes_while_it_is_looked_at(shown: Path, monkeypatch):
    def gone(place: Path) -> None:
        raise FileNotFoundError(f"There is no directory {place}.")

    monkeypatch.setattr(scan, "is_complete", gone)
    for view in ("Color", "Training"):
        assert "There is no directory" in words(open_page(view))
