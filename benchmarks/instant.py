"""The instant picture: seconds, and how much of the loss it removes.

    python -m benchmarks.instant [CONTENT STYLE]... [--rows 474] [--out DIR]
    python -m benchmarks.instant [CONTENT STYLE] --against CHECKOUT [--runtime tensorflow]

The loss is that of refine (style + 0.1 × content, VGG16, float32, at the painting's size), of
the result and of the photo itself. Without pictures the app's own examples are used. With
--against only the time is taken, by this checkout and another one in turns (`turns`). Prints one
JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import turns
from benchmarks.stylize import figures, judge
from core import examples, files, images
from core.hardware import compute_dtype
from core.stylize import instant, refine
from core.stylize.request import StylizeRequest

SIZE = (474, 712)  # rows and columns of what is timed


def main(
    pictures: Annotated[
        list[Path] | None, typer.Argument(metavar="CONTENT STYLE", help="Pairs of pictures.")
    ] = None,
    rows: Annotated[int, typer.Option(help="Height of the paintings.")] = SIZE[0],
    runs: Annotated[int, typer.Option(help="How often it is timed.")] = 9,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the paintings.")] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="CHECKOUT", help="Take turns with another checkout.")
    ] = None,
    runtime: Annotated[
        str, typer.Option(help="What paints in both: tensorflow, litert or auto.")
    ] = "tensorflow",
) -> None:
    """Times one size, then measures each pair."""
    given = [images.load(path).pixels for path in pictures or []]
    names = [path.stem for path in pictures or []]
    if not given:
        example, painting = examples.photos()[0], examples.catalogue()[0]
        given = [images.load(each.read()).pixels for each in (example, painting)]
        names = [Path(example.file).stem, Path(painting.file).stem]
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "precision": compute_dtype(),
        "size": SIZE[::-1],
    }
    if against is not None:
        photo = _resized(given[0])
        result |= {"runtime": runtime} | turns.compare(photo, given[1], against, runtime, runs)
        typer.echo(json.dumps(result, indent=2))
        return
    result |= {"seconds": seconds(given[0], given[1], runs), "pairs": []}
    for n in range(0, len(given) - 1, 2):
        photo, style = given[n], given[n + 1]
        painted = instant.paint(photo, [style], rows=rows)
        evaluate = judge(photo, style, StylizeRequest(rows=rows))
        small = refine.resize(photo, *refine.size(photo, rows)).clip(0, 255)
        found = {"content": names[n], "style": names[n + 1], "rows": rows}
        result["pairs"].append(
            found | {"photo": figures(evaluate, small), "instant": figures(evaluate, painted)}
        )
        if out:
            out.mkdir(parents=True, exist_ok=True)
            files.write_beside(out / f"{names[n]}-{names[n + 1]}.png", images.encode(painted))
    typer.echo(json.dumps(result, indent=2))


def seconds(photo: np.ndarray, style: np.ndarray, runs: int) -> dict[str, float]:
    """Time for a photo of `SIZE`, with a style that is looked at and with one that is known."""
    picture = _resized(photo)
    known = instant.describe(refine.resize(style, *refine.size(style, SIZE[0])).clip(0, 255))
    found = {}
    for name, given in (("new_style", style), ("known_style", known)):
        instant.paint(picture, [given], rows=SIZE[0])  # compiled before any clock runs
        times = []
        for _ in range(runs):
            started = time.perf_counter()
            instant.paint(picture, [given], rows=SIZE[0])
            times.append(time.perf_counter() - started)
        found[name] = round(statistics.median(times), 3)
    return found


def _resized(photo: np.ndarray) -> np.ndarray:
    """A photo in `SIZE`."""
    resized: np.ndarray = refine.resize(photo, *SIZE).clip(0, 255).astype(np.uint8)
    return resized


if __name__ == "__main__":
    typer.run(main)
