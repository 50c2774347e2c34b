"""`python -m core journey`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import files, images
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.cli.film import WRITTEN, CtrlC, report, tell
from core.cli.stylize import given_style
from core.errors import InvalidRequest
from core.film.clips import containers
from core.film.request import JourneyRequest

# As in `core.cli.film`.
if TYPE_CHECKING:
    from core.film.painting import Film

_USUAL = JourneyRequest()


def journey(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="Where it begins.")],
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="STYLE...",
            help="Where it leads: a picture or an artist, see `styles`. From the photo to one and "
            "back; with several from one to the next, and from the last to the first.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="OUT", help=f"A film ({WRITTEN})."),
    ],
    rows: Annotated[int, option(JourneyRequest, "rows")] = _USUAL.rows,
    seconds: Annotated[float, option(JourneyRequest, "seconds")] = _USUAL.seconds,
    fps: Annotated[float, option(JourneyRequest, "fps")] = _USUAL.fps,
    brush: Annotated[float, option(JourneyRequest, "brush")] = _USUAL.brush,
    as_json: AsJson = False,
) -> None:
    """Goes slowly from a photo to its painting and back, or from painter to painter, as a loop.

    Ctrl-C leaves nothing, as half a loop is none. A file that is named OUT is replaced, unless it
    is one of those that are read.

    Exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    from core.film import journey as journeys

    try:
        request = JourneyRequest(rows=rows, seconds=seconds, fps=fps, brush=brush)
        containers.kind_of(out)
    except InvalidRequest as error:
        console.refuse(str(error))
    for path in (photo, *map(Path, given)):
        if files.same(path, out):
            console.refuse(
                f"{files.printable(out)} is one of the files that are read, and would be "
                "overwritten: choose another name."
            )
    done: Film | None = None
    with console.whole(), CtrlC() as control:
        try:
            enough = round(2 * rows * max(1.0, brush))
            styles = [given_style(name, enough, as_json) for name in given]
            pixels = images.load(photo, enough=2 * rows).pixels
            steps = journeys.paint(request, pixels, styles, out, control=control)
            while True:
                tell(next(steps), as_json)
        except StopIteration as end:
            done = end.value
        except KeyboardInterrupt:
            pass
    if done is None:
        say("Stopped. There is no film.")
        raise typer.Exit(console.STOPPED)
    report(photo, done, as_json)
