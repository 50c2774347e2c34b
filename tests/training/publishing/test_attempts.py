"""What trainings reached whose weights do not ship."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import models
from core.models import evaluations
from core.recipes import RECIPES, REPORTED, with_options
from training.publishing import attempts
from training.runs.history import History


def made_up(run: Path, name: str, *changes: str) -> Path:
    """A finished run, with the figures of a model that ships."""
    recipe = with_options(RECIPES[name], list(changes))
    own = run / "model" / recipe.id
    own.mkdir(parents=True)
    options = {"recipe": dataclasses.asdict(recipe), "artists": ["Titian"], "data": "paintings"}
    (run / "options.json").write_text(json.dumps(options))
    history = History(run)
    for epoch in (1, 2, 3):
        history.append({"epoch": epoch, "seconds": 20.4, "val_macro": 0.1 * epoch})
    entry = models.get("custom_cnn_improved").model_copy(update={"id": name, "title": name.title()})
    (run / "model" / "models.json").write_text(json.dumps([entry.model_dump(mode="json")]))
    shipped = (models.ASSETS / "custom_cnn_improved" / "evaluation.json").read_text()
    (own / "evaluation.json").write_text(json.dumps(json.loads(shipped) | {"model": name}))
    return run


def test_runs_are_kept_in_the_order_of_the_recipes(tmp_path):
    first = made_up(tmp_path / "a", "resnet50", "phases.0.epochs=3", "sizes=[[0.0, 112]]")
    second = made_up(tmp_path / "b", "custom_cnn")
    attempts.keep([first], tmp_path)
    attempts.keep([second], tmp_path)
    cnn, resnet = evaluations.attempts(tmp_path)
    assert (cnn.recipe, cnn.reported) == ("custom_cnn", REPORTED["custom_cnn"])
    assert (cnn.epochs, cnn.seconds, cnn.changes) == (3, 61, {})
    assert resnet.changes == {"phases.0.epochs": 3, "sizes": [[0.0, 112]]}
    shipped = evaluations.read(models.get("custom_cnn_improved"))
    assert shipped is not None
    assert cnn.evaluation.splits == shipped.splits

    again = made_up(tmp_path / "c", "resnet50")
    attempts.keep([again], tmp_path)
    assert [each.changes for each in evaluations.attempts(tmp_path)] == [{}, {}]


def test_an_unfinished_run_is_named(tmp_path):
    from training.__main__ import app

    run = made_up(tmp_path / "a", "resnet50")
    (run / "model" / "models.json").unlink()
    result = CliRunner().invoke(app, ["evaluate", "attempts", str(run)])
    assert result.exit_code == 1
    assert "models.json" in result.stderr


@pytest.mark.parametrize("text", [None, "[", '[{"recipe": 3}]'])
def test_without_a_file_that_can_be_read_there_are_none(tmp_path, text):
    if text is not None:
        (tmp_path / "attempts.json").write_text(text)
    assert evaluations.attempts(tmp_path) == []


def test_recipes_that_ship_have_no_changes():
    assert attempts.changes(RECIPES["resnet50_two_phase"]) == {}
    assert set(REPORTED) < set(RECIPES)
