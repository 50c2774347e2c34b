"""The recipes of the classifiers, as data: what pages and training both read."""

from core.recipes.classifier import Phase, Recipe, from_options, with_options
from core.recipes.registry import RECIPES, REPORTED, TITLES, register

__all__ = [
    "RECIPES",
    "REPORTED",
    "TITLES",
    "Phase",
    "Recipe",
    "from_options",
    "register",
    "with_options",
]
