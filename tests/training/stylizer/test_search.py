"""Random search over the settings of style transfer."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import examples
from core.stylize import extractors
from core.stylize.presets import Preset
from training.__main__ import app
from training.stylizer import search

TINY = search.Options(rows=40, steps=3, seed=5)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pictures")
    photo, painting = folder / "photo.jpg", folder / "painting.jpg"
    photo.write_bytes(examples.photos()[0].read())
    painting.write_bytes(examples.catalogue()[0].read())
    return photo, painting


def test_a_draw_depends_on_seed_and_number_alone():
    assert search.draw(3, TINY) != search.draw(4, TINY)
    again, other = (
        search.draw(3, TINY),
        search.draw(3, dataclasses.replace(TINY, seed=6)),
    )
    assert again == search.draw(3, TINY)
    assert again.content_weight != other.content_weight


def test_draws_fill_their_ranges_evenly_on_a_logarithmic_scale():
    drawn = [search.draw(n, TINY) for n in range(400)]
    for name, (low, high) in (
        ("learning_rate", TINY.learning_rate),
        ("content_weight", TINY.content),
        ("style_weight", TINY.style),
    ):
        values = [getattr(trial, name) for trial in drawn]
        assert low * 0.99 <= min(values) < max(values) <= high * 1.01
        below = sum(value < math.sqrt(low * high) for value in values)
        assert 160 < below < 240
    assert set(drawn[0].style_layers) == set(extractors.get("vgg16").style)


def test_the_front_is_what_nothing_beats():
    def trial(number: int, content: float, style: float) -> search.Trial:
        made = search.draw(number, TINY)
        return dataclasses.replace(made, content_loss=content, style_loss=style)

    trials = [trial(0, 0.5, 0.3), trial(1, 0.2, 0.6), trial(2, 0.6, 0.4), trial(3, 0.9, 0.1)]
    assert [each.number for each in search.front(trials)] == [1, 0, 3]


@pytest.mark.slow
def test_a_search_goes_on_and_writes_presets_with_their_curves(pictures, tmp_path):
    command = ["stylizer", "search", *map(str, pictures), "--run", str(tmp_path)]
    tiny = ["--set", "rows=40", "--set", "steps=3"]
    for trials in (2, 4):
        done = CliRunner().invoke(app, [*command, "--trials", str(trials), *tiny])
        assert done.exit_code == 0, done.output
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["number"]) for row in rows] == [0, 1, 2, 3]
    presets = [
        Preset.model_validate(p) for p in json.loads((tmp_path / "presets.json").read_text())
    ]
    assert presets
    for preset in presets:
        number = preset.id.removeprefix("found-")
        row = rows[int(number)]
        assert preset.learning_rate == float(row["learning_rate"])
        assert preset.style_layers == json.loads(row["style_layers"])
        curve = (tmp_path / "curves" / f"{number}.csv").read_text().splitlines()
        assert curve[0] == "step,content,style"
        assert len(curve) == 4
        assert (tmp_path / f"{number}.png").exists()
    refused = CliRunner().invoke(app, [*command, "--set", "rows=48"])
    assert refused.exit_code != 0
