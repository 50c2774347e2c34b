"""The durable painting: what is asked of it, and that it is the same whoever paints it."""

from __future__ import annotations

import io
import json
import threading
import time
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from core import images
from core.jobs import State
from core.jobs.durable import DatabaseEngine, leases
from core.jobs.durable import worker as workers
from core.jobs.durable.worker import Worker
from core.stylize import instant, refine, regions, session
from core.stylize.request import StylizeRequest
from core.stylize.session.durable import STYLIZE, Style, StylizeOrder

LIMIT = 300  # seconds; a test that needs them has failed
REQUEST = StylizeRequest(
    rows=48,
    steps=12,
    scales=(0.75, 1.0),
    precision="float32",
    content_layers={"block2_conv1": 1.0},
    style_layers={"block1_conv1": 1.0, "block2_conv1": 1.0},
)


@pytest.fixture
def order(make_picture) -> StylizeOrder:
    return StylizeOrder(
        request=REQUEST,
        photo=images.encode(make_picture(64, 80, seed=1)),
        name="photo.png",
        styles=(Style(picture=images.encode(make_picture(56, 96, seed=2)), name="style.png"),),
    )


@pytest.fixture
def engine(any_database) -> DatabaseEngine:
    return DatabaseEngine(any_database)


def test_workers_of_before_are_asked_for_nothing_that_they_do_not_know(order: StylizeOrder):
    assert "canvas" not in json.loads(order.model_dump_json())
    again = order.model_copy(update={"canvas": b"png"})
    assert StylizeOrder.model_validate_json(again.model_dump_json()) == again


