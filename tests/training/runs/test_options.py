"""Options of a run: saved once, refused if others, changed by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from core.errors import InvalidRequest
from core.recipes import RECIPES, Recipe
from core.recipes.fields import changed
from training import runs, stylizer
from training.data.inputs import TrainingError

TINY = stylizer.Options(steps=4, crop=32, widths=(8, 8, 8, 8), seed=3)


def test_another_runs_options_are_refused(tmp_path):
    runs.settle_options(tmp_path, TINY)
    assert runs.settle_options(tmp_path, TINY) == TINY
    with pytest.raises(ValueError, match="other options"):
        runs.settle_options(tmp_path, dataclasses.replace(TINY, seed=4))
    assert runs.read_options(tmp_path, stylizer.Options) == TINY
    with pytest.raises(ValueError, match="other options"):
        runs.settle_options(tmp_path, RECIPES["vgg16"])


def test_a_run_from_before_a_field_was_added_resumes_with_its_default(tmp_path):
    runs.settle_options(tmp_path, TINY)
    path = tmp_path / "options.json"
    values = json.loads(path.read_text())
    del values["begin"]
    path.write_text(json.dumps(values))
    assert runs.settle_options(tmp_path, TINY) == TINY
    with pytest.raises(ValueError, match="other options"):
        runs.settle_options(tmp_path, dataclasses.replace(TINY, begin="instant_style"))


def test_options_are_part_of_a_file_whose_other_parts_must_be_the_same(tmp_path):
    recipe, other = RECIPES["custom_cnn"], RECIPES["vgg16"]

    def settle(asked: Recipe, name: str, *alternatives: Recipe) -> Recipe:
        return runs.settle_options(
            tmp_path, asked, alternatives=alternatives, part="recipe", besides={"data": name}
        )

    settle(recipe, "paintings")
    assert list(json.loads((tmp_path / "options.json").read_text())) == ["recipe", "data"]
    assert settle(other, "paintings", recipe) == recipe
    for wrong in ((other, "paintings"), (recipe, "others")):
        with pytest.raises(ValueError, match="other options"):
            settle(*wrong)
    assert runs.read_options(tmp_path, Recipe, part="recipe") == recipe


def test_damaged_and_missing_options_are_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"options\.json is missing"):
        runs.read_options(tmp_path, Recipe)
    (tmp_path / "options.json").write_text("{")
    with pytest.raises(TrainingError, match=r"options\.json .* damaged"):
        runs.settle_options(tmp_path, TINY)
    (tmp_path / "options.json").write_text('{"steps": "many"}')
    with pytest.raises(InvalidRequest, match="steps cannot be 'many'"):
        runs.read_options(tmp_path, stylizer.Options)


def test_options_change_by_name():
    found = changed(TINY, ["steps=9", "widths=[4, 4, 4, 4]"])
    assert found.steps == 9
    assert list(found.widths) == [4, 4, 4, 4]
    for wrong in ("speed=3", "steps=", "steps"):
        with pytest.raises(ValueError, match=r"option|FIELD=JSON"):
            changed(TINY, [wrong])
