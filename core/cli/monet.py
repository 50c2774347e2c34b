"""`python -m core monet`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from core import files, images, models
from core import monet as painting
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.cli.runs import crews, folder
from core.images import encoding, folders
from core.images.encoding import Format
from core.monet import MonetRequest

_USUAL = MonetRequest()


def monet(
    photos: Annotated[
        list[Path],
        typer.Argument(metavar="PHOTO...", help="Photos, or Monets, or folders of them."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help=f"Folder to write; or, of one photo, a picture ({', '.join(encoding.ENDINGS)}).",
        ),
    ],
    direction: Annotated[painting.Direction, option(MonetRequest, "direction")] = _USUAL.direction,
    brush: Annotated[painting.Brush, option(MonetRequest, "brush")] = _USUAL.brush,
    strength: Annotated[float, option(MonetRequest, "strength")] = _USUAL.strength,
    engine: crews.OfEngine = "local",
    jobs: crews.OfJobs = None,
    as_json: AsJson = False,
) -> None:
    """Turns photos into Monets, or back.

    The ending of a picture decides its format; one that is named is replaced, unless it is the
    photo. In a folder nothing is: NAME.jpg becomes NAME-to-monet.png, or NAME-to-monet-2.png and
    so on where that is taken. Of folders, `results.csv` there has a row a picture, and
    `contact-sheet.jpg` shows them; what is finished and unchanged is not done again.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some photos failed (each is named),
    130 stopped by Ctrl-C (what was left is named).
    """
    request = MonetRequest(direction=direction, brush=brush, strength=strength)
    photos, is_folder = folder.expanded(photos)
    with console.whole(), ExitStack() as stack:
        kept: folder.Folder | None = None
        if is_folder:
            console.outputs([], out)  # whether it can be written into
            version = models.versions.shipped(painting.MODELS[request.direction]).id
            kept = stack.enter_context(folder.Folder(out, ["monet", request, version]))
            photos = kept.left(photos)
        outputs = _outputs(photos, out, request.direction) if photos else []
        batch = console.Batch(photos, as_json)
        if kept is not None:
            batch.when_failed = kept.failed
        with batch.whole():
            crew = crews.hired(engine if photos else "local", jobs)
            painting.load(request.direction, progress=say)
        asked = [(path, output.format) for path, output in zip(photos, outputs, strict=True)]
        for number, result in batch.finished(crew.work(_paint, request, asked, crew.count)):
            path, output = photos[number], outputs[number]
            with batch.one(path):
                output.check()
                made = result()
                written = output.write(made.data)
                if kept is not None:
                    kept.done(path, written, made.data, made.seconds)
                _report(path, written, request, made, as_json)
        batch.close()


@dataclass(frozen=True)
class _Made:
    """A picture as a file, its width and height, and the time it took."""

    data: bytes
    size: tuple[int, int]
    seconds: float


def _paint(request: MonetRequest, asked: tuple[Path, Format]) -> _Made:
    path, form = asked
    picture = images.load(path, enough=painting.LONGEST)
    result = painting.paint(picture.pixels, request.direction, brush=request.brush)
    pixels = painting.blend(result.before, result.after, request.strength)
    made = {"content": files.printable(path.name), **request.model_dump()}
    height, width = pixels.shape[:2]
    return _Made(encoding.encode(pixels, form, made), (width, height), result.seconds)


def _report(path: Path, written: Path, request: MonetRequest, made: _Made, as_json: bool) -> None:
    if as_json:
        console.result(
            {
                "image": files.printable(path),
                "output": files.printable(written),
                "direction": request.direction,
                "seconds": round(made.seconds, 4),
                "size": list(made.size),
            }
        )
    else:
        width, height = made.size
        typer.echo(f"{files.printable(written)}  ({width}×{height}, {made.seconds:.1f} s)")


def _outputs(
    photos: Sequence[Path], out: Path, direction: painting.Direction
) -> list[console.Output]:
    """Where the pictures go: into a folder, or the one of a single photo into a named file."""
    is_picture = folders.has_picture_name(out) or encoding.has_ending(out)
    if len(photos) == 1 and is_picture and not os.path.isdir(out):  # noqa: PTH112
        return [console.named(out, photos)]
    return console.outputs(photos, out, added=f"-{direction}")