def undisturbed(order: StylizeOrder) -> session.Painting:
    steps = session.paint(
        order.request,
        images.load(order.photo).pixels,
        [style.given() for style in order.styles],
        masks=[regions.load(mask) for mask in order.masks],
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class Killed(BaseException):
    """What a kill is to a thread, as far as can be."""


def work(
    engine: DatabaseEngine, monkeypatch, *, die_at: int | Literal["once", None] = None
) -> None:
    """Works on a job; or dies before a step is drawn, with nothing said to the database.

    That is after the step `die_at`; with "once" after the first that it tells of.
    """
    original = workers._Work._go_on

    def go_on(self, progress) -> bool:
        goes_on = original(self, progress)
        if progress.step == die_at or (die_at == "once" and progress.phase == "painting"):
            raise Killed
        return goes_on

    with monkeypatch.context() as patch:
        patch.setattr(workers._Work, "_go_on", go_on)
        if die_at is not None:
            patch.setattr(workers.Lease, "fail", lambda *_: None)
        Worker(engine, f"dies at {die_at}", lease=0.5).work_one(threading.Event())


@pytest.mark.parametrize("start", ["photo", "instant"])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_painting_survives_its_workers_bit_for_bit(engine, order, optimizer, start, monkeypatch):
    def brown(photo, styles, **how) -> np.ndarray:
        return np.full((*refine.size(photo, how["rows"]), 3), (120, 90, 60), np.uint8)

    monkeypatch.setattr(instant, "paint", brown)
    monkeypatch.setattr(workers, "CHECKPOINT_EVERY", 0.0)
    request = REQUEST.changed(optimizer=optimizer, start=start)
    order = order.model_copy(update={"request": request})
    expected = undisturbed(order)
    job = engine.submit(STYLIZE, order)
    for die_at in (1, 4, 8, 12):
        work(engine, monkeypatch, die_at=die_at)
        assert job.state is State.running
        assert job.progress.step == die_at
        time.sleep(0.7)  # until its lease has run out
    work(engine, monkeypatch)
    assert job.state is State.done, job.error
    result = job.result()
    assert result.media_type == "image/png"
    np.testing.assert_array_equal(images.load(result.data).pixels, expected.pixels)
    known = job.outline()
    assert known.attempts == 5
    assert [point.step for point in known.progress.curve] == list(range(1, 13))
    assert known.progress.curve == expected.curve
    events = list(job.events())
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    of_taking = [event.data["resumed"] for event in events if event.kind == "running"]
    assert of_taking == [False, True, True, True, True]


def test_workers_that_all_die_after_one_step_get_it_done(engine, order, monkeypatch):
    expected = undisturbed(order)
    job = engine.submit(STYLIZE, order)
    for taking in range(1, REQUEST.steps + 1):  # each of which loses nothing
        work(engine, monkeypatch, die_at="once")
        assert job.progress.step == taking
        time.sleep(0.7)  # until its lease has run out
    assert REQUEST.steps > 2 * leases.MOST_CRASHES
    work(engine, monkeypatch)
    assert job.state is State.done, job.error
    np.testing.assert_array_equal(images.load(job.result().data).pixels, expected.pixels)


def test_while_networks_load_again_progress_does_not_fall_back(engine, order, monkeypatch):
    monkeypatch.setattr(workers, "CHECKPOINT_EVERY", 0.0)
    job = engine.submit(STYLIZE, order)
    work(engine, monkeypatch, die_at=5)
    time.sleep(0.7)
    work(engine, monkeypatch)
    steps = [event.data["step"] for event in job.events() if event.kind == "progress"]
    assert steps == sorted(steps)


def test_a_painting_that_is_stopped_when_it_is_taken_up_again_keeps_what_it_had(
    engine, order, monkeypatch
):
    monkeypatch.setattr(workers, "CHECKPOINT_EVERY", 0.0)
    job = engine.submit(STYLIZE, order)
    work(engine, monkeypatch, die_at=4)
    time.sleep(0.7)
    job.cancel()
    original = workers._Work.do

    def do(self) -> None:
        self._cancellation.ask()  # as the first heartbeat does
        original(self)

    monkeypatch.setattr(workers._Work, "do", do)
    work(engine, monkeypatch)
    assert job.state is State.cancelled
    assert job.progress.step == 4
    assert images.load(job.result().data).pixels.shape == (48, 60, 3)


def test_a_finished_picture_remembers_how_it_was_made(engine, order, monkeypatch, remembered):
    job = engine.submit(STYLIZE, order)
    work(engine, monkeypatch)
    made = remembered(job.result().data)
    assert (made["content"], made["styles"], made["steps_made"]) == ("photo.png", ["style.png"], 12)
    assert made["complete"] is True
    assert images.load(job.preview()).pixels.shape == (48, 60, 3)
    assert images.load(job.still()).pixels.shape == (48, 60, 3)


def test_a_picture_that_cannot_be_read_fails_in_a_sentence(engine, order, monkeypatch):
    job = engine.submit(STYLIZE, order.model_copy(update={"photo": b"no picture"}))
    work(engine, monkeypatch)
    assert job.state is State.failed
    assert job.error.code == "unreadable-picture"


def test_a_style_is_one_thing():
    for given in ({}, {"picture": b"x", "artist": "claude-monet"}):
        with pytest.raises(ValidationError, match="either a picture or a painter"):
            Style(**given)
    assert Style(artist="claude-monet").given() == "claude-monet"


def test_an_order_comes_back_from_json_as_it_was(order):
    assert StylizeOrder.model_validate_json(order.model_dump_json()) == order


def test_a_painting_in_regions_survives_its_workers_bit_for_bit(engine, order, monkeypatch):
    monkeypatch.setattr(workers, "CHECKPOINT_EVERY", 0.0)
    levels = np.zeros((32, 40, 3), np.uint8)
    levels[:16] = 255
    styles = (*order.styles, order.styles[0])
    change = {"masks": (images.encode(levels),), "styles": styles}
    order = order.model_copy(update=change)
    expected = undisturbed(order)
    job = engine.submit(STYLIZE, order)
    for die_at in (1, 5, 11):
        work(engine, monkeypatch, die_at=die_at)
        assert job.state is State.running
        time.sleep(0.7)  # until its lease has run out
    work(engine, monkeypatch)
    assert job.state is State.done, job.error
    np.testing.assert_array_equal(images.load(job.result().data).pixels, expected.pixels)
    with Image.open(io.BytesIO(job.result().data)) as picture:
        assert json.loads(picture.text["atelier"])["masks"] == ["a mask"]
