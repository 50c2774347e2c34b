"""`python -m training cyclegan | publish-monet`, and `evaluate monet`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from core.files import check_output, write
from training.cli.options import Changes, Photos, Run, finite, report, with_changes
from training.data.files import json_text

Paintings = Annotated[
    list[Path], typer.Option("--paintings", help="Directory of paintings; repeatable.")
]
Weights = Annotated[
    Path | None,
    typer.Option(help="Directory of EfficientNet-Lite0's ImageNet weights; or ATELIER_WEIGHTS."),
]


def cyclegan(
    photos: Photos,
    paintings: Paintings,
    run: Run,
    weights: Annotated[
        Path | None, typer.Option(help="Directory to look for VGG16 first; it ships, too.")
    ] = None,
    option: Changes = None,
) -> None:
    """Trains a CycleGAN, photo to painting and back, or resumes an interrupted run.

    One photo in ten is held out, for `evaluate monet`.
    """
    from training import cyclegan as gan
    from training import runs
    from training.data import inputs

    options = with_changes(gan.Options(), option)
    train, _ = runs.held_out(inputs.photos(photos))
    gan.train(
        options,
        train,
        inputs.photos(paintings),
        weights,
        run,
        on_report=report,
    )


def evaluate_monet(
    photos: Photos,
    paintings: Paintings,
    weights: Weights = None,
    run: Annotated[
        Path | None, typer.Option(help="Directory of a run; by default the shipped generators.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File of the figures, JSON.")] = None,
) -> None:
    """Evaluates both generators (KID, cycle error, content similarity) on the held-out photos."""
    from training import runs
    from training.cyclegan import evaluate
    from training.data import inputs
    from training.publishing import monet

    if out is None and run:
        out = run / "evaluation.json"
    if out:
        check_output(out)
    _, test = runs.held_out(inputs.photos(photos))
    there = inputs.photos(paintings)
    generators = evaluate.run_generators(run) if run else monet.shipped_generators()
    figures = evaluate.measure(generators, test, there, weights)
    text = json_text(figures)
    if out:
        write(out, text)
    typer.echo(text, nl=False)


def publish_monet(
    run: Annotated[Path, typer.Argument(help="Directory of a run.")],
    photos: Photos,
    paintings: Paintings,
    weights: Weights = None,
    version: Annotated[str, typer.Option(help="Version of the generators.")] = "1",
    strength: Annotated[
        float,
        typer.Option(
            min=0, callback=finite, help="Factor on the residual of the generator to Monet."
        ),
    ] = 1.0,
    soften: Annotated[
        float,
        typer.Option(
            min=0, max=1, callback=finite, help="Share of the finest detail that is smoothed away."
        ),
    ] = 0.0,
) -> None:
    """Exports both generators of a run to assets/models: float16, evaluation, model cards."""
    from training import runs
    from training.data import inputs
    from training.publishing import monet as publishing

    _, test = runs.held_out(inputs.photos(photos))
    for entry in publishing.publish_monet(
        run,
        test,
        inputs.photos(paintings),
        weights,
        version=version,
        strength=strength,
        soften=soften,
    ):
        typer.echo(json.dumps({entry.id: entry.figures["held_out"]}, indent=2))
