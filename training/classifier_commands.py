"""`python -m training classifier | tune`: the commands that train artist classifiers."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training.recipes import RECIPES, Recipe, with_options


class Architecture(StrEnum):
    """The recipes of `training.recipes.RECIPES`."""

    custom_cnn = "custom_cnn"
    custom_cnn_tuned = "custom_cnn_tuned"
    custom_cnn_improved = "custom_cnn_improved"
    vgg16 = "vgg16"
    resnet50 = "resnet50"
    resnet50_two_phase = "resnet50_two_phase"
    resnet50_improved = "resnet50_improved"
    efficientnet_lite0 = "efficientnet_lite0"


Data = Annotated[Path, typer.Option(help="Paintings: index.csv, or one folder an artist.")]
Weights = Annotated[
    Path | None,
    typer.Option(help="Directory of ImageNet weights to start from; ATELIER_WEIGHTS otherwise."),
]
Run = Annotated[Path, typer.Option(help="Directory to write; resumes if it exists.")]
Given = Annotated[
    Architecture | None, typer.Argument(metavar="ARCH", help="Which, see training/recipes.py.")
]
Named = Annotated[
    Architecture | None, typer.Option("--arch", metavar="ARCH", help="The same, as an option.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=JSON", help="Change a field of the recipe."),
]


def classifier(
    data: Data,
    run: Run,
    given: Given = None,
    named: Named = None,
    weights: Weights = None,
    option: Changes = None,
) -> None:
    """Trains a classifier, or goes on with an interrupted run."""
    recipe = _recipe(given, named, option)
    from training import classifiers

    classifiers.train(recipe, data, weights, run, on_epoch=lambda row: typer.echo(json.dumps(row)))


def tune(
    data: Data,
    run: Run,
    given: Given = None,
    named: Named = None,
    weights: Weights = None,
    trials: Annotated[int, typer.Option(help="How many there are to be in the end.")] = 10,
    option: Changes = None,
) -> None:
    """Searches for the best dense units and learning rate, or goes on with a search."""
    recipe = _recipe(given or (None if named else Architecture.custom_cnn), named, option)
    from training import tune

    tune.tune(
        recipe,
        data,
        weights,
        run,
        trials=trials,
        on_trial=lambda row: typer.echo(json.dumps(row)),
    )


def _recipe(
    given: Architecture | None, named: Architecture | None, option: list[str] | None
) -> Recipe:
    if (given is None) == (named is None):
        raise typer.BadParameter("say once which classifier, as ARCH or with --arch ARCH")
    chosen = given or named
    assert chosen is not None
    try:
        return with_options(RECIPES[chosen.value], option or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
