"""`python -m training classifier | tune | publish | publish-base`: artist classifiers."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import say
from core.errors import AtelierError
from core.recipes import RECIPES, Recipe, with_options
from training.cli import chosen
from training.cli.options import AllData, Changes, Run, report

Weights = Annotated[
    Path | None,
    typer.Option(help="Directory of ImageNet weights to start from; ATELIER_WEIGHTS otherwise."),
]
Given = Annotated[
    str | None,
    typer.Argument(metavar="ARCH", help="Architecture and recipe, see core/recipes/classifier.py."),
]
Named = Annotated[
    str | None, typer.Option("--arch", metavar="ARCH", help="The same, as an option.")
]


def classifier(
    data: AllData,
    run: Run,
    given: Given = None,
    named: Named = None,
    weights: Weights = None,
    option: Changes = None,
    card: Annotated[
        bool,
        typer.Option(
            help="Afterwards, export, evaluate and describe it in RUN/model; takes artists of the "
            "catalogue, and paintings of all three splits."
        ),
    ] = True,
) -> None:
    """Trains a classifier, or resumes an interrupted run, and evaluates it."""
    recipe = _recipe(given, named, option)
    from training import classifiers

    if not card:
        classifiers.train(recipe, data, weights, run, on_epoch=report)
    else:
        from training.publishing.classifier import publish_classifier

        classifiers.train(recipe, data, weights, run, publish=True, on_epoch=report)
        entry = publish_classifier(run, data, version="0", out=run / "model")
        report({"figures": entry.figures})


def tune(
    data: AllData,
    run: Run,
    given: Given = None,
    named: Named = None,
    weights: Weights = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all, earlier ones included.")] = 10,
    option: Changes = None,
) -> None:
    """Random search over dense units and learning rate; resumes an interrupted one."""
    recipe = _recipe(given or (None if named else "custom_cnn"), named, option)
    from training.classifiers import tune

    tune.tune(
        recipe,
        data,
        weights,
        run,
        trials=trials,
        on_trial=report,
    )


def publish(
    run: Annotated[Path, typer.Argument(help="Directory of a finished run.")],
    data: AllData,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    name: Annotated[
        str, typer.Option(help="Model id in the catalogue; by default the recipe's.")
    ] = "",
    title: Annotated[str, typer.Option(help="Display name of the model.")] = "",
    side: Annotated[
        int | None,
        typer.Option(
            min=16,
            max=1024,
            help="Input resolution, pixels; choose on val. [default: the recipe's]",
        ),
    ] = None,
    soup: Annotated[bool, typer.Option(help="Average best and last weights (model soup).")] = False,
    search: Annotated[
        Path | None,
        typer.Option(
            help="Directory of the `tune` that the run's options come from; its table is kept."
        ),
    ] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            "--photos",
            help="Directory of photos, to learn to tell them from paintings; repeatable.",
        ),
    ] = None,
    beside: Annotated[
        bool,
        typer.Option(
            "--beside",
            help="Write a version into ATELIER_VERSIONS; what ships stays, and goes on to serve "
            "until `python -m operations release`.",
        ),
    ] = False,
) -> None:
    """Exports a run to assets/models: float16 weights, calibration, evaluation, model card."""
    from core.models import versions
    from training.data import inputs
    from training.publishing import classifier

    with versions.staged() if beside else nullcontext() as out:
        entry = classifier.publish_classifier(
            run,
            data,
            version=version,
            name=name,
            title=title,
            side=side,
            soup=soup,
            search=search,
            photos=inputs.photos(photos) if photos else (),
            beside=beside,
            out=out,
        )
        if out is not None:
            found = versions.adopt(out, entry.id)
            say(f"Version {found.id} of {entry.id}")
    typer.echo(json.dumps(entry.figures, indent=2))


def publish_graphs(
    data: AllData,
    model: Annotated[
        list[str] | None, typer.Option(help="Model id of a classifier; repeatable. By default all.")
    ] = None,
) -> None:
    """Converts classifiers of the catalogue to LiteRT again, and compares them with Keras.

    Exit status: 0 done, 1 nothing converted, 3 pictures left out that cannot be read.
    """
    from core import models
    from training.publishing.classifier import renew_graph

    asked = chosen.classifiers(model)
    paintings, left_out = chosen.paintings(data, "val")
    for one in asked:
        entry = renew_graph(one, paintings, models.assets())
        typer.echo(entry.model_dump_json(include={"id", "graphs"}))
    if left_out:
        raise typer.Exit(3)


def publish_base(
    weights: Annotated[
        Path | None, typer.Option(help="Directory to look for Keras's VGG16, or ours, first.")
    ] = None,
) -> None:
    """Exports the VGG16 feature extractor that classifier and style transfer share, in float16."""
    from training.publishing.weights import publish_vgg16_base

    typer.echo(publish_vgg16_base(weights).file.model_dump_json())


def _recipe(given: str | None, named: str | None, option: list[str] | None) -> Recipe:
    if (given is None) == (named is None):
        raise typer.BadParameter("say once which classifier, as ARCH or with --arch ARCH")
    chosen = given or named or ""
    try:
        if chosen not in RECIPES:
            known = ", ".join(RECIPES)
            raise typer.BadParameter(f"there is no recipe {chosen!r}; there are {known}")
        return with_options(RECIPES[chosen], option or [])
    except AtelierError as error:
        raise typer.BadParameter(str(error)) from None
