"""The Monet page as a script, through Streamlit's AppTest."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from streamlit.testing.v1 import AppTest

from core import examples, images, models, monet
from core.jobs import State
from core.monet import generate, tiled
from core.monitoring.paintings import reading
from core.settings import ROOT

PAGE = str(ROOT / "pages" / "monet.py")


def small(number: int = 1, side: int = 120) -> bytes:
    pixels = images.load(examples.photos()[number].read()).pixels
    return images.encode(images.preview(pixels, side), "JPEG")


def open_page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not app.exception
    return app


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/jpeg") for name, data in files]).run()
    assert not app.exception
    return app


def finished(app: AppTest) -> AppTest:
    """Waits for the jobs, and runs the page again as its fragment does."""
    for job in list(app.session_state["monet_jobs"].values()):
        with suppress(BaseException):  # that is for the page to tell
            job.result(120)
    return app.run()


def downloads(app: AppTest) -> list[str]:
    return [button.label for button in app.get("download_button")]


def test_it_invites_and_offers_photos():
    app = open_page()
    assert app.title[0].value == "Your photo, as Monet might have painted it"
    assert [b.label for b in app.button] == [photo.title for photo in examples.photos()]
    assert not app.get("download_button")


def test_a_photo_is_painted_and_can_be_taken_home():
    app = finished(upload(open_page(), ("garden.jpg", small())))
    assert not app.exception
    assert downloads(app) == ["Download"]
    (done,) = app.session_state["monet_painted"].values()
    assert images.load(done.after).pixels.shape == images.load(small()).pixels.shape
    assert done.after != done.before


def test_several_are_painted_in_order_and_damaged_ones_told():
    app = upload(
        open_page(),
        ("one.jpg", small(0)),
        ("broken.jpg", small(1)[:500]),
        ("two.jpg", small(2)),
        ("one again.jpg", small(0)),
    )
    app = finished(app)
    assert not app.exception
    assert len(app.warning) == 1
    assert "broken.jpg" in app.warning[0].value
    assert len(app.session_state["monet_painted"]) == 3  # "one again" is painted already
    assert downloads(app) == ["Download", "Download", "Download", "Download all 3"]


def test_the_other_direction_has_its_own_words():
    app = open_page()
    app.segmented_control(key="monet_way").set_value("to-photo").run()
    assert app.title[0].value == "A Monet, as a camera might have seen it"
    app.button[0].click().run()
    app = finished(app)
    assert not app.exception
    assert downloads(app) == ["Download"]
    (key,) = app.session_state["monet_painted"]
    assert "to-photo" in key


def test_of_the_other_direction_it_is_said_how_little_to_expect(monkeypatch):
    def said(app: AppTest) -> list[str]:
        return [c.value for c in app.caption if "do not expect a photograph" in c.value]

    app = open_page()
    assert said(app) == []
    app.segmented_control(key="monet_way").set_value("to-photo").run()
    entry = models.get(monet.MODELS["to-photo"])
    closed = f"{entry.figures['held_out']['distance_closed']:.0%}".replace("%", " %")
    (sentence,) = said(app)
    assert sentence.endswith(f"of the distance to real ones it closes {closed}.")
    without = entry.model_copy(update={"figures": {}})
    monkeypatch.setattr(models, "get", lambda *_: without)
    (sentence,) = said(app.run())
    assert sentence.endswith("do not expect a photograph.")


def test_the_way_back_is_shown_with_its_error():
    app = finished(upload(open_page(), ("garden.jpg", small())))
    app.toggle[0].set_value(True).run()
    assert not app.exception
    error = monet.cycle(images.load(small()).pixels).error
    assert any(f"by {error:.0%}".replace("%", " %") in c.value for c in app.caption)


def test_another_brush_paints_again_and_the_first_is_kept():
    app = finished(upload(open_page(), ("garden.jpg", small())))
    app.select_slider(key="monet_brush").set_value("fine").run()
    app = finished(app)
    assert len(app.session_state["monet_painted"]) == 2
    app.select_slider(key="monet_brush").set_value("auto").run()
    assert not app.session_state["monet_jobs"]  # nothing to do
    assert downloads(app) == ["Download"]


def test_stopping_keeps_what_is_there_and_goes_on(monkeypatch):
    original = tiled.Painter.paint
    asked = []

    def slow(self, canvas, stopping=lambda: False):
        asked.append(canvas.shape)
        while len(asked) == 2 and not stopping():
            time.sleep(0.01)
        if stopping():
            raise tiled.Stopped
        return original(self, canvas, stopping)

    monkeypatch.setattr(tiled.Painter, "paint", slow)
    app = upload(open_page(), ("one.jpg", small(0)), ("two.jpg", small(2)))
    while len(asked) < 2:
        time.sleep(0.01)
    (stop,) = [b for b in app.button if b.label == "Stop"]
    running = list(app.session_state["monet_jobs"].values())
    stop.click().run()
    for job in running:
        job.result(120)
    app.run()
    assert downloads(app) == ["Download"]
    assert "Stopped" in app.info[0].value
    assert not [b for b in app.button if b.label == "Stop"]
    (go_on,) = [b for b in app.button if b.label == "Go on"]
    app = finished(go_on.click().run())
    assert not app.exception
    assert downloads(app) == ["Download", "Download", "Download all 2"]
    kept = reading.read("to-monet")
    assert kept.stopped.tolist() == [False, True, False]
    assert all(0 < change < 0.5 for change in kept.content_loss[~kept.stopped])


def test_a_changed_mind_cancels_what_is_not_wanted_any_more(monkeypatch):
    asked = held_up(monkeypatch)
    app = upload(open_page(), ("one.jpg", small(0)), ("two.jpg", small(2)))
    (first, second) = app.session_state["monet_jobs"].values()
    while not asked:
        time.sleep(0.01)
    app = upload(app, ("two.jpg", small(2)))
    assert list(app.session_state["monet_jobs"].values()) == [second]
    first.result(120)
    assert first.state is State.cancelled
    second.cancel()
    second.result(120)


def held_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Has every painting wait until it is stopped; lists the canvases."""
    asked: list[tuple[int, ...]] = []

    def wait(self, canvas, stopping=lambda: False):
        asked.append(canvas.shape)
        while not stopping():
            time.sleep(0.01)
        raise tiled.Stopped

    monkeypatch.setattr(tiled.Painter, "paint", wait)
    return asked


