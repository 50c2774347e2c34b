"""`python -m operations cycle`: a model retrained with new paintings, and tried out or refused."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from core.cli import console
from core.cli.console import AsJson
from core.errors import InvalidRequest
from operations.cli.options import Data, Model, Photos
from operations.cli.releases import Who, told


def cycle(
    data: Data,
    new: Annotated[Path, typer.Option(help="New paintings: index.csv, or one folder an artist.")],
    run: Annotated[Path, typer.Option(help="Directory to write; goes on if it exists.")],
    model: Model = "custom_cnn_improved",
    share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of visitors, to try it out on. [default: 0.1]"),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="It serves everybody at once instead.")
    ] = False,
    margin: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Of accuracy on the test split, by which the new version may be worse at most. "
            "With few test paintings chance alone takes more than the default.",
        ),
    ] = 0.015,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=JSON", help="Change the recipe; repeatable."),
    ] = None,
    photos: Photos = None,
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """Checks new paintings, trains with them, compares, and tries the new version out or refuses.

    RUN/report.md says why, with all figures. Stopped at any moment, the same command goes on.
    Exit status: 0 promoted or on trial, 1 failed, 2 wrong usage, 3 refused.
    """
    if promote and share is not None:
        console.refuse("Say --share or --promote, not both.")
    with told():
        from core import models
        from operations.cycle import Asked, steps
        from operations.cycle import cycle as go

        models.get(model)
        try:
            steps.recipe_of(model, changes or [])
        except InvalidRequest as error:
            console.refuse(str(error))
        part = None if promote else 0.1 if share is None else share
        asked = Asked(data, new, model, part, margin, tuple(changes or []), photos)
        outcome = go(asked, run, who=who or getpass.getuser())
    if as_json:
        found = {"version": outcome.version, "role": outcome.role, "refusals": outcome.refusals}
        console.result(found | {"report": str(outcome.report)})
    elif outcome.role:
        typer.echo(f"{model} {outcome.version} {outcome.role}, see {outcome.report}")
    else:
        for why in outcome.refusals:
            console.say(why)
        typer.echo(f"Refused, see {outcome.report}")
    if outcome.refusals:
        raise typer.Exit(console.SOME_FAILED)
