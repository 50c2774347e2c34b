"""The results of trainings whose weights do not ship: the recipes as the reports give them.

Small enough to commit, and shown in the Laboratory beside the models that ship.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from core import models
from core.files import write
from core.models import evaluations
from core.recipes import RECIPES, REPORTED, Recipe
from training.data.files import json_text
from training.data.inputs import MissingError, TrainingError, read_json
from training.publishing import catalogue
from training.runs import History, read_options


def keep(runs: list[Path], out: Path | None = None) -> list[evaluations.Attempt]:
    """Adds finished runs to `attempts.json`, each in the place of an earlier one of its recipe.

    Args:
        runs: Directories of `python -m training classifier`, with their `model`.
        out: Where `attempts.json` is.

    Raises:
        training.data.inputs.TrainingError: If a run is not finished and measured, or damaged.
    """
    out = models.assets(out)
    known = {attempt.recipe: attempt for attempt in evaluations.attempts(out)}
    for run in runs:
        attempt = read(run)
        known[attempt.recipe] = attempt
    rows = [known[name].model_dump() for name in RECIPES if name in known]
    write(out / "attempts.json", json_text(rows))
    return list(known.values())


def read(run: Path) -> evaluations.Attempt:
    """What a run reached."""
    recipe = read_options(run, Recipe, part="recipe")
    if recipe.id not in RECIPES:
        raise TrainingError(f"{run} follows no recipe of the reports: {recipe.id} is not known.")
    entries = catalogue.read_entries(run / "model")
    if not entries:
        raise MissingError(f"{run / 'model'} holds no model: models.json is missing.")
    entry = entries[0]
    found = read_json(run / "model" / recipe.id / "evaluation.json")
    rows = History(run).rows
    return evaluations.Attempt(
        recipe=recipe.id,
        title=entry.title,
        reported=REPORTED.get(recipe.id),
        epochs=len(rows),
        seconds=round(sum(row["seconds"] for row in rows)),
        megabytes=round(entry.file.bytes / 1e6, 1),
        changes=changes(recipe),
        evaluation=evaluations.Evaluation.model_validate(found),
    )


def changes(recipe: Recipe) -> dict[str, Any]:
    """The fields that differ from the recipe of the same name, named as `--set` names them."""
    asked, given = (dataclasses.asdict(each) for each in (recipe, RECIPES[recipe.id]))
    # As JSON would have it: a tuple is a list there.
    found = _differences(json.loads(json.dumps(asked)), json.loads(json.dumps(given)))
    return {name: value for name, value in found.items() if name != "name"}


def _differences(asked: Any, given: Any, name: str = "") -> dict[str, Any]:
    alike = isinstance(asked, list) and len(asked) == len(given)
    if alike and asked and isinstance(asked[0], dict):
        asked, given = (dict(enumerate(each)) for each in (asked, given))
    if not isinstance(asked, dict):
        return {} if asked == given else {name: asked}
    found: dict[str, Any] = {}
    for part in asked:
        found |= _differences(asked[part], given[part], f"{name}.{part}" if name else str(part))
    return found
