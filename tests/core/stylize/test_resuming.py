"""Going on from a checkpoint: the picture is the one that nobody disturbed, to the last bit."""

from __future__ import annotations

from itertools import islice
from typing import get_args

import numpy as np
import pytest

from core.jobs import checkpoint
from core.jobs.checkpoint import Checkpoint
from core.stylize import refine
from core.stylize.optimization import optimizers
from core.stylize.request import Optimizer, StylizeRequest

SMALL = StylizeRequest(
    rows=48,
    steps=12,
    scales=(0.75, 1.0),
    precision="float32",
    content_layers={"block2_conv1": 1.0},
    style_layers={"block1_conv1": 1.0, "block2_conv1": 1.0},
)


def stored(made: Checkpoint) -> Checkpoint:
    """A checkpoint as it comes back from files."""
    arrays, state = checkpoint.unpacked(checkpoint.packed(made.arrays, made.state))
    pieces = {
        name: checkpoint.unpacked(checkpoint.packed(each))[0] for name, each in made.pieces.items()
    }
    return Checkpoint(state, arrays, pieces)


def told(step: refine.Step) -> tuple[object, ...]:
    return (
        step.step, step.of, step.done, step.loss, step.content_loss, step.style_loss, step.scale,
        step.first,
    )  # fmt: skip


@pytest.mark.parametrize("start", ["photo", "noise"])
@pytest.mark.parametrize("optimizer", get_args(Optimizer))
def test_from_every_step_the_same_picture_comes(make_picture, optimizer, start):
    photo, style = make_picture(64, 80, seed=1), make_picture(56, 96, seed=2)
    request = SMALL.changed(optimizer=optimizer, start=start)
    steps, found = [], []
    for step in refine.refine(photo, [style], request):
        steps.append((told(step), step.pixels()))
        found.append(stored(step.checkpoint()))
    assert len(found) == 12
    for number in (0, 3, 6, 7, 9, 11):  # the second scale begins with the eighth
        again = refine.refine(photo, [style], request, resume=found[number])
        rest = [(told(step), step.pixels()) for step in again]
        assert [each for each, _ in rest] == [each for each, _ in steps[number:]]
        for (_, is_so), (_, should_be) in zip(rest, steps[number:], strict=True):
            np.testing.assert_array_equal(is_so, should_be)


def test_from_a_canvas_that_was_given_too(make_picture):
    photo, style = make_picture(64, 80, seed=1), make_picture(56, 96, seed=2)
    canvas, request = make_picture(40, 50, seed=3), SMALL.changed(scales=None)
    *_, third = islice(refine.refine(photo, [style], request, canvas=canvas), 3)
    found = stored(third.checkpoint())
    *_, last = refine.refine(photo, [style], request, canvas=canvas)
    for given in (canvas, make_picture(8, 9, seed=4)):  # it is not looked at any more
        *_, resumed = refine.refine(photo, [style], request, canvas=given, resume=found)
        np.testing.assert_array_equal(resumed.pixels(), last.pixels())


def test_a_piece_is_what_it_was_as_long_as_it_has_its_name(make_picture):
    photo, style = make_picture(64, 80, seed=1), make_picture(56, 96, seed=2)
    known: dict[str, dict[str, np.ndarray]] = {}
    for step in refine.refine(photo, [style], SMALL):
        for name, arrays in stored(step.checkpoint()).pieces.items():
            for each, array in known.setdefault(name, arrays).items():
                np.testing.assert_array_equal(array, arrays[each])
    assert len(known) > 10


def test_a_large_picture_keeps_its_latest_moves(make_picture, monkeypatch):
    photo, style = make_picture(64, 80, seed=1), make_picture(56, 96, seed=2)
    request = SMALL.changed(scales=(1.0,))
    *_, last = refine.refine(photo, [style], request)
    names = [name for name, _ in last.checkpoint().state["optimizer"]["moves"]]
    monkeypatch.setattr(optimizers, "_KEPT_BYTES", 3 * 48 * 60 * 3 * 4 * 2)
    assert [name for name, _ in last.checkpoint().state["optimizer"]["moves"]] == names[-3:]
    assert {f"0/{name}" for name in names[-3:]} | {"0/begun"} == set(last.checkpoint().pieces)
