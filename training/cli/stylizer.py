"""`python -m training stylizer | publish-stylizer`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import Changes, Data, Photos, Run, report, with_changes

app = typer.Typer(help="Trains the decoder of instant style transfer.")


@app.callback(invoke_without_command=True)
def stylizer(
    context: typer.Context,
    photos: Annotated[
        list[Path] | None, typer.Option("--photos", help="Directory of photos; repeatable.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Paintings: index.csv, or one folder an artist.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Directory to write; resumes if it exists.")
    ] = None,
    option: Changes = None,
) -> None:
    """Trains the decoder of instant style transfer, or resumes an interrupted run.

    One photo in ten is held out, and of a data set with splits only the train split is used.
    """
    if context.invoked_subcommand:
        return
    if not photos or data is None or run is None:
        raise typer.BadParameter("training takes --photos, --data and --run")
    from training import runs
    from training import stylizer as training
    from training.data import dataset, inputs

    options = with_changes(training.Options(), option)
    train, _ = runs.held_out(inputs.photos(photos))
    paintings = [item.path for item in dataset.read(data) if item.split == "train"]
    training.train(options, train, paintings, run, on_report=report)


@app.command()
def search(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The content: a photo.")],
    style: Annotated[Path, typer.Argument(metavar="STYLE", help="The style: a picture.")],
    run: Run,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all, earlier ones included.")] = 20,
    option: Changes = None,
) -> None:
    """Random search over the settings of refine; writes the Pareto front as presets."""
    from training.stylizer import search

    options = with_changes(search.Options(), option)
    search.search(
        options,
        content,
        style,
        run,
        trials=trials,
        on_trial=report,
    )


def publish_stylizer(
    run: Annotated[Path, typer.Argument(help="Directory of a run.")],
    photos: Photos,
    data: Data,
    version: Annotated[str, typer.Option(help="Version of the network.")] = "1",
) -> None:
    """Exports the decoder of a run to assets/models: float16, evaluation, model card.

    It is measured on the held-out photos, with paintings of the test split.
    """
    from training import runs
    from training.data import dataset, inputs
    from training.publishing import stylizer as publishing

    _, photos = runs.held_out(inputs.photos(photos))
    paintings = [item.path for item in dataset.read(data) if item.split == "test"]
    entry = publishing.publish_stylizer(run, photos, paintings, version=version)
    typer.echo(json.dumps({entry.id: entry.figures["held_out"]}, indent=2))
