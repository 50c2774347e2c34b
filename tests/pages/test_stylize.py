"""The Stylize page as a script, through Streamlit's AppTest, with painters that are quick."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import streamlit as st
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core import database, examples, images, jobs, models, tensorflow_compat
from core.errors import InvalidRequest
from core.jobs.local import Job as LocalJob
from core.journal import tables
from core.monitoring.paintings import newest, reading
from core.settings import ROOT, settings
from core.stylize import artist_styles, instant, presets, refine, session
from core.stylize.artist_styles import Entry
from core.stylize.request import StylizeRequest
from core.stylize.session import painting
from pages.components import noted
from pages.components.stylize import brush
from pages.components.stylize import regions as regions_module

PAGE = str(ROOT / "pages" / "stylize.py")
LIMIT = 120  # seconds; a test that needs them has failed


def small(number: int = 1, side: int = 120) -> bytes:
    pixels = images.load(examples.photos()[number].read()).pixels
    return images.encode(images.preview(pixels, side), "JPEG")


def painting_bytes(number: int = 0, side: int = 100) -> bytes:
    pixels = images.load(examples.catalogue()[number].read()).pixels
    return images.encode(images.preview(pixels, side), "JPEG")


PAINTERS = [
    Entry(artist=artist, file="", sha256="", bytes=0, paintings=3, network="vgg16", date="",
          seed=0, command="")
    for artist in ("claude-monet", "vincent-van-gogh")
]  # fmt: skip


class Studio:
    """In place of the networks: what was asked of them, and a gate that painting waits at."""

    def __init__(self) -> None:
        self.sketches: list[dict] = []
        self.orders: list[dict] = []
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()  # set once it has come to the gate
        self.waits_at = 2

    def sketch(self, photo, styles, **how) -> np.ndarray:
        self.sketches.append({"styles": styles, **how})
        return np.full((*refine.size(photo, how["rows"]), 3), (120, 90, 60), np.uint8)

    def refine(self, photo, styles, request, *, canvas=None, resume=None):
        self.orders.append({"styles": styles, "request": request, "canvas": canvas})
        picture = np.full((*refine.size(photo, request.rows), 3), 60 * len(self.orders), np.uint8)
        for number in range(1, request.steps + 1):
            if number == self.waits_at:
                self.waiting.set()
                self.gate.wait(LIMIT)
            yield refine.Step(
                step=number,
                of=request.steps,
                seconds=0.1 * number,
                done=number / request.steps,
                loss=1.1 / number,
                content_loss=1.0,
                style_loss=1.0 / number,
                scale=1.0,
                first=number == 1,
                _pixels=lambda: picture,
                _checkpoint=lambda: pytest.fail("nobody takes checkpoints on a page"),
            )


@pytest.fixture(autouse=True)
def studio(monkeypatch) -> Studio:
    found = Studio()
    st.cache_resource.clear()  # pictures painted at once by other tests
    monkeypatch.setattr(instant, "paint", found.sketch)
    monkeypatch.setattr(instant, "is_loaded", lambda: True)
    monkeypatch.setattr(refine, "refine", found.refine)
    monkeypatch.setattr(tensorflow_compat, "is_installed", lambda: True)
    monkeypatch.setattr(painting, "at_hand", lambda request: (request, ""))
    monkeypatch.setattr(session, "warm_up", lambda: None)
    monkeypatch.setattr(artist_styles, "catalogue", lambda: PAINTERS)
    monkeypatch.setattr(artist_styles, "load", lambda artist: f"style of {artist}")
    return found


def open_page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=LIMIT).run()
    assert not app.exception
    return app


def drop(app: AppTest, photo: bytes | None = None, *pictures: bytes) -> AppTest:
    if photo is not None:
        app.file_uploader[0].set_value(("garden.jpg", photo, "image/jpeg"))
    if pictures:
        named = [(f"style {n}.jpg", data, "image/jpeg") for n, data in enumerate(pictures, 1)]
        app.file_uploader[1].set_value(named)
    return fine(app.run())


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    return fine(button.click().run())


def labels(app: AppTest) -> list[str]:
    kinds = ("button", "download_button")
    return [button.label for kind in kinds for button in app.get(kind)]


def primary(app: AppTest) -> list[str]:
    return [
        button.proto.label
        for kind in ("button", "download_button")
        for button in app.get(kind)
        if button.proto.type == "primary"
    ]


def finished(app: AppTest) -> AppTest:
    """Waits for the job, and runs the page again as its fragment does."""
    job: LocalJob | None = app.session_state["stylize_job"]
    if job is not None:  # else it was done before the page had been drawn
        for _ in range(LIMIT):
            job.touch()  # as the fragment does
            if job._finished.wait(1):
                break
    return fine(app.run())


def ready() -> AppTest:
    return drop(open_page(), small(), painting_bytes())


def words(app: AppTest) -> str:
    elements = (*app.caption, *app.info, *app.error, *app.warning, *app.markdown)
    return "\n".join(element.value for element in elements)


def described(app: AppTest) -> list[str]:
    """What is said of each picture for who cannot see it."""
    return [image.alt for element in app.get("image") for image in element.proto.imgs]


def test_it_invites_and_offers_pairs():
    app = open_page()
    assert app.title[0].value == "Your photo, as they would have painted it"
    assert len(app.file_uploader) == 2
    assert "As Vincent van Gogh" in labels(app)
    assert not app.slider
    assert not app.select_slider


def test_an_example_is_painted_at_once(studio):
    app = press(open_page(), "As Katsushika Hokusai")
    assert len(studio.sketches) == 1
    assert primary(app) == ["Refine"]
    assert "The Great Wave off Kanagawa" in words(app)


def test_what_is_missing_is_offered(studio):
    app = drop(open_page(), small())
    assert [b.label for b in app.button] == [each.title for each in examples.catalogue()]
    app = press(app, "Summertime")
    assert len(studio.sketches) == 1
    app = press(app, "Start over")
    app = drop(app, None, painting_bytes())
    assert [b.label for b in app.button] == [photo.title for photo in examples.photos()]
    press(app, "Dandelions")
    assert len(studio.sketches) == 2


def test_two_dropped_files_give_the_instant_picture_and_reruns_do_not_paint_again(studio):
    app = ready()
    assert len(studio.sketches) == 1
    assert studio.sketches[0]["rows"] == 400
    assert primary(app) == ["Refine"]
    assert "Download" in labels(app)
    app.run()
    assert len(studio.sketches) == 1
    app.toggle(key="stylize_keep").set_value(True).run()
    assert [each["keep_colors"] for each in studio.sketches] == [False, True]
    app.toggle(key="stylize_keep").set_value(False).run()
    assert len(studio.sketches) == 2


def test_refine_starts_from_the_instant_picture_and_ends_with_a_painting(studio):
    app = finished(press(ready(), "Refine"))
    (order,) = studio.orders
    assert (order["canvas"] == (120, 90, 60)).all()
    assert order["request"].steps == 100
    assert order["request"].scales is not None
    assert {"Go on painting", "Download picture", "Download film"} <= set(labels(app))
    assert primary(app) == ["Download picture"]
    assert "100 steps in" in words(app)
    assert "×400" in words(app)
    assert app.get("plotly_chart")


def test_settings_reach_the_painters(studio):
    app = ready()
    app.select_slider(key="stylize_strength").set_value(200)
    app.select_slider(key="stylize_faith").set_value(30)
    app.select_slider(key="stylize_brush").set_value(2.0)
    app.select_slider(key="stylize_rows").set_value(160)
    app.select_slider(key="stylize_steps").set_value(25)
    app.select_slider(key="stylize_smooth").set_value(0.3)
    app.toggle(key="stylize_contours").set_value(True)
    app.selectbox(key="stylize_network").set_value("resnet50")
    app.segmented_control(key="stylize_optimizer").set_value("adam")
    app.segmented_control(key="stylize_start").set_value("noise")
    app.number_input(key="stylize_seed").set_value(7)
    app.toggle(key="stylize_layers").set_value(True)
    app = fine(app.run())
    assert app.number_input(key="stylize_rate").value is None
    app.number_input(key="stylize_rate").set_value(4.0)
    app.slider(key="stylize-layer-Style-resnet50-conv1_relu").set_value(0.0)
    app.slider(key="stylize-layer-Style-resnet50-conv2_block3_out").set_value(0.5)
    app = finished(press(fine(app.run()), "Refine"))
    assert studio.sketches[-1]["strength"] == 1.0
    assert studio.sketches[-1]["brush"] == 2.0
    (order,) = studio.orders
    assert order["canvas"] is None
    assert order["request"] == StylizeRequest(
        network="resnet50", rows=160, steps=25, style_weight=2.0,
        content_weight=0.1 * 30 / 100, brush=2.0, variation_weight=0.3,
        optimizer="adam", learning_rate=4.0, start="noise", seed=7, scales=order["request"].scales,
        style_weights=(1.0,), keep_contours=True,
        content_layers={"conv3_block4_out": 1.0},
        style_layers={
            "conv2_block3_out": 0.5, "conv3_block4_out": 1.0, "conv4_block6_out": 1.0
        },
    )  # fmt: skip


def test_forms_and_texture_have_a_slider_where_there_are_forms(studio):
    app = ready()
    app.select_slider(key="stylize_forms").set_value(0.75)
    finished(press(fine(app.run()), "Refine"))
    assert studio.orders[0]["request"].forms == 0.75
    app = fine(app.selectbox(key="stylize_network").set_value("vgg19").run())
    assert "stylize_forms" not in [slider.key for slider in app.select_slider]
    app = fine(app.selectbox(key="stylize_network").set_value("vgg16").run())
    assert app.select_slider(key="stylize_forms").value == 0.75


def test_layers_are_those_of_forms_or_of_texture():
    app = ready()
    app = fine(app.toggle(key="stylize_layers").set_value(True).run())
    deep = "stylize-layer-Style-vgg16-block5_conv1"
    assert deep not in [slider.key for slider in app.slider]
    app = fine(app.select_slider(key="stylize_forms").set_value(0.0).run())
    assert deep in [slider.key for slider in app.slider]


def test_no_layer_at_all_is_told():
    app = ready()
    app.toggle(key="stylize_layers").set_value(True).run()
    for slider in app.slider:
        if slider.key.startswith("stylize-layer-Photo"):
            slider.set_value(0.0)
    app = fine(app.run())
    assert "at least one of each" in app.error[0].value


@pytest.mark.parametrize("preset", presets.catalogue(), ids=lambda preset: preset.id)
def test_a_preset_moves_the_sliders_exactly_and_is_marked(studio, preset):
    app = ready()
    app.button_group(key="stylize_preset").set_value(preset.id)
    app = fine(app.run())
    assert app.session_state["stylize_preset"] == preset.id
    assert preset.words in words(app)
    app = finished(press(app, "Refine"))
    request = studio.orders[0]["request"]
    assert request.style_weight == pytest.approx(preset.style_weight)
    assert request.content_weight == pytest.approx(preset.content_weight)
    assert request.brush == preset.brush
    assert request.keep_colors == preset.keep_colors
    assert request.forms == preset.forms
    app.select_slider(key="stylize_brush").set_value(0.5).run()
    assert app.session_state["stylize_preset"] is None


def test_two_styles_are_mixed_by_one_slider(studio):
    app = drop(open_page(), small(), painting_bytes(0), painting_bytes(2))
    assert studio.sketches[-1]["style_weights"] == (50.0, 50.0)
    (mix,) = [slider for slider in app.slider if slider.label == "Mix"]
    app = fine(mix.set_value(80).run())
    assert studio.sketches[-1]["style_weights"] == (20.0, 80.0)
    assert "style 1 20 %, style 2 80 %" in words(app)
    finished(press(app, "Refine"))
    assert studio.orders[0]["request"].style_weights == (20.0, 80.0)
    assert len(studio.orders[0]["styles"]) == 2


def test_three_styles_have_a_weight_each(studio):
    app = drop(open_page(), small(), *(painting_bytes(n) for n in range(3)))
    sliders = [slider for slider in app.slider if slider.label.startswith("style ")]
    assert [slider.label for slider in sliders] == ["style 1", "style 2", "style 3"]
    sliders[1].set_value(0)
    fine(app.run())
    assert studio.sketches[-1]["style_weights"] == (50.0, 0.0, 50.0)


@pytest.mark.parametrize("times", [2, 3])
def test_the_same_style_several_times_is_as_many_styles(studio, times):
    app = drop(open_page(), small(), *[painting_bytes()] * times)
    assert len(studio.sketches[-1]["styles"]) == times
    app = finished(press(app, "Refine"))
    assert len(studio.orders[-1]["request"].style_weights) == times
    assert not app.error


def test_a_photo_may_be_its_own_style_and_names_bring_no_markup(studio):
    app = open_page()
    name = "*a* <b>b `c` :red[🎨]\n$d$.jpg"
    app.file_uploader[0].set_value((name, small(), "image/jpeg"))
    app.file_uploader[1].set_value([(name, small(), "image/jpeg")] * 2)
    fine(app.run())
    assert not app.error
    once = r"\*a\* \<b\>b \`c\` \:red\[🎨\] \$d\$"
    assert f"Like {once} and {once}" in [caption.value for caption in app.caption]
    app = finished(press(app, "Refine"))
    assert not app.error


def test_weights_that_are_all_zero_are_told(studio):
    app = drop(open_page(), small(), *(painting_bytes(n) for n in range(3)))
    for slider in app.slider:
        slider.set_value(0)
    app = fine(app.run())
    assert app.error[0].value == "Weights of styles are positive numbers, and not all of them zero."
    app.slider[0].set_value(50)
    assert not fine(app.run()).error


def test_what_the_instant_picture_refuses_is_told(monkeypatch):
    def refuse(*_, **__):
        raise InvalidRequest("Weights of styles are positive numbers.")

    monkeypatch.setattr(instant, "paint", refuse)
    assert ready().error[0].value == "Weights of styles are positive numbers."


def test_painters_can_be_chosen_and_mixed(studio, monkeypatch):
    app = drop(open_page(), small())
    app = fine(app.segmented_control(key="stylize_source").set_value("painters").run())
    app = fine(app.multiselect(key="stylize_artists").set_value(["claude-monet"]).run())
    panel = "Another photo, another style"
    assert {each.label: each.proto.expanded for each in app.expander}[panel]  # a second may come
    assert studio.sketches[-1]["styles"] == ["style of claude-monet"]
    assert app.selectbox(key="stylize_network").disabled
    assert not app.select_slider(key="stylize_forms").disabled
    with monkeypatch.context() as patch:
        patch.setattr(artist_styles, "has_places", lambda artist: False)
        app = fine(app.run())
        assert "stylize_forms" not in [slider.key for slider in app.select_slider]
    both = ["claude-monet", "vincent-van-gogh"]
    app = fine(app.multiselect(key="stylize_artists").set_value(both).run())
    assert not {each.label: each.proto.expanded for each in app.expander}[panel]
    assert "Claude Monet 50 %, Vincent van Gogh 50 %" in words(app)
    assert studio.sketches[-1]["styles"] == [f"style of {artist}" for artist in both]
    app = press(app, "Start over")
    assert app.multiselect(key="stylize_artists").value == []
    assert len(app.button) == 4  # pairs to try


def test_an_example_is_a_picture_also_where_painters_were_chosen(studio):
    app = fine(open_page().segmented_control(key="stylize_source").set_value("painters").run())
    app = press(app, "As Katsushika Hokusai")
    assert len(studio.sketches) == 1
    assert "The Great Wave off Kanagawa" in words(app)
    assert app.segmented_control(key="stylize_source").value == "pictures"


def test_stop_keeps_what_is_there_and_it_goes_on(studio):
    studio.gate.clear()
    app = press(ready(), "Refine")
    job: LocalJob = app.session_state["stylize_job"]
    while job.progress is None or job.progress.step < 1:
        time.sleep(0.01)
    app = fine(app.run())
    assert app.select_slider(key="stylize_strength").disabled
    assert "Refine" not in labels(app)
    app = press(app, "Stop")
    studio.gate.set()
    app = finished(app)
    assert job.state is jobs.State.cancelled
    assert "Stopped, and kept as it is: 2 steps in" in words(app)
    assert primary(app) == ["Go on painting"]
    assert not app.select_slider(key="stylize_strength").disabled
    app = finished(press(app, "Go on painting"))
    assert "102 steps in" in words(app)
    assert primary(app) == ["Download picture"]
    assert (studio.orders[1]["canvas"] == 60).all()  # what the first order painted
    kept = reading.read("refine")
    assert kept.stopped.tolist() == [True, False]
    assert steps_noted() == [2, 100]  # of each sitting
    assert kept.content_loss.tolist() == [1.0, 1.0]
    assert 0 < kept.style_loss[1] < 1
    assert len(reading.read("instant")) == 1
    assert not kept.downloaded.any()
    number, _ = newest()
    assert noted.taken([number, None], lambda: b"a painting")() == b"a painting"
    assert reading.read("refine").downloaded.tolist() == [False, True]


def steps_noted() -> list[int]:
    """Steps of each refined painting that the journal knows."""
    query = select(tables.Painted.steps).where(tables.Painted.mode == "refine")
    with database.reading(settings().journal_url) as rows:
        return list(rows.scalars(query.order_by(tables.Painted.id)))


def test_a_double_click_paints_once(studio):
    studio.gate.clear()
    app = press(ready(), "Refine")
    job: LocalJob = app.session_state["stylize_job"]
    app.session_state["stylize-paint"] = True  # the second click, sent before the page had changed
    brush = app.select_slider(key="stylize_brush")
    brush.disabled = brush.proto.disabled = False
    brush.set_value(0.5)  # too late to count
    app = fine(app.run())
    assert app.session_state["stylize_job"] is job
    assert app.select_slider(key="stylize_brush").value == 1.0
    studio.gate.set()
    finished(app)
    assert len(studio.orders) == 1


def test_what_was_set_just_before_the_click_counts(studio):
    """Streamlit runs the page once for both, and in that run the settings are disabled."""
    studio.gate.clear()
    app = drop(open_page(), small(), painting_bytes(0), painting_bytes(2))
    app.select_slider(key="stylize_steps").set_value(50)
    app.toggle(key="stylize_keep").set_value(True)
    (mix,) = [slider for slider in app.slider if slider.label == "Mix"]
    mix.set_value(80)
    app = press(app, "Refine")
    steps = app.select_slider(key="stylize_steps")
    assert (steps.value, steps.disabled) == (50, True)
    studio.gate.set()
    app = finished(app)
    assert app.select_slider(key="stylize_steps").value == 50
    assert app.toggle(key="stylize_keep").value
    (order,) = studio.orders
    assert (order["request"].steps, order["request"].style_weights) == (50, (20.0, 80.0))
    assert order["request"].keep_colors


def test_other_settings_show_their_own_picture_and_the_painting_is_kept(studio):
    app = finished(press(ready(), "Refine"))
    app = fine(app.select_slider(key="stylize_brush").set_value(0.5).run())
    assert primary(app) == ["Refine"]
    app = fine(app.select_slider(key="stylize_brush").set_value(1.0).run())
    assert primary(app) == ["Download picture"]
    app = fine(app.select_slider(key="stylize_steps").set_value(200).run())
    assert primary(app) == ["Download picture"]  # time to spend makes no other painting
    finished(press(app, "Go on painting"))
    assert studio.orders[-1]["request"].steps == 200


def test_another_photo_stops_the_painting(studio):
    studio.gate.clear()
    app = press(ready(), "Refine")
    job: LocalJob = app.session_state["stylize_job"]
    assert studio.waiting.wait(LIMIT)
    app.file_uploader[0].set_value(("other.jpg", small(3), "image/jpeg")).run()
    studio.gate.set()
    job._finished.wait(LIMIT)
    assert job.state is jobs.State.cancelled
    assert primary(fine(app.run())) == ["Refine"]
    app = drop(app, small())
    assert "Stopped, and kept as it is: 2 steps in" in words(app)


def test_others_wait_in_line(studio):
    studio.gate.clear()
    first, second = press(ready(), "Refine"), ready()
    second = press(second, "Refine")
    assert second.get("progress")[0].proto.text == "In line: 1 before you"
    studio.gate.set()
    finished(first)
    assert "100 steps" in words(finished(second))


def test_an_abandoned_page_stops_painting(studio):
    studio.gate.clear()
    app = press(ready(), "Refine")
    job: LocalJob = app.session_state["stylize_job"]
    job._touched -= 1000
    studio.gate.set()
    job._finished.wait(LIMIT)
    assert job.state is jobs.State.cancelled
    assert "Stopped, and kept as it is" in words(fine(app.run()))


def test_without_the_instant_network_it_paints_from_the_photo(studio, monkeypatch):
    def missing(*_, **__):
        raise models.WeightsError("The weights are not on this machine.")

    monkeypatch.setattr(instant, "paint", missing)
    app = ready()
    assert app.info[0].value == (
        "There is no picture at once. The weights are not on this machine. "
        "Refine paints all the same, from the photo."
    )
    assert primary(app) == ["Refine"]
    assert "Download" not in labels(app)
    app = finished(press(app, "Refine"))
    assert studio.orders[0]["canvas"] is None
    assert "started from the photo" in words(app)


def test_refusals_are_told_and_leave_what_was_painted(studio, monkeypatch):
    app = finished(press(ready(), "Refine"))

    def refuse(*_, **__):
        raise refine.TooLarge("It takes more memory than is free: choose fewer rows.")

    monkeypatch.setattr(refine, "refine", refuse)
    app = finished(press(app, "Go on painting"))
    assert app.error[0].value == "It takes more memory than is free: choose fewer rows."
    assert "100 steps in" in words(app)
    monkeypatch.setattr(refine, "refine", studio.refine)
    app = finished(press(app, "Go on painting"))
    assert not app.error


ODD = [RuntimeError("CUDA_ERROR"), ValueError("bad shapes"), KeyError("block"), SystemExit("end")]


@pytest.mark.parametrize("error", ODD, ids=repr)
def test_what_nobody_foresaw_is_not_shown_raw(monkeypatch, caplog, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(refine, "refine", broken)
    app = finished(press(ready(), "Refine"))
    assert app.error[0].value.startswith("Something went wrong (incident ")
    assert error.args[0] not in words(app)
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert str(logged.args[0]) in app.error[0].value


def test_a_fault_of_the_instant_picture_is_not_shown_raw(monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError("operands could not be broadcast")

    monkeypatch.setattr(instant, "paint", broken)
    app = ready()
    assert app.error[0].value.startswith("Something went wrong (incident ")
    assert "broadcast" not in words(app)
    assert "broadcast" in caplog.text
    assert "Refine" in labels(app)


def test_without_tensorflow_there_is_a_sentence_in_place_of_refine(studio, monkeypatch):
    monkeypatch.setattr(tensorflow_compat, "is_installed", lambda: False)
    app = ready()
    assert len(studio.sketches) == 1
    assert "Refine" not in labels(app)
    assert "Download" in labels(app)
    assert "Refining needs TensorFlow" in words(app)
    assert "`pip install -r requirements.txt`" in words(app)


def test_damaged_weights_are_told(monkeypatch):
    def damaged(*_, **__):
        raise models.WeightsError("The weights file is damaged: delete it.")

    monkeypatch.setattr(painting, "at_hand", damaged)
    app = finished(press(ready(), "Refine"))
    assert app.error[0].value == "The weights file is damaged: delete it."


def test_damaged_pictures_are_told(studio):
    app = drop(open_page(), small()[:500], painting_bytes(), b"no picture")
    told = [warning.value for warning in app.warning]
    assert len(told) == 2
    assert "garden.jpg" in told[0]
    assert "style 2.jpg" in told[1]
    assert not studio.sketches
    assert [b.label for b in app.button] == [photo.title for photo in examples.photos()]


def test_both_ways_to_look_at_a_painting():
    app = finished(press(ready(), "Refine"))
    alone = "garden: painting"
    assert alone not in described(app)
    app = fine(app.segmented_control(key="stylize_view").set_value("alone").run())
    assert alone in described(app)


def half() -> bytes:
    """The mask of an upper half."""
    levels = np.zeros((60, 90, 3), np.uint8)
    levels[:30] = 255
    return images.encode(levels)


def on_the_board(app: AppTest, *masks: bytes) -> AppTest:
    """As if it had been painted: what the browser does is tested there."""
    draft = app.session_state.stylize_regions
    draft.masks, draft.versions = list(masks), [0] * len(masks)
    return fine(app.run())


def test_regions_are_folded_and_change_nothing_until_they_are_taken_over(studio):
    app = drop(open_page(), small(), painting_bytes(), painting_bytes(1))
    assert "Regions: paint parts of it differently" in [each.label for each in app.expander]
    assert "Another region" not in labels(app)
    on_the_board(app, half())
    assert [each.label for each in app.selectbox][:2] == ["Region 1", "Everything else"]
    assert len(studio.sketches) == 1
    assert studio.sketches[0]["layout"] is None


def test_regions_are_painted_as_was_set(studio):
    app = drop(open_page(), small(), painting_bytes(), painting_bytes(1))
    on_the_board(app, half())
    first, rest = (each for each in app.selectbox if each.label in ("Region 1", "Everything else"))
    assert first.options == ["Leave as it is", "Like style 1", "Like style 2",
                             "Like all of them, mixed"]  # fmt: skip
    first.set_value(regions_module.PHOTO)
    assert rest.value == regions_module.ALL
    fine(app.run())
    press(app, "Paint it so")
    assert "Regions: 1 marked" in [each.label for each in app.expander]
    layout = studio.sketches[-1]["layout"]
    assert layout.labels[0, 0] == 0
    assert layout.labels[-1, 0] == 1
    assert layout.regions == ((tuple(range(2)), 1.0),)

    press(app, "Without regions")
    assert len(studio.sketches) == 2  # the one without is known already
    assert "Regions: paint parts of it differently" in [each.label for each in app.expander]


def test_regions_that_leave_nothing_to_paint_are_told_where_they_can_be_mended(studio):
    app = drop(open_page(), small(), painting_bytes())
    on_the_board(app, half())
    for each in app.selectbox:
        if each.label in ("Region 1", "Everything else"):
            each.set_value(regions_module.PHOTO)
    fine(app.run())
    press(app, "Paint it so")
    assert any("nothing to paint" in each.value for each in app.warning)
    assert len(studio.sketches) == 1


def test_another_photo_has_no_regions(studio):
    app = drop(open_page(), small(), painting_bytes())
    on_the_board(app, half())
    press(app, "Paint it so")
    app.file_uploader[0].set_value(("other.jpg", small(2), "image/jpeg"))
    fine(app.run())
    assert "Regions: paint parts of it differently" in [each.label for each in app.expander]
    assert studio.sketches[-1]["layout"] is None


@pytest.mark.parametrize(
    "url",
    [None, 5, "", "data:image/png;base64,%%%", "data:text/html;base64,AAAA", "x" * 3_000_000],
)
def test_what_comes_from_a_board_is_no_mask_before_it_has_been_read(url):
    assert brush._file(url) is None
    assert regions_module._usable(b"no picture") is None
    assert regions_module._usable(half()) == half()
