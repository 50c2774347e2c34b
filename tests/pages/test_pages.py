"""The pages as scripts, through Streamlit's AppTest."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.walls import on_a_wall
from core import artists, examples, images, journal, models, settings
from core.identify import outline
from core.journal import pictures
from core.models import entries, loading, versions
from core.releases import following, rows
from core.settings import ROOT
from pages.components.ui import downloads, uploads
from pages.components.work import identifying
from tests.pages import streamlit_internals
from tests.versions import make

IDENTIFY = str(ROOT / "pages" / "identify.py")
WAVE = examples.catalogue()[2]


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    types = [(name, content, "image/jpeg") for name, content in files]
    return app.file_uploader[0].set_value(types).run()


def open_page() -> AppTest:
    app = AppTest.from_file(IDENTIFY, default_timeout=120).run()
    assert not app.exception
    return app


def labels(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def bars(app: AppTest) -> list[str]:
    """The names in the first chart, from the lowest bar up."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]["y"]


def test_a_visitor_is_answered_by_their_arm_and_what_was_seen_stays():
    ships, made = versions.shipped(models.DEFAULT).id, make(9.0)
    rows.release(models.DEFAULT, made.id, who="a")
    figures = {"test": made.entry.figures["test"] | {"accuracy": 0.123}}
    listed = json.loads((made.directory / "models.json").read_text())
    listed[0]["figures"] = figures
    (made.directory / "models.json").write_text(json.dumps(listed))
    versions._stored.cache_clear()
    app = open_page()
    upload(app, ("wave.jpg", WAVE.read()))
    assert "12 %" in " ".join(app.run().radio[0].proto.captions)
    assert not app.exception
    (kept,) = journal.predictions()
    assert (kept.version, kept.arm) == (made.id, "champion")
    rows.rollback(models.DEFAULT, who="a")
    following.follower().look(wait=True)
    app.run()
    assert len(journal.predictions()) == 1
    upload(app, ("other.jpg", examples.catalogue()[1].read()))
    assert not app.exception
    assert journal.predictions()[0].version == ships
    rows.canary(models.DEFAULT, made.id, 1.0, who="a")
    following.follower().look(wait=True)
    upload(app, ("another.jpg", examples.catalogue()[0].read()))
    assert (journal.predictions()[0].version, journal.predictions()[0].arm) == (made.id, "canary")
    app.selectbox(key=f"version-{models.DEFAULT}").set_value(ships).run()
    assert not app.exception
    assert (journal.predictions()[0].version, journal.predictions()[0].arm) == (ships, "forced")


def test_home_leads_to_the_pages():
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Who painted this?"
    expected = [
        "Identify a painting", "Meet the painters", "Paint a photo", "Paint it in any style"
    ]  # fmt: skip
    assert [b.label for b in app.button] == expected


def test_an_uploaded_painting_gets_its_painter_and_is_kept():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    assert not app.exception
    assert "Katsushika Hokusai" in labels(app)
    (prediction,) = journal.predictions()
    assert prediction.artists[0]["id"] == "katsushika-hokusai"
    assert len(bars(app)) == 5


def test_a_rerun_keeps_the_prediction_once():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    app.run()
    app.run()
    assert len(journal.predictions()) == 1


def test_the_number_of_names_follows_the_slider():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    app.slider(key="top").set_value(3).run()
    assert len(bars(app)) == 3
    assert bars(app)[-1] == "Katsushika Hokusai"
    assert len(journal.predictions()) == 1


def test_broken_files_get_a_sentence_and_the_others_go_through():
    app = upload(
        open_page(),
        ("notes.txt", b"not a picture"),
        ("wave.jpg", WAVE.read()),
        ("half.jpg", WAVE.read()[:30_000]),
    )
    assert not app.exception
    assert len(app.warning) == 2
    assert "notes.txt" in app.warning[0].value
    assert "half.jpg" in app.warning[1].value
    assert "Katsushika Hokusai" in labels(app)


def test_yes_is_kept():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    number = journal.predictions()[0].id
    app.segmented_control[0].set_value("Yes").run()
    said = journal.feedback()[number]
    assert (said.right, said.artist) == (True, "katsushika-hokusai")
    app.run()
    assert any("noted" in c.value for c in app.caption)


