"""`python -m operations retrain`: a cycle when it is due, for schedulers."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from core.cli import console
from operations.cli.options import Data, Model, Photos
from operations.cli.releases import Who, told


def retrain(
    data: Data,
    runs: Annotated[Path, typer.Option(help="Directory of all cycles, one a day at most.")],
    model: Model = "custom_cnn_improved",
    every: Annotated[
        float, typer.Option(min=0, help="Days between cycles, unless pictures drift sooner.")
    ] = 90,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of visitors, to try a new version out on.")
    ] = 0.1,
    photos: Photos = None,
    now: Annotated[bool, typer.Option("--now", help="Whether it is due or not.")] = False,
    who: Who = "",
) -> None:
    """Goes through a cycle with what keepers accepted, if that is due; else says so, and ends.

    Stopped at any moment, the same command goes on. Exit status: 0 on trial, or not due, 1 failed,
    2 wrong usage, 3 refused: RUNS/DAY/report.md says why.
    """
    with told():
        from core import models
        from operations import retraining
        from operations.accepted import NothingAccepted

        models.get(model)
        schedule = retraining.Schedule(data, runs, model, every, share, photos)
        why = "It was asked for." if now else retraining.reason(schedule)
        if why is None:
            typer.echo("Nothing is due.")
            return
        console.say(why)
        try:
            outcome = retraining.retrain(schedule, who=who or getpass.getuser())
        except NothingAccepted as error:
            typer.echo(str(error))
            return
    for refusal in outcome.refusals:
        console.say(refusal)
    typer.echo(f"{model} {outcome.version} {outcome.role or 'refused'}, see {outcome.report}")
    if outcome.refusals:
        raise typer.Exit(console.SOME_FAILED)
