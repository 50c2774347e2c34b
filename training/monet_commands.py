"""`python -m training cyclegan | publish-monet`, and `evaluate monet`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from core import images
from training.options import Changes, Photos, Run, report

Paintings = Annotated[
    list[Path], typer.Option("--paintings", help="Directory of paintings; repeatable.")
]
Weights = Annotated[
    Path, typer.Option(help="Directory of the ImageNet weights of VGG16 and EfficientNet-Lite0.")
]


def cyclegan(
    photos: Photos,
    paintings: Paintings,
    run: Run,
    weights: Annotated[
        Path | None, typer.Option(help="Directory of VGG16's ImageNet weights.")
    ] = None,
    option: Changes = None,
) -> None:
    """Trains photo to painting and back, or goes on with an interrupted run.

    One photo in ten is never looked at, for `evaluate monet`.
    """
    from training import cyclegan as gan
    from training import runs

    options = runs.changed(gan.Options(), option or [])
    train, _ = runs.held_out(images.listed(*photos))
    gan.train(
        options,
        train,
        images.listed(*paintings),
        weights,
        run,
        on_report=report,
    )


def evaluate_monet(
    photos: Photos,
    paintings: Paintings,
    weights: Weights,
    run: Annotated[
        Path | None, typer.Option(help="Directory of a run; without it, what ships is measured.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File for the figures, JSON.")] = None,
) -> None:
    """Measures both generators on the photos that training never saw."""
    from training import evaluate_cyclegan, publish_monet, runs

    painters = evaluate_cyclegan.run_painters(run) if run else publish_monet.shipped_painters()
    _, test = runs.held_out(images.listed(*photos))
    figures = evaluate_cyclegan.measure(painters, test, images.listed(*paintings), weights)
    text = json.dumps(figures, indent=2)
    if out is None and run:
        out = run / "evaluation.json"
    if out:
        out.write_text(text + "\n")
    typer.echo(text)


def publish_monet(
    run: Annotated[Path, typer.Argument(help="Directory of a run.")],
    photos: Photos,
    paintings: Paintings,
    weights: Weights,
    version: Annotated[str, typer.Option(help="Version of the generators.")] = "1",
    strength: Annotated[float, typer.Option(min=0, help="Of what the way to Monet changes.")] = 1.0,
    soften: Annotated[
        float, typer.Option(min=0, max=1, help="Taken from the result's finest detail.")
    ] = 0.0,
) -> None:
    """Exports both generators of a run into assets/models, measures them, writes the cards."""
    from training import publish_monet as publishing
    from training import runs

    _, test = runs.held_out(images.listed(*photos))
    for entry in publishing.publish_monet(
        run,
        test,
        images.listed(*paintings),
        weights,
        version=version,
        strength=strength,
        soften=soften,
    ):
        typer.echo(json.dumps({entry.id: entry.figures["held_out"]}, indent=2))
