"""The recipes of the classifiers, as data: what pages and training both read."""

from core.recipes.classifier import RECIPES, REPORTED, Phase, Recipe, from_options, with_options

__all__ = ["RECIPES", "REPORTED", "Phase", "Recipe", "from_options", "with_options"]
