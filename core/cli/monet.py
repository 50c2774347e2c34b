"""`python -m core monet`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from core import files, images
from core import monet as painting
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.images import encoding, folders
from core.monet import MonetRequest

_USUAL = MonetRequest()


def monet(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos, or Monets.")],
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
    as_json: AsJson = False,
) -> None:
    """Turns photos into Monets, or back.

    The ending of a picture decides its format; one that is named is replaced, unless it is the
    photo. In a folder nothing is: NAME.jpg becomes NAME-to-monet.png, or NAME-to-monet-2.png and
    so on where that is taken.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some photos failed (each is named),
    130 stopped by Ctrl-C (what was left is named).
    """
    request = MonetRequest(direction=direction, brush=brush, strength=strength)
    outputs = _outputs(photos, out, request.direction)
    batch = console.Batch(photos, as_json)
    with batch.whole():
        painting.load(request.direction, progress=say)
    for path, output in zip(batch, outputs, strict=True):
        with batch.one(path):
            output.check()
            picture = images.load(path, enough=painting.LONGEST)
            result = painting.paint(picture.pixels, request.direction, brush=request.brush)
            pixels = painting.blend(result.before, result.after, request.strength)
            made = {"content": files.printable(path.name), **request.model_dump()}
            written = output.write(encoding.encode(pixels, output.format, made))
            height, width = pixels.shape[:2]
            if as_json:
                console.result(
                    {
                        "image": files.printable(path),
                        "output": files.printable(written),
                        "direction": request.direction,
                        "seconds": round(result.seconds, 4),
                        "size": [width, height],
                    }
                )
            else:
                shown = files.printable(written)
                typer.echo(f"{shown}  ({width}×{height}, {result.seconds:.1f} s)")
    batch.close()


def _outputs(
    photos: Sequence[Path], out: Path, direction: painting.Direction
) -> list[console.Output]:
    """Where the pictures go: into a folder, or the one of a single photo into a named file."""
    is_picture = folders.has_picture_name(out) or encoding.has_ending(out)
    if len(photos) == 1 and is_picture and not os.path.isdir(out):  # noqa: PTH112
        return [console.named(out, photos)]
    return console.outputs(photos, out, added=f"-{direction}")