def test_no_takes_a_yes_back():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    number = journal.predictions()[0].id
    app.segmented_control[0].set_value("No").run()
    assert journal.feedback() == {}  # until a name is chosen
    app.segmented_control[0].set_value("Yes").run()
    app.segmented_control[0].set_value("No").run()
    said = journal.feedback()[number]
    assert (said.right, said.artist) == (False, None)
    assert not said.stranger
    app.selectbox[0].set_value("Somebody else").run()
    said = journal.feedback()[number]
    assert (said.right, said.artist, said.stranger) == (False, None, True)
    app.selectbox[0].set_value("Albrecht Dürer").run()
    assert journal.feedback()[number].artist == "albrecht-durer"


def test_no_with_the_right_name_is_kept():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    number = journal.predictions()[0].id
    app.segmented_control[0].set_value("No").run()
    app.selectbox[0].set_value("Albrecht Dürer").run()
    said = journal.feedback()[number]
    assert (said.right, said.artist) == (False, "albrecht-durer")


def test_a_picture_is_kept_only_while_the_visitor_allows_it(monkeypatch):
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    number = journal.predictions()[0].id
    app.segmented_control[0].set_value("Yes").run()
    assert not app.checkbox  # nobody would look at it

    monkeypatch.setenv("ATELIER_SERVICE_KEEPERS", "a" * 64)
    settings.settings.cache_clear()
    app.run()
    assert app.checkbox[0].value is False
    assert any("for up to 150 days" in c.value for c in app.caption)
    assert pictures.read(number) is None
    app.checkbox[0].check().run()
    assert not app.exception
    assert pictures.read(number) is not None
    app.checkbox[0].uncheck().run()
    assert pictures.read(number) is None

    app.checkbox[0].check().run()
    app.segmented_control[0].set_value("No").run()  # it can be unticked whatever is said
    assert app.checkbox[0].value is True
    app.checkbox[0].uncheck().run()
    assert pictures.read(number) is None
    assert not app.run().checkbox


def test_a_copy_does_not_stay_when_another_model_answers(monkeypatch):
    monkeypatch.setenv("ATELIER_SERVICE_KEEPERS", "a" * 64)
    settings.settings.cache_clear()
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    number = journal.predictions()[0].id
    app.segmented_control[0].set_value("Yes").run()
    app.checkbox[0].check().run()
    assert pictures.read(number) is not None
    app.radio(key="model").set_value("vgg16").run()
    assert not app.exception
    assert not app.checkbox
    assert pictures.read(number) is None


def test_the_heat_map_can_be_switched_on():
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    app.toggle[0].set_value(True).run()
    assert not app.exception
    assert any("what spoke for Katsushika Hokusai" in c.value for c in app.caption)


def test_every_model_can_be_chosen_and_shows_its_measured_figures():
    app = open_page()
    radio = app.radio(key="model")
    for entry in models.classifiers():
        radio.set_value(entry.id).run()
        upload(app, ("wave.jpg", WAVE.read()))
        assert not app.exception
        assert journal.predictions()[0].model == entry.id
    captions = " ".join(app.radio(key="model").proto.captions)
    for entry in models.classifiers():
        assert f"{entry.figures['test']['accuracy']:.0%}".rstrip("%") in captions


def test_an_example_can_be_tried_without_a_file():
    app = open_page()
    app.button(key="example-0").click().run()
    assert not app.exception
    assert "Vincent van Gogh" in labels(app)


def test_an_unknown_painter_is_said_plainly(monkeypatch):
    catalogue = dict(models.catalogue())
    default = catalogue[models.DEFAULT]
    strict = default.known.model_copy(update={"threshold": 1.1})
    catalogue[models.DEFAULT] = default.model_copy(update={"known": strict})
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(entries, "catalogue", lambda: catalogue)
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    assert "Not one of the artists I know" in labels(app)


@pytest.mark.parametrize("kind", [None, "unknown", "photograph"])
def test_yes_to_an_unknown_painter_is_no_yes_to_a_photograph(monkeypatch, kind):
    identified = identifying.identified

    def unknown(*asked: object) -> identifying.Answer:
        answer = identified(*asked)
        return replace(answer, result=replace(answer.result, known=False, kind=kind))

    monkeypatch.setattr(identifying, "identified", unknown)
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    app.segmented_control[0].set_value("Yes").run()
    assert not app.exception
    (said,) = journal.feedback().values()
    assert (said.right, said.artist, said.stranger) == (True, None, kind != "photograph")


