"""What visitors drop in, as badly as they can: every page takes it, or says in a sentence why not.

Painting by networks is not done here, but what is asked for.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import identify, images, journal, monet
from core.monet import generate
from core.settings import ROOT, settings
from pages.components.ui import downloads, uploads
from tests.pages.conftest import words

IDENTIFY, MONET, STYLIZE, LABORATORY = (
    str(ROOT / "pages" / f"{name}.py") for name in ("identify", "monet", "stylize", "laboratory")
)
ODD_NAMES = [
    "🎨👩\u200d🎨.jpg",
    "a \"quoted\" 'name'.jpg",
    "<script>alert(1)</script>.jpg",
    "two\nlines\r\n# and a title.jpg",
    "**bold** [link](http://x) :material/home: $x$ `code`.jpg",
    "caf\udce9 \ud800.jpg",
    "\u202egpj.exe",
    "\0.jpg",
    "../../etc/passwd",
    "C:\\Users\\me\\photo.jpg",
    "x" * 5000 + ".jpg",
    "é" * 300,
    ".jpg",
    "",
    "...",
]


def small(seed: int = 0, height: int = 60, width: int = 80) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return images.encode(pixels)


BROKEN = {
    "empty": b"",
    "text": b"Dear museum,",
    "half": small()[: len(small()) // 2],
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "zeros": bytes(1000),
}


def test_a_field_tells_the_limit_that_is_set(monkeypatch: pytest.MonkeyPatch):
    assert uploads.formats().endswith("up to 50 MB")
    assert uploads.clips().endswith("up to 50 MB")  # Streamlit takes no more
    monkeypatch.setenv("ATELIER_MAX_BYTES", "2500000")
    settings.cache_clear()
    assert uploads.formats().endswith("up to 2.5 MB")


def fine(app: AppTest) -> AppTest:
    """Nothing went wrong that nobody foresaw."""
    assert not app.exception
    assert not any("incident" in error.value for error in app.error)
    assert not any("incident" in warning.value for warning in app.warning)
    return app


def open_page(page: str) -> AppTest:
    return fine(AppTest.from_file(page, default_timeout=120).run())


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    named = [(name, data, "image/jpeg") for name, data in files]
    return fine(app.file_uploader[0].set_value(named).run())


def offered(app: AppTest) -> list[str]:
    return [button.label for button in app.get("download_button")]


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """In place of Monet's network: the shapes that it was given."""
    shapes: list[tuple[int, ...]] = []

    def paint(pixels, direction, *, brush, stopping):
        shapes.append(pixels.shape)
        return monet.Painted(direction, pixels, 255 - pixels, 0.1)

    monkeypatch.setattr(generate, "paint", paint)
    monkeypatch.setattr(generate, "is_loaded", lambda direction: True)
    return shapes


def finished(app: AppTest) -> AppTest:
    """Waits for Monet's jobs, and runs the page again as its fragment does."""
    for job in list(app.session_state["monet_jobs"].values()):
        with suppress(Exception):  # that is for the page to tell
            job.result(60)
    return app.run()


def monets(*files: tuple[str, bytes]) -> AppTest:
    return fine(finished(drop(open_page(MONET), *files)))


# The same file twice, the same content under two names, and two contents under one name.
SAME = [("a.png", small(1)), ("a.png", small(1)), ("b.png", small(1)), ("a.png", small(2))]


def test_identify_takes_the_same_file_twice_and_each_has_its_own_answer_and_feedback():
    app = drop(open_page(IDENTIFY), *SAME)
    assert len(app.segmented_control) == 4
    rows = journal.predictions()
    assert len(rows) == 4
    assert len({row.picture_sha256 for row in rows}) == 2
    app.segmented_control[0].set_value("Yes").run()
    app.segmented_control[1].set_value("No").run()
    fine(app.selectbox[0].set_value("Albrecht Dürer").run())
    said = [journal.feedback()[row.id].right for row in reversed(rows[-2:])]
    assert said == [True, False]
    fine(app.run())
    assert len(journal.predictions()) == 4
    for toggle in app.toggle:
        toggle.set_value(True)
    fine(app.run())
    assert offered(app) == ["Download this picture"] * 4 + ["Download as CSV"]
    table = app.dataframe[0].value
    assert sorted(table["picture"]) == ["a.png", "a.png", "a.png", "b.png"]


def test_what_one_picture_does_to_identify_is_not_the_others_end(monkeypatch):
    def stumble(picture, model, *, top):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(identify, "identify", stumble)
    app = AppTest.from_file(IDENTIFY, default_timeout=60).run()
    files = [("a.png", small(1)), ("b.png", small(2))]
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    assert not app.exception
    told = [error.value for error in app.error]
    assert [text.split(":")[0] for text in told] == ["**a.png**", "**b.png**"]
    assert all("incident" in text and "division" not in text for text in told)


