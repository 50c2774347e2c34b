"""How much longer a film takes than its frames each by themselves; in turns, in one run.

    python -m benchmarks.film.speed PHOTOS STYLE [--frames 24] [--width 320]

Some frames of the clip `pan` are painted as pictures, the same ones as a film, the next ones as a
film, then as pictures, and so on. Both know the style beforehand: a film looks at it once, and who
painted its frames one by one would, too. By the clock, and by the processor's time, in which
whoever else uses the machine counts little. Reading and writing of files is left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.film import known
from core import images
from core.film.easel import Easel
from core.film.request import FilmRequest
from core.images.types import Pixels
from core.stylize import instant

TURN = 6  # frames; so often a film paints a sketch


class Spent(NamedTuple):
    """Seconds by the clock, and of the processor in all threads of this process."""

    clock: float
    processor: float


def spent(paint: Callable[[Pixels], object], frames: list[Pixels]) -> Spent:
    """What it takes to paint frames."""
    clock, processor = time.perf_counter(), time.process_time()
    for frame in frames:
        paint(frame)
    return Spent(time.perf_counter() - clock, time.process_time() - processor)


def main() -> None:
    """Measures, and prints a line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="directory of photographs")
    parser.add_argument("style", type=Path, help="a style picture")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--width", type=int, default=320)
    arguments = parser.parse_args()
    photos = sorted(path for path in arguments.photos.iterdir() if path.suffix == ".jpg")
    style = images.load(arguments.style, enough=2 * arguments.width).pixels
    pan = known.clips(photos[:1], arguments.frames + 1, arguments.width)[0]
    first, *frames = pan.frames()
    height, width = first.shape[:2]
    engine = instant.default_engine()
    target = instant.described([style], first, engine=engine)
    easel = Easel(FilmRequest(), [style], height, width)

    def alone(frame: Pixels) -> Pixels:
        return instant.paint(frame, target, rows=height, engine=engine)

    def film(frame: Pixels) -> Pixels:
        return easel.paint(frame, 1.0)

    for paint in (alone, film):  # loads, and looks at the style
        paint(first)
    found: dict[str, list[Spent]] = {"alone": [], "film": []}
    for number, start in enumerate(range(0, len(frames), TURN)):
        turn = frames[start : start + TURN]
        ways = [("alone", alone), ("film", film)]
        for name, paint in ways[:: -1 if number % 2 else 1]:
            found[name].append(spent(paint, turn))
    pairs = np.array([found["film"], found["alone"]])  # way, turn, clock or processor
    seconds, ratios = pairs.sum(1) / len(frames), pairs[0] / pairs[1]
    figures: dict[str, object] = {"size": [width, height], "frames": len(frames)}
    for number, name in enumerate(Spent._fields):
        figures[name] = {
            "ratio": round(float(seconds[0, number] / seconds[1, number]), 3),
            "of_turns": [round(float(each), 3) for each in ratios[:, number]],
            "seconds_alone": round(float(seconds[1, number]), 4),
            "seconds_film": round(float(seconds[0, number]), 4),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