def test_a_model_that_cannot_tell_strangers_names_somebody_and_says_so(monkeypatch):
    catalogue = dict(models.catalogue())
    default = catalogue[models.DEFAULT]
    catalogue[models.DEFAULT] = default.model_copy(update={"known": None})
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(entries, "catalogue", lambda: catalogue)
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    assert not app.exception
    assert "Most likely painted by" in labels(app)
    assert "This model cannot tell whether" in " ".join(each.value for each in app.caption)


def test_missing_weights_are_explained_not_raised(monkeypatch, tmp_path):
    (tmp_path / models.get(models.DEFAULT).file.name).write_bytes(b"damaged")
    monkeypatch.setenv("ATELIER_WEIGHTS", str(tmp_path))
    settings.settings.cache_clear()
    monkeypatch.setattr(loading, "_loaded", {})
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    assert not app.exception
    assert "damaged or not the published one" in app.error[0].value


def test_a_file_name_cannot_bring_markup(make_picture):
    name = "<img src=x onerror=alert(1)>.jpg"
    app = upload(open_page(), (name, images.encode(make_picture())))
    assert not app.exception
    assert "<img" not in labels(app)


def test_without_a_journal_the_answer_still_comes(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ATELIER_JOURNAL_URL", f"sqlite:///{tmp_path}/file/journal.db")
    settings.settings.cache_clear()
    app = upload(open_page(), ("wave.jpg", WAVE.read()))
    assert not app.exception
    assert "Katsushika Hokusai" in labels(app)
    assert not app.segmented_control


@pytest.fixture
def lasting(monkeypatch):
    with streamlit_internals.lasting_runtime(monkeypatch):
        yield


@pytest.mark.slow
def test_twenty_visitors_at_once_get_their_own_answers(lasting):
    """Twenty sessions, five paintings: no error, no answer mixed up."""
    expected = {}
    for example in examples.catalogue():
        upload(open_page(), (example.file, example.read()))
        expected[example.file] = journal.predictions(limit=1)[0].artists[0]["id"]

    def visit(number: int) -> tuple[str, str, bool]:
        example = examples.catalogue()[number % len(examples.catalogue())]
        app = upload(open_page(), (example.file, example.read()))
        session = app.session_state["session"]
        (prediction,) = journal.predictions(session)
        label = labels(app)
        named = artists.get(prediction.artists[0]["id"]).name in label
        return example.file, prediction.artists[0]["id"], named and not app.exception

    with ThreadPoolExecutor(20) as pool:
        for file, named, shown in pool.map(visit, range(20)):
            assert named == expected[file]
            assert shown


@pytest.mark.tensorflow
def test_a_page_leaves_alone_what_other_threads_make_with_keras():
    """Streamlit clears Keras's session after each run, under threads that trace a network."""
    import keras.src.backend.common.global_state as state

    before = state.GLOBAL_STATE_TRACKER
    assert not AppTest.from_file(ROOT / "Home.py", default_timeout=60).run().exception
    assert state.GLOBAL_STATE_TRACKER is before


def test_the_first_page_is_drawn_before_tensorflow_is_imported():
    code = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("pages/welcome.py", default_timeout=60).run()
assert not app.exception
sys.exit("tensorflow" in sys.modules or "keras" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_pages_touch_neither_keras_nor_sql_nor_files():
    """The walls of the house: pages draw, core knows."""
    for path in Path(ROOT / "pages").rglob("*.py"):
        source = path.read_text()
        for word in ("import keras", "tensorflow as", "sqlalchemy", "from PIL", "open("):
            assert word not in source, f"{word} in {path}"
    for path in Path(ROOT / "core").rglob("*.py"):
        assert "import streamlit" not in path.read_text(), path


def test_no_picture_by_a_painter_who_died_less_than_70_years_ago():
    for example in examples.catalogue():
        if example.artist:
            assert artists.get(example.artist).public_domain
        assert np.prod(images.load(example.read()).pixels.shape[:2]) > 100_000


def test_a_painting_is_cut_out_of_a_photo_of_it_and_both_are_named():
    photo, corners, _ = on_a_wall(images.load(WAVE.read(), enough=600).pixels, 2)
    data = images.encode(photo, "JPEG")
    app = upload(open_page(), ("museum.jpg", data))
    assert "Hokusai" in labels(app)
    (told,) = [each.label for each in app.expander if "as a whole" in each.label]
    assert told.startswith("Cut out of your photo")
    cut, whole = journal.predictions()
    assert cut.artists[0]["id"] == "katsushika-hokusai"
    assert whole.picture_sha256 == hashlib.sha256(data).hexdigest() != cut.picture_sha256
    ((key, _),) = uploads.keyed([uploads.given("museum.jpg", data)])
    app.session_state["corners_dragged"] = {key: tuple(map(tuple, corners.tolist()))}
    app.run()  # the visitor has dragged them
    assert not app.exception
    assert "Hokusai" in labels(app)
    assert len(journal.predictions()) == 3


def test_what_may_be_kept_is_the_cut_that_is_shown_until_it_is_another(monkeypatch):
    monkeypatch.setenv("ATELIER_SERVICE_KEEPERS", "a" * 64)
    settings.settings.cache_clear()
    photo, corners, _ = on_a_wall(images.load(WAVE.read(), enough=600).pixels, 2)
    data = images.encode(photo, "JPEG")
    ((key, _),) = uploads.keyed([uploads.given("museum.jpg", data)])
    at = tuple(map(tuple, corners.tolist()))
    app = open_page()
    app.session_state["corners_dragged"] = {key: at}
    upload(app, ("museum.jpg", data))
    app.segmented_control[0].set_value("Yes").run()
    app.checkbox[0].set_value(True).run()
    cut = journal.predictions()[0].id
    shown = images.preview(outline.cut(images.load(data).pixels, at), pictures.SIDE)
    assert images.load(pictures.read(cut)).pixels.shape == shown.shape

    def tighter(x: float, y: float) -> tuple[float, float]:
        return 0.5 + 0.95 * (x - 0.5), 0.5 + 0.95 * (y - 0.5)

    app.session_state["corners_dragged"] = {key: tuple(tighter(*each) for each in at)}
    app.run()
    assert not app.exception
    assert pictures.read(cut) is None
    assert not app.session_state["pictures_kept"]
    app.session_state["corners_dragged"] = {key: at}  # back again: it is asked anew
    app.run()
    assert pictures.read(cut) is None


def test_a_picture_without_a_wall_is_looked_at_whole():
    data = WAVE.read()
    app = upload(open_page(), ("wave.jpg", data))
    assert [each.label for each in app.expander if "only a part" in each.label]
    (kept,) = journal.predictions()
    assert kept.picture_sha256 == hashlib.sha256(data).hexdigest()
    ((key, _),) = uploads.keyed([uploads.given("wave.jpg", data)])
    app.session_state["corners_dragged"] = {key: ((0, 0), (1, 0), (0.4, 0.4), (0, 1))}
    app.run()
    assert "have to lie around" in app.warning[0].value
    assert "Hokusai" in labels(app)


def test_a_painting_is_named_before_a_painting_in_it_is_looked_for(monkeypatch):
    def out_of_order(pixels):
        raise RuntimeError("out of order")

    monkeypatch.setattr(outline, "find", out_of_order)
    small = images.load(WAVE.read(), enough=500).pixels  # a picture that no test has cut before
    app = upload(open_page(), ("wave.jpg", images.encode(small, "JPEG")))
    assert "Hokusai" in labels(app)
    assert len(app.error) == 1
    assert len(journal.predictions()) == 1


def test_a_table_to_download_gives_back_names_with_line_ends(monkeypatch):
    offered: list[bytes] = []
    monkeypatch.setattr(downloads, "button", lambda label, data, *_, **__: offered.append(data))
    table = pd.DataFrame({"file": ["a\rb.jpg", "a\nb.jpg", "a\r\nb.jpg"], "share": [0.1, 0.2, 1]})
    downloads.table("Data", table, "atelier.csv")
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(offered[0])), table, check_dtype=False)
