"""Progress is plain data, which any process and any browser can read."""

from __future__ import annotations

import json
import pickle

import pytest
from pydantic import ValidationError

from core.jobs import Point, Progress

FULL = Progress(
    phase="painting",
    step=3,
    of=10,
    fraction=0.25,
    seconds=1.5,
    seconds_left=4.5,
    losses={"style": 0.25},
    curve=(Point(1, 0.5, 0.75), Point(3, 0.25, 0.5)),
    scale=0.5,
    preview=b"\xff\xd8 not UTF-8 \x00",
    still=b"\xff\xd8",
    note="A sentence.",
)


@pytest.mark.parametrize("progress", [Progress(), FULL], ids=["empty", "full"])
def test_it_survives_json_and_pickle(progress: Progress):
    text = progress.model_dump_json()
    assert Progress.model_validate_json(text) == progress
    assert json.loads(text)["step"] == progress.step
    assert pickle.loads(pickle.dumps(progress)) == progress  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "values", [{"fraction": 1.5}, {"fraction": -0.1}, {"step": -1}, {"scale": 0}, {"result": 1}]
)
def test_it_holds_nothing_else(values):
    with pytest.raises(ValidationError):
        Progress(**values)


def test_it_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        FULL.step = 4
