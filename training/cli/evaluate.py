"""`python -m training evaluate`, and `evaluate monet`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import say
from core.files import check_output, write
from training.cli import chosen, monet
from training.cli.options import AllData, progress
from training.data.dataset import Split
from training.data.files import json_text

app = typer.Typer(help="Evaluates models on held-out pictures.")
app.command("monet")(monet.evaluate_monet)


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Paintings: index.csv, or one folder an artist; repeatable."),
    ] = None,
    split: Annotated[Split, typer.Option(help="Split to evaluate on.")] = "test",
    model: Annotated[
        list[str] | None, typer.Option(help="Model id of a classifier; repeatable. By default all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File of the comparison, without its suffix.")
    ] = None,
) -> None:
    """Evaluates classifiers on the same paintings, as they ship, and compares them.

    Writes <out>.json and <out>.csv (by default assets/models/comparison-<split>, where models
    that were measured before on the same data stay), and what belongs to one model beside its
    weights. Refuses pictures that one of them was trained with, unless they are asked for by
    --split train. Pictures that cannot be read are named and left out. Exit status: 0 done, 1
    nothing measured, 3 some pictures or models left out.
    """
    if context.invoked_subcommand:
        return
    if not data:
        raise typer.BadParameter("evaluating takes --data")
    from core import models
    from core.errors import AtelierError
    from training.publishing import classifier
    from training.publishing import evaluate as measuring

    asked = chosen.classifiers(model)
    stem = out or models.assets() / f"comparison-{split}"
    for path in (stem.with_name(f"{stem.name}.json"), models.assets() / "models.json"):
        check_output(path)
    paintings, left_out = chosen.paintings(data, split)
    chosen.refuse_overlap(asked, paintings, split)
    found = []
    for entry in asked:
        try:
            loaded = models.load(entry.id)
            predictions = measuring.predict(
                loaded, paintings, on_progress=progress(f"{entry.title}: looked at")
            )
            one = measuring.record(loaded, {split: (paintings, predictions)}, data, models.assets())
        except AtelierError as error:
            say(f"{entry.title} was not measured: {error}")
            continue
        found.append(one)
        classifier.renew_figures(entry, one, models.assets())
    if not found:
        raise typer.Exit(1)
    rows = measuring.table(found, split, {entry.id: entry for entry in asked})
    # A file of the user's own choice may hold another split: it is written anew.
    measuring.write_comparison(rows if out else measuring.with_others(rows, stem), stem)
    typer.echo(json_text(rows), nl=False)
    if left_out or len(found) < len(asked):
        raise typer.Exit(3)


@app.command()
def runtimes(
    data: AllData,
    split: Annotated[Split, typer.Option(help="Split to evaluate on.")] = "test",
    model: Annotated[
        list[str] | None, typer.Option(help="Model id of a classifier; repeatable. By default all.")
    ] = None,
) -> None:
    """Runs classifiers in LiteRT and in Keras, float32, and writes assets/models/runtimes.json.

    Refuses pictures that one of them was trained with, unless they are asked for by --split train.
    Exit status: 0 done, 1 nothing measured, 3 pictures left out that cannot be read.
    """
    from core import models
    from training.publishing import runtimes as comparing

    path = models.assets() / comparing.FILE
    check_output(path)
    asked = chosen.classifiers(model, with_graph=True)
    paintings, left_out = chosen.paintings(data, split)
    chosen.refuse_overlap(asked, paintings, split)
    rows = comparing.read(path)
    for entry in asked:
        rows[entry.id] = comparing.compare(
            entry, paintings, data, on_progress=progress(f"{entry.title}: looked at")
        )
        write(path, json_text(list(rows.values())))
    typer.echo(json_text([rows[entry.id] for entry in asked]), nl=False)
    if left_out:
        raise typer.Exit(3)


@app.command()
def reference(
    data: AllData,
    split: Annotated[Split, typer.Option(help="Split that traffic is compared with.")] = "val",
    model: Annotated[
        list[str] | None, typer.Option(help="Model id of a classifier; repeatable. By default all.")
    ] = None,
) -> None:
    """Freezes how validation paintings look to classifiers: what drift is measured against.

    Exit status: 0 done, 1 nothing measured, 3 pictures left out that cannot be read.
    """
    from core.monitoring.reference import save
    from training.publishing.reference import measure

    asked = chosen.classifiers(model)
    paintings, left_out = chosen.paintings(data, split)
    for entry in asked:
        found = measure(entry, paintings, on_progress=progress(f"{entry.title}: looked at"))
        typer.echo(save(found, entry))
    if left_out:
        raise typer.Exit(3)


@app.command()
def attempts(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Finished runs of `classifier`.")
    ],
) -> None:
    """Keeps the evaluation of runs whose weights do not ship, for the Laboratory."""
    from training.publishing import attempts as keeping

    found = keeping.keep(runs)
    typer.echo(json_text([attempt.model_dump() for attempt in found]), nl=False)
