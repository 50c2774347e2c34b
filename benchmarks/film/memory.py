"""Peak memory of films of several lengths beside that of one still, each a fresh command.

    python -m benchmarks.film.memory PHOTO STYLE [--rows 160] [--fps 10] [--seconds 10 120]

What counts is the command and, for a film, the sandbox that reads the clip; each at its most.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.film_fuzz import peak
from core import images
from core.film.clips import writing
from core.images.types import Pixels

OFTEN = 0.05  # seconds between looks


def write(path: Path, photo: Pixels, height: int, width: int, fps: int, seconds: int) -> None:
    """Writes a clip that goes over a photo to and fro."""
    down, right = photo.shape[0] - height, photo.shape[1] - width
    with writing.Writer(path, "mp4", height, width, Fraction(1, fps), fps) as writer:
        for number in range(fps * seconds):
            share = 0.5 - 0.5 * np.cos(number / fps)
            top, left = round(share * down), round(share * right)
            writer.add(photo[top : top + height, left : left + width], number)
        writer.finish(fps * seconds)


def run(*arguments: str) -> tuple[float, float, float]:
    """Runs a command of `core`: its peak, that of what it has started (MB), and seconds."""
    started = time.monotonic()
    command = [sys.executable, "-m", "core", *arguments]
    own = others = 0
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) as process,
    ):
        while process.poll() is None:
            own = max(own, peak(process.pid))
            tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
            try:
                children = [int(pid) for task in tasks for pid in task.read_text().split()]
            except OSError:  # it has just ended
                children = []
            others = max(others, sum(map(peak, children)))
            time.sleep(OFTEN)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(arguments)} failed: {said.read()[-500:]}")
    return own / 1e6, others / 1e6, time.monotonic() - started


def main() -> None:
    """Measures, and prints a line of JSON for the still and each length."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--rows", type=int, default=160)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--seconds", type=int, nargs="+", default=[10, 120])
    arguments = parser.parse_args()
    photo = images.load(arguments.photo).pixels
    height, width = arguments.rows // 2 * 2, arguments.rows * 16 // 9 // 2 * 2
    style = str(arguments.style)
    with tempfile.TemporaryDirectory() as folder:
        path, film, still, painted = (
            str(Path(folder, name)) for name in ("clip.mp4", "film.mp4", "still.png", "painted.png")
        )
        Path(still).write_bytes(images.encode(photo[:height, :width]))
        said = "--mode", "instant", "--rows", str(height)
        tell("still", *run("stylize", still, style, "-o", painted, *said))
        for seconds in arguments.seconds:
            write(Path(path), photo, height, width, arguments.fps, seconds)
            tell(f"{seconds} s of film", *run("film", path, style, "-o", film))


def tell(what: str, peak_mb: float, sandbox_mb: float, seconds: float) -> None:
    """Prints a line of JSON."""
    figures = {"what": what, "peak_mb": round(peak_mb), "sandbox_mb": round(sandbox_mb)}
    print(json.dumps({**figures, "seconds": round(seconds, 1)}), flush=True)


if __name__ == "__main__":
    main()
