"""`python -m training evaluate`, and `evaluate monet`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training import monet_commands


class Split(StrEnum):
    """The splits of a data set."""

    train = "train"
    val = "val"
    test = "test"


app = typer.Typer(help="Measures what was trained.")
app.command("monet")(monet_commands.evaluate_monet)


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="Paintings: index.csv, or one folder an artist.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Which of its paintings.")] = Split.test,
    model: Annotated[
        list[str] | None, typer.Option(help="Id of a classifier; repeatable. All otherwise.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the comparison goes, without its suffix.")
    ] = None,
) -> None:
    """Measures classifiers on the same paintings, as they ship, and compares them.

    Writes <out>.json and <out>.csv (by default assets/models/comparison-<split>), and what
    belongs to one model beside its weights. Refuses pictures that one of them was trained
    with, unless they are asked for by --split train.
    """
    if context.invoked_subcommand:
        return
    if data is None:
        raise typer.BadParameter("evaluating takes --data")
    from core import models
    from training import dataset, publish
    from training import evaluate as measuring

    known = {entry.id: entry for entry in models.classifiers()}
    if unknown := set(model or []) - set(known):
        raise typer.BadParameter(
            f"there is no classifier {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    chosen = [known[name] for name in model or known]
    paintings = [p for p in dataset.read(data) if p.split == split.value]
    if not paintings:
        raise typer.BadParameter(f"{data} has no paintings in its split {split.value}")
    if split is not Split.train:
        for entry in chosen:
            try:
                measuring.check_overlap(entry, paintings, models.ASSETS)
            except measuring.OverlapError as error:
                typer.echo(f"Not measured: {error}", err=True)
                raise typer.Exit(1) from None
    found = []
    for entry in chosen:
        loaded = models.load(entry.id)
        predictions = measuring.predict(
            loaded, paintings, on_progress=_report(entry.title, len(paintings))
        )
        found.append(
            measuring.record(loaded, split.value, paintings, predictions, data, models.ASSETS)
        )
        publish.renew_figures(entry, found[-1], models.ASSETS)
    rows = measuring.table(found, split.value, known)
    measuring.write_comparison(rows, out or models.ASSETS / f"comparison-{split.value}")
    typer.echo(json.dumps(rows, indent=2))


def _report(title: str, count: int):
    """Says every tenth how far a model has come."""
    said = 0

    def progress(done: int) -> None:
        nonlocal said
        if done * 10 // count > said:
            said = done * 10 // count
            typer.echo(f"{title}: {done} of {count}", err=True)

    return progress
