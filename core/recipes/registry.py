"""The recipes there are, by the id of the classifier that each makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.registry import Registry

if TYPE_CHECKING:
    from core.recipes.classifier import Recipe

_HOME = "core.recipes.classifier"

RECIPES: Registry[Recipe] = Registry("recipe", _HOME)
_TITLES: Registry[str] = Registry("title", _HOME)
_REPORTED: Registry[float] = Registry("reported accuracy", _HOME)

TITLES: Mapping[str, str] = _TITLES
"""What visitors read of a recipe's model, where something was given."""

REPORTED: Mapping[str, float] = _REPORTED
"""Accuracies that the reports give for their recipes: on test paintings of eleven artists, most
of them the nine of `training.publishing.evaluate.NINE`."""


def register(recipe: Recipe, *, title: str = "", reported: float | None = None) -> Recipe:
    """Adds a recipe, under its id.

    Args:
        title: What visitors read of its model; the id if empty.
        reported: The accuracy that a report gives for it.

    Returns:
        The recipe.

    Raises:
        ValueError: If there is another recipe of this id.
    """
    RECIPES.add(recipe.id, recipe, recipe)
    if title:
        _TITLES.add(recipe.id, title, title)
    if reported is not None:
        _REPORTED.add(recipe.id, reported, reported)
    return recipe