def test_missing_weights_are_told_in_a_sentence(monkeypatch):
    def refuse(model_id):
        raise models.WeightsError("The weights are not on this machine.")

    monkeypatch.setattr(generate, "painter", refuse)
    app = finished(upload(open_page(), ("garden.jpg", small())))
    assert not app.exception
    assert app.error[0].value == "The weights are not on this machine."


@pytest.mark.parametrize("error", [KeyError("conv"), SystemExit("end")], ids=repr)
def test_what_nobody_foresaw_is_not_shown_raw(monkeypatch, caplog, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(generate, "paint", broken)
    app = finished(upload(open_page(), ("garden.jpg", small())))
    (told,) = [*app.error, *app.warning]
    assert "Something went wrong (incident " in told.value
    assert any(record.exc_info for record in caplog.records)


def test_an_abandoned_page_stops_painting(monkeypatch):
    held_up(monkeypatch)
    app = upload(open_page(), ("one.jpg", small(0)), ("two.jpg", small(2)))
    abandoned = list(app.session_state["monet_jobs"].values())
    assert all(job._patience == 20 for job in abandoned)
    for job in abandoned:
        job._touched -= 1000
    for job in abandoned:
        job.result(120)
        assert job.state is State.cancelled
    app.run()  # who comes back may go on
    assert "Stopped" in app.info[0].value
    assert [b.label for b in app.button if b.label == "Go on"]


def test_figures_are_those_of_the_evaluation():
    app = open_page()
    test = models.get(monet.MODELS["to-monet"]).figures["held_out"]
    text = " ".join(m.value for m in app.markdown)
    assert f"**{test['distance_closed']:.0%}**".replace("%", " %") in text
    assert f"Measured on {test['pictures']} photos that it had never seen" in text
