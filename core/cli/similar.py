"""`python -m core similar`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from core import files, identify, images
from core import similar as paintings
from core.cli import console
from core.cli import scan as scanning
from core.cli.console import AsJson
from core.cli.fields import option
from core.settings import settings
from core.similar import Neighbor, SimilarRequest

_USUAL = SimilarRequest()


def similar(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="Pictures.")],
    collection: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory of paintings; by default ATELIER_COLLECTION."),
    ] = None,
    top: Annotated[int, option(SimilarRequest, "top")] = _USUAL.top,
    as_json: AsJson = False,
) -> None:
    """Finds the paintings of a collection that are most like a picture.

    Paintings that were not described yet are described first, which takes some ten milliseconds
    each, once; progress goes to stderr.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some pictures failed (each is
    named), 130 stopped by Ctrl-C (what was left is named).
    """
    directory = collection or settings().collection
    if directory is None:
        console.refuse(
            "There is no collection to look in: name its directory with --collection, or in the "
            "setting ATELIER_COLLECTION."
        )
    request = SimilarRequest(top=top)
    with console.whole():
        complete = paintings.is_complete(directory)
    if not complete:
        scanning.whole(directory, similar=True, as_json=False)
    batch = console.Batch(pictures, as_json)
    for path in batch:
        with batch.one(path):
            picture = images.load(path, enough=identify.ENOUGH)
            started = time.perf_counter()
            found = paintings.similar(picture, directory, request)
            seconds = time.perf_counter() - started
            if as_json:
                console.result(_as_dict(path, found, seconds))
            else:
                _print(path, found)
    batch.close()


def _as_dict(path: Path, found: tuple[Neighbor, ...], seconds: float) -> dict[str, Any]:
    return {
        "image": files.printable(path),
        "similar": [
            {
                "file": each.painting.file,
                "painter": each.painting.artist,
                "distance": round(each.distance, 6),
            }
            for each in found
        ],
        "seconds": round(seconds, 4),
    }


def _print(path: Path, found: tuple[Neighbor, ...]) -> None:
    typer.echo(files.printable(path))
    for each in found:
        painting = each.painting
        typer.echo(f"    {each.distance:6.3f}  {painting.artist or 'unknown'}  {painting.file}")
