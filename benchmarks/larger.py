"""Whether larger files of paintings are named as surely as their small squares.

    python -m benchmarks.larger [--by "Claude Monet=DIR"]… [--data DATA]… [--count 400]

Each file that is larger, of the painter whom `--by` names before a directory or a file, is named as
it is, and as a square of 224 pixels, saved as JPEG, which is what training saw. Of `--data`, whose
paintings are such squares, some of the split test are named as they are, and enlarged to 512 to
1,600 pixels in the shape that they may have had, saved as JPEG again: that has no further detail,
but goes the way of a large file. Prints one JSON object: for both, how many are named rightly, how
sure of the right painter the answer is on average, and how often both answers agree.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from benchmarks import evenly
from core import artists, identify, images, models
from core.images import Picture
from core.images.types import Pixels
from training.data import dataset

_LARGEST = 1600  # pixels of the longer side that a small square is enlarged to
Pair = tuple[str, Picture, Picture]
"""Id of the painter, the larger file and the small square."""


def main(
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="PAINTER=PATH", help="Larger files of a painter; repeatable."),
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="Paintings with an index.csv; repeatable.")
    ] = None,
    least: Annotated[int, typer.Option(min=225, help="Pixels of a larger file's side.")] = 512,
    count: Annotated[int, typer.Option(min=1, help="How many of DATA, evenly chosen.")] = 400,
    model: Annotated[str, typer.Option(help="Model id.")] = models.DEFAULT,
) -> None:
    """Measures."""
    found: dict[str, Any] = {"model": model, "least": least}
    if by:
        found["larger_files"] = compared(_files(by, least), model)
    if data:
        found["enlarged"] = compared(_enlarged(data, least, count, model), model)
    typer.echo(json.dumps(found, indent=2))


def compared(pairs: Iterator[Pair], model: str) -> dict[str, float]:
    """What a model says of pairs of a large and a small picture of the same painting."""
    known = models.get(model).artists
    rows = []
    for artist, *pair in pairs:
        both = [identify.identify(each, model, top=len(known)).guesses for each in pair]
        sure = [{g.artist.id: g.probability for g in guesses}[artist] for guesses in both]
        first = [guesses[0].artist.id for guesses in both]
        rows.append([*(each == artist for each in first), *sure, first[0] == first[1]])
    names = ("larger_right", "small_right", "larger_sure", "small_sure", "agree")
    means = np.mean(rows, axis=0).round(4).tolist()
    return {"paintings": len(rows), **dict(zip(names, means, strict=True))}


def _files(by: list[str], least: int) -> Iterator[Pair]:
    for each in by:
        name, _, place = each.partition("=")
        artist = artists.find(name)
        if artist is None or not place:
            raise typer.BadParameter(f"{each!r} is no painter of the catalogue, '=' and a path")
        path = Path(place)
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            larger = images.load(file, enough=identify.ENOUGH)
            if max(larger.original_size) >= least:
                whole = images.load(file).pixels
                small = Image.fromarray(whole).resize(
                    (identify.SIDE,) * 2, Image.Resampling.LANCZOS
                )
                yield artist.id, larger, _saved(np.asarray(small), quality=95)


def _enlarged(data: list[Path], least: int, count: int, model: str) -> Iterator[Pair]:
    known = models.get(model).artists
    rng = np.random.default_rng(0)
    by = [
        (painting.path, artist.id)
        for painting in dataset.read(data)
        if painting.split == "test"
        and (artist := artists.find(painting.artist or "")) is not None
        and artist.id in known
    ]
    for path, artist_id in evenly.chosen(by, count, what="paintings of the split test to enlarge"):
        small = images.load(path)
        longer, aspect = rng.integers(least, _LARGEST, endpoint=True), rng.uniform(0.75, 1.4)
        size = (round(longer * min(1, aspect)), round(longer / max(1, aspect)))
        larger = Image.fromarray(small.pixels).resize(size, Image.Resampling.BICUBIC)
        yield artist_id, _saved(np.asarray(larger), quality=90), small


def _saved(pixels: Pixels, *, quality: int) -> Picture:
    """The picture as a visitor's JPEG of it would be read."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return images.load(buffer.getvalue(), enough=identify.ENOUGH)


if __name__ == "__main__":
    typer.run(main)
