"""Paintings at work: what is told on the way, stopping, going on, refusals, and what is saved."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from core import images, jobs, models
from core.errors import InvalidRequest
from core.jobs import Progress
from core.models import architectures as builders
from core.settings import settings
from core.stylize import artist_styles, extractors, instant, refine, session
from core.stylize.instant import engine as instant_engine
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting, tasks
from core.stylize.session.tasks import Order

LIMIT = 300  # seconds; a test that needs them has failed
REQUEST = StylizeRequest(
    start="instant",
    rows=48,
    steps=8,
    scales=(0.75, 1.0),
    precision="float32",
    content_layers={"block2_conv1": 1.0},
    style_layers={"block1_conv1": 1.0, "block2_conv1": 1.0},
    forms=0.0,
)


@pytest.fixture
def order(make_picture) -> Order:
    return Order(photo=make_picture(64, 80, seed=1), styles=[make_picture(56, 96, seed=2)],
                 request=REQUEST)  # fmt: skip


@pytest.fixture
def sketched(monkeypatch) -> list[dict]:
    """An instant network that paints everything brown; gives what it was asked for."""
    asked: list[dict] = []

    def paint(photo, styles, **how) -> np.ndarray:
        asked.append(how)
        return np.full((*refine.size(photo, how["rows"]), 3), (120, 90, 60), np.uint8)

    monkeypatch.setattr(instant, "paint", paint)
    return asked


def with_(order: Order, **values) -> Order:
    return dataclasses.replace(order, request=order.request.changed(**values))


class Stop(jobs.Uncontrolled):
    """A control that says stop, once it is told."""

    stopping = False


def run(order: Order, stop_after: int | None = None) -> tuple[object, list[Progress]]:
    """Draws the steps of the task; gives its result and all that it told."""
    told: list[Progress] = []
    control = Stop()
    steps = tasks.stylize(order, control)
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value, told
        told.append(progress)
        if stop_after is not None:
            control.stopping = progress.step == stop_after


def sketched_by(order: Order) -> np.ndarray:
    return session.at_once(order.request, order.photo, order.styles)


def test_it_sketches_then_paints_over_the_sketch_coarse_to_fine(order, sketched):
    done, told = run(order)
    assert isinstance(done, Painting)
    phases = [progress.phase for progress in told]
    assert phases == ["sketching", "looking", *["painting"] * 8]
    steps = told[2:]
    assert [progress.step for progress in steps] == list(range(1, 9))
    assert [progress.scale for progress in steps] == [0.75] * 5 + [1.0] * 3
    assert all(a.fraction < b.fraction for a, b in pairwise(steps))
    # The first step shows the sketch that it starts from; later ones do not.
    first = images.load(steps[0].preview).pixels
    np.testing.assert_allclose(np.median(first, (0, 1)), (120, 90, 60), atol=6)
    assert np.abs(done.pixels.astype(float) - (120, 90, 60)).mean() > 10
    assert (done.step, done.scale, done.complete, done.note) == (8, 1.0, True, "")
    assert done.pixels.shape == (48, 60, 3)
    assert [point.step for point in done.curve] == list(range(1, 9))
    assert done.curve[4].style < done.curve[0].style


def test_what_the_sketch_is_asked_for(order, sketched):
    sketched_by(with_(order, brush=2.0, keep_colors=True, style_weights=[3.0], strength=0.5))
    assert sketched == [{"style_weights": (3.0,), "strength": 0.5, "rows": 48, "brush": 2.0,
                         "keep_colors": True, "layout": None, "engine": None}]  # fmt: skip


def test_a_sketch_that_is_there_already_is_not_painted_again(order, sketched):
    known = np.full((48, 60, 3), (40, 160, 90), np.uint8)
    done, told = run(dataclasses.replace(order, sketch=known))
    assert not sketched
    first = images.load(told[2].preview).pixels
    np.testing.assert_allclose(np.median(first, (0, 1)), (40, 160, 90), atol=6)
    assert done.complete


def test_it_starts_from_photo_or_noise_when_asked(order, sketched):
    order = with_(order, start="photo", steps=1, scales=(1.0,))
    from_photo, told = run(order)
    assert [progress.phase for progress in told] == ["looking", "painting"]
    from_noise, _ = run(with_(order, start="noise"))
    assert not sketched
    photo = refine.resize(order.photo, 48, 60)
    # The photo is given the colours of the style, but its light and shade stay.
    light = [np.corrcoef(found.pixels.mean(2).ravel(), photo.mean(2).ravel())[0, 1]
             for found in (from_photo, from_noise)]  # fmt: skip
    assert light[0] > 0.7 > 0.3 > abs(light[1])


def test_stopped_at_a_coarse_scale_it_keeps_a_whole_picture_and_goes_on_from_there(order, sketched):
    stopped, told = run(order, stop_after=3)
    assert told[-1].step == 3
    assert (stopped.step, stopped.scale, stopped.complete) == (3, 0.75, False)
    assert stopped.pixels.shape == (48, 60, 3)
    done, told = run(dataclasses.replace(order, earlier=stopped))
    assert [progress.phase for progress in told] == ["looking", *["painting"] * 8]
    assert {progress.scale for progress in told[1:]} == {0.75, 1.0}
    assert (done.step, done.scale, done.complete) == (11, 1.0, True)
    assert [point.step for point in done.curve] == list(range(1, 12))
    assert done.curve[3].style == pytest.approx(stopped.curve[2].style, rel=0.5)
    assert done.seconds > stopped.seconds
    assert len(sketched) == 1


def test_a_finished_painting_is_gone_on_with_at_full_size_only(order, sketched):
    first, _ = run(order)
    second, told = run(dataclasses.replace(order, earlier=first))
    assert {progress.scale for progress in told[1:]} == {1.0}
    assert second.curve[8].style == pytest.approx(first.curve[-1].style, rel=0.05)
    assert second.curve[-1].style < first.curve[-1].style
    assert second.frames[: len(first.frames)] == first.frames


def test_stopped_before_the_first_step_the_sketch_is_kept(order, sketched):
    stopped, told = run(order, stop_after=0)
    assert [progress.phase for progress in told] == ["sketching"]
    assert (stopped.step, stopped.complete) == (0, False)
    assert (stopped.pixels == (120, 90, 60)).all()
    done, _ = run(dataclasses.replace(order, earlier=stopped))
    assert done.step == 8


def test_a_job_that_nobody_looks_at_leaves_nothing_or_what_there_was(order, sketched):
    assert run(with_(order, start="photo"), stop_after=0)[0] is None
    earlier, _ = run(order, stop_after=2)
    assert run(dataclasses.replace(order, earlier=earlier), stop_after=0)[0] is earlier


def test_previews_and_frames_are_small_jpegs_of_one_size(order, sketched):
    order = with_(order, rows=600, steps=2, scales=(0.1, 1.0))
    done, told = run(order)
    frames = [images.load(frame) for frame in done.frames]
    assert {frame.format for frame in frames} == {"JPEG"}
    assert {frame.pixels.shape for frame in frames} == {(384, 480, 3)}
    assert len(frames) == 1 + 1 + 2 + 1  # photo, sketch, steps, painting
    last = refine.resize(done.pixels, 384, 480)
    assert np.abs(frames[-1].pixels - last).mean() < 6
    assert {images.load(each.preview).pixels.shape for each in told if each.preview} == {
        (384, 480, 3)
    }
    stills = {each.still: each.scale for each in told if each.still}
    assert {images.load(each).pixels.shape for each in stills} == {(600, 750, 3)}
    assert list(stills.values()) == [0.1, 1.0]


def test_without_the_instant_network_it_starts_from_the_photo_and_says_so(order, monkeypatch):
    def missing(*_, **__):
        raise models.WeightsError("The weights instant_style.weights.h5 are not here.")

    monkeypatch.setattr(instant, "paint", missing)
    with pytest.raises(models.WeightsError, match="instant_style"):
        sketched_by(order)
    done, _ = run(order)
    assert done.complete
    assert "started from the photo" in done.note
    again, _ = run(dataclasses.replace(order, earlier=done))
    assert again.note == done.note


def test_without_a_networks_weights_it_paints_with_vgg16_and_says_so(order, sketched):
    done, _ = run(with_(order, network="inception_v3", rows=80, steps=1, scales=(1.0,)))
    assert done.request.network == "vgg16"
    assert done.request.content_layers is None
    assert done.note.endswith("Painting with VGG16 instead.")
    assert "inception_v3_weights" in done.note


def test_vgg19_without_its_own_weights_is_called_what_it_is():
    request, note = session.at_hand(StylizeRequest(network="vgg19", precision="float32"))
    assert request.network == "vgg19"
    assert note == "Painted with VGG19 (deepened VGG16)."
    assert session.at_hand(REQUEST) == (REQUEST, "")


def test_what_cannot_be_painted_is_refused_in_a_sentence(order, sketched, monkeypatch):
    monkeypatch.setattr(refine, "free_bytes", lambda: 1000)
    with pytest.raises(refine.TooLarge, match=r"choose fewer rows\.$"):
        run(order)
    monkeypatch.undo()
    monkeypatch.setattr(instant, "paint", lambda photo, *_, **__: photo)
    with pytest.raises(InvalidRequest, match=r"^Weights of styles are positive numbers, and not"):
        with_(order, style_weights=[0.0])
    with pytest.raises(InvalidRequest, match=r"^1 styles and 2 weights: one each is needed\.$"):
        run(with_(order, style_weights=[1.0, 2.0]))
    damaged = models.WeightsError("The weights file is damaged: delete it.")

    def refuse(*_, **__):
        raise damaged

    monkeypatch.setattr(extractors, "load", refuse)
    with pytest.raises(models.WeightsError) as refused:
        run(order)
    assert refused.value is damaged


@pytest.mark.parametrize("error", [RuntimeError("CUDA_ERROR"), ValueError("bad shapes")], ids=repr)
def test_other_errors_are_not_taken_for_sentences(order, sketched, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(refine, "refine", broken)
    job = jobs.submit("stylize", order)
    with pytest.raises(type(error)):
        job.result(60)
    assert str(error) not in job.sentence
    assert "incident" in job.sentence


def test_the_instant_picture_alone_is_a_finished_painting(order, sketched):
    done, told = run(with_(order, mode="instant", start="photo"))
    assert [progress.phase for progress in told] == ["sketching"]
    assert (done.pixels == (120, 90, 60)).all()
    assert (done.step, done.complete, len(sketched)) == (0, True, 1)


def test_without_the_instant_network_there_is_no_instant_picture(order, monkeypatch):
    def missing(*_, **__):
        raise models.WeightsError("The weights instant_style.weights.h5 are not here.")

    monkeypatch.setattr(instant, "paint", missing)
    with pytest.raises(models.WeightsError, match="instant_style"):
        run(with_(order, mode="instant"))


def test_painters_are_given_by_their_ids(order, sketched, monkeypatch):
    known: list[str] = []
    picture = order.styles[0]
    monkeypatch.setattr(artist_styles, "load", lambda id_: known.append(id_) or picture)
    done, _ = run(dataclasses.replace(order, styles=["claude-monet"]))
    assert known == ["claude-monet"]
    assert done.complete


def test_ctrl_c_keeps_what_is_there_and_nothing_is_raised_once_there_is_something(
    order, sketched, monkeypatch
):
    whole = refine.refine

    def interrupted_after(count: int, order: Order) -> Painting | None:
        def steps(*given, **more):
            for step in whole(*given, **more):
                if step.step > count:
                    raise KeyboardInterrupt
                yield step

        monkeypatch.setattr(refine, "refine", steps)
        return run(order)[0]

    kept = interrupted_after(2, order)
    assert (kept.step, kept.complete, kept.pixels.shape) == (2, False, (48, 60, 3))
    sketch = interrupted_after(0, order)
    assert (sketch.step, sketch.complete) == (0, False)
    assert (sketch.pixels == (120, 90, 60)).all()
    with pytest.raises(KeyboardInterrupt):
        interrupted_after(0, with_(order, start="photo"))


@pytest.mark.slow
def test_with_the_real_networks_whose_decoder_knows_nothing_yet(order, monkeypatch):
    eye = extractors.load("vgg16")
    decoder = builders.style_decoder()
    engine = instant.compiled(eye, decoder)
    monkeypatch.setattr(instant_engine, "default_engine", lambda: engine)
    assert settings().offline
    done, _ = run(order)
    assert done.complete
    assert done.note == ""
    sketch = sketched_by(order)
    assert sketch.shape == done.pixels.shape
    assert (sketch != done.pixels).any()


def below(order: Order) -> Order:
    """Of which the lower half is painted; it starts from a picture that is brown all over."""
    mask = np.zeros(order.photo.shape[:2], bool)
    mask[32:] = True
    return dataclasses.replace(order, masks=[mask])


@pytest.mark.parametrize("stop_after", [0, 1, 6, None])
def test_what_is_to_stay_stays_to_the_pixel_wherever_it_is_stopped(order, sketched, stop_after):
    order = below(order)
    done, _ = run(order, stop_after)
    kept = refine.as_pixels(refine.resize(order.photo, 48, 60))
    np.testing.assert_array_equal(done.pixels[:24], kept[:24])
    assert np.abs(done.pixels[26:].astype(int) - kept[26:]).mean() > 5
    assert sketched[0]["layout"].regions == (((0,), 1.0),)
    further, _ = run(dataclasses.replace(order, earlier=done))
    np.testing.assert_array_equal(further.pixels[:24], kept[:24])
    assert further.step == done.step + order.request.steps


def test_a_mask_of_another_shape_is_refused_before_anything_is_painted(order, sketched):
    square = np.eye(40, dtype=bool)
    with pytest.raises(InvalidRequest, match="another shape"):
        run(dataclasses.replace(order, masks=[square]))
    assert sketched == []
