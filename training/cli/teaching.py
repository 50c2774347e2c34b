"""`python -m training teach | forget`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import files, models
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.jobs import Uncontrolled
from core.teaching.request import TeachRequest

if TYPE_CHECKING:
    from core.teaching import Lesson

Name = Annotated[str, typer.Argument(metavar="NAME", help="Painter.")]


def teach(
    name: Name,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="15 paintings or more.")],
    model: Annotated[str, option(TeachRequest, "model")] = models.DEFAULT,
    version: Annotated[str | None, option(TeachRequest, "version")] = None,
    as_json: AsJson = False,
) -> None:
    """Teaches a classifier one more painter, as a version of its own.

    The network stays as it is: a logit is added, which is fitted to the paintings in FOLDER
    against the validation paintings by all others. What serves stays, too, until `python -m
    operations release`. Ctrl-C ends it, and nothing is kept.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some pictures were left out (each is
    named).
    """
    from core.teaching import teach as lesson

    steps = lesson(TeachRequest(name=name, model=model, version=version), folder, Uncontrolled())
    while True:
        try:
            now = next(steps)
        except StopIteration as end:
            found: Lesson = end.value
            break
        if now.step == now.of or now.step % 10 == 0:
            say(f"{now.phase.capitalize()} {now.step or ''}".strip())
    for file, reason in found.left_out.items():
        console.complain(Path(file), reason, as_json)
    if as_json:
        console.result(
            asdict(found) | {"artist": {"id": found.artist.id, "name": found.artist.name}}
        )
    else:
        _print(found)
    if found.left_out:
        raise typer.Exit(console.SOME_FAILED)


def forget(
    name: Name, model: Annotated[str, option(TeachRequest, "model")] = models.DEFAULT
) -> None:
    """Deletes every version of a classifier to which a painter was taught."""
    from core.teaching import forget as forgetting

    for version in forgetting(name, model):
        typer.echo(f"Version {version.id} of {model} is gone")


def _print(found: Lesson) -> None:
    typer.echo(
        f"Version {found.version} of {found.model} knows {files.printable(found.artist.name)}"
    )
    typer.echo(
        f"    {found.accuracy:6.1%}  of {found.paintings} paintings named rightly, held out in turn"
    )
    for other, count in found.confused_with:
        typer.echo(f"    {count:6}  taken for {other}")
    typer.echo(
        f"    {found.others_before:6.1%}  of validation paintings by all others before, "
        f"{found.others_after:.1%} now"
    )
    for other, count in found.suffered:
        typer.echo(f"    {count:6}  by {other} go to the new hand")
    taken, of = found.strangers_taken
    typer.echo(f"    {taken:6}  of {of} by unknown painters do")
    typer.echo(f"{found.seconds:.0f} s. To release it:")
    typer.echo(f"    python -m operations release {found.model} {found.version}")