def test_monet_paints_the_same_picture_once_and_gives_it_for_each_of_its_files(painted):
    app = monets(*SAME)
    assert len(painted) == 2
    assert offered(app) == ["Download"] * 4 + ["Download all 4"]
    for toggle in app.toggle:
        assert toggle.label == "Show the cycle"


def test_the_archive_of_monet_has_a_name_for_each(painted, monkeypatch):
    archives = []

    def button(label, data, file_name, **how) -> None:
        if file_name.endswith(".zip"):
            archives.append(data())

    monkeypatch.setattr(downloads, "button", button)
    monets(*SAME, ("../../evil.png", small(3)), ('a "b".png', small(4)))
    with zipfile.ZipFile(io.BytesIO(archives[-1])) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(found) == [
        "01-a-monet.jpg",
        "02-a-monet.jpg",
        "03-b-monet.jpg",
        "04-a-monet.jpg",
        "05-evil-monet.jpg",
        "06-a _b_-monet.jpg",
    ]
    assert found["01-a-monet.jpg"] == found["03-b-monet.jpg"] != found["04-a-monet.jpg"]


def test_a_picture_that_monet_stumbles_over_is_not_the_others_end(monkeypatch, painted):
    paint = generate.paint

    def stumble(pixels, *given, **named):
        if pixels.shape[0] == 30:
            raise ZeroDivisionError("division by zero")
        return paint(pixels, *given, **named)

    monkeypatch.setattr(generate, "paint", stumble)
    app = AppTest.from_file(MONET, default_timeout=60).run()
    files = [("odd.png", small(1, 30, 40)), ("good.png", small(2))]
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    finished(app)
    assert not app.exception
    assert "odd.png" in app.warning[0].value
    assert "incident" in app.warning[0].value
    assert "division" not in words(app)
    assert offered(app) == ["Download"]


def test_two_models_see_a_dropped_painting():
    app = open_page(LABORATORY)
    app.segmented_control(key="lab-view").set_value("Two models").run()
    app.file_uploader[0].set_value(("a.png", small(), "image/png")).run()
    fine(app.toggle(key="lab-heat").set_value(True).run())
    assert len(app.get("plotly_chart")) == 2
    fine(app.file_uploader[0].set_value(("a.png", small(1, 1, 1), "image/png")).run())
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_picture_is_told_on_every_page(painted, kind: str):
    file = ("odd*name*.jpg", BROKEN[kind])
    for page in (IDENTIFY, MONET):
        app = drop(open_page(page), file, ("good.png", small()))
        if page == MONET:
            fine(finished(app))
        (told,) = [warning.value for warning in app.warning]
        assert told.startswith("**odd\\*name\\*.jpg**: ")
        assert told.endswith(".")
    app = open_page(STYLIZE)
    app.file_uploader[0].set_value(("photo.jpg", BROKEN[kind], "image/jpeg"))
    app.file_uploader[1].set_value([(*file, "image/jpeg")])
    fine(app.run())
    assert len(app.warning) == 2
    app = open_page(LABORATORY)
    app.segmented_control(key="lab-view").set_value("Two models").run()
    fine(app.file_uploader[0].set_value((*file, "image/jpeg")).run())
    assert len(app.warning) == 1


def test_names_of_all_kinds_and_many_files_at_once(painted):
    names = [name.encode(errors="replace").decode() for name in ODD_NAMES]  # as browsers send them
    files = [(names[n % len(names)], small(n, 8, 8)) for n in range(30)]
    app = drop(open_page(IDENTIFY), *files)
    assert len(app.segmented_control) == 30
    assert not app.warning
    assert not any("<script" in html.proto.body for html in app.get("html"))
    app = monets(*files)
    assert offered(app)[-1] == "Download all 30"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_harmless_and_not_empty(name: str):
    found = uploads.given(name, b"")
    for text in (found.name, found.stem, uploads.file_name(found.stem, "-monet.jpg")):
        assert 0 < len(text.encode()) <= 180
        assert len(text.splitlines()) == 1
        assert not set(text) & set("/\\\0")
    assert not set(uploads.file_name(found.stem, "")) & set('<>:"|?*')


def test_a_usual_name_stays_as_it_is():
    found = uploads.given("Garten_im Früh.ling-2.jpeg", b"")
    assert (found.name, found.stem) == ("Garten_im Früh.ling-2.jpeg", "Garten_im Früh.ling-2")
    assert found.label == found.name


def test_extreme_shapes_are_identified():
    shapes = [(1, 1), (1, 3000), (3000, 40), (2, 2)]
    files = [(f"{h}x{w}.png", small(0, h, w)) for h, w in shapes]
    app = drop(open_page(IDENTIFY), *files)
    assert len(app.segmented_control) + len(app.warning) == len(files)
    for toggle in app.toggle:
        toggle.set_value(True)
    fine(app.run())
