"""`python -m training evaluate`, and `evaluate monet`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from core.console import say
from training import monet_commands
from training.dataset import Split
from training.options import progress

app = typer.Typer(help="Measures what was trained.")
app.command("monet")(monet_commands.evaluate_monet)


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="Paintings: index.csv, or one folder an artist.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Which of its paintings.")] = "test",
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
    paintings = [p for p in dataset.read(data) if p.split == split]
    if not paintings:
        raise typer.BadParameter(f"{data} has no paintings in its split {split}")
    if split != "train":
        try:
            measuring.check_overlap(chosen, paintings, models.ASSETS)
        except measuring.OverlapError as error:
            say(f"Not measured: {error}")
            raise typer.Exit(1) from None
    found = []
    for entry in chosen:
        loaded = models.load(entry.id)
        predictions = measuring.predict(
            loaded, paintings, on_progress=progress(f"{entry.title}: looked at")
        )
        one = measuring.record(loaded, {split: (paintings, predictions)}, data, models.ASSETS)
        found.append(one)
        publish.renew_figures(entry, found[-1], models.ASSETS)
    rows = measuring.table(found, split, known)
    measuring.write_comparison(rows, out or models.ASSETS / f"comparison-{split}")
    typer.echo(json.dumps(rows, indent=2))


@app.command()
def attempts(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Finished runs of `classifier`.")
    ],
) -> None:
    """Keeps what runs have reached whose weights do not ship, for the Laboratory."""
    from training import attempts as keeping

    try:
        found = keeping.keep(runs)
    except FileNotFoundError as error:
        say(f"Not a finished run: {error.filename} is missing.")
        raise typer.Exit(1) from None
    typer.echo(json.dumps([attempt.model_dump() for attempt in found], indent=2))
