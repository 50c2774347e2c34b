"""Whole processes in LiteRT and in TensorFlow: time and peak memory, and what comes out.

    python -m benchmarks.runtimes [--against CHECKOUT] [--pictures 10000]

Runs `core identify` of one painting and of a hundred, `core monet` and
`core stylize --mode instant`, each in a fresh process and in turns, by this checkout with
LiteRT, by this checkout with `ATELIER_RUNTIME=tensorflow`, and by an older checkout if one is
named. With --pictures, twenty threads of one process then identify so many pictures, with right
answers and memory watched. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from core import examples, identify, images, models
from core.hardware import processor
from core.settings import ROOT

_THREADS = 20


def main(
    against: Annotated[
        Path | None, typer.Option(help="Another checkout to run the same commands.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Fresh processes of each kind.")] = 3,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many pictures twenty threads identify; 0 for none.")
    ] = 0,
) -> None:
    """Measures, in turns, so that a busy moment meets all alike."""
    result: dict[str, object] = {"processor": processor(), "cores": os.cpu_count()}
    ways: dict[str, tuple[Path, dict[str, str]]] = {
        "litert": (ROOT, {}),
        "tensorflow": (ROOT, {"ATELIER_RUNTIME": "tensorflow"}),
    }
    if against is not None:
        ways["against"] = (against.resolve(), {})
    with tempfile.TemporaryDirectory() as directory:
        for name, command in _commands(Path(directory)).items():
            measured: dict[str, list[tuple[float, int]]] = {way: [] for way in ways}
            for run in range(runs):
                for way, (checkout, variables) in ways.items():
                    out = Path(directory, f"{name}-{way}-{run}.png")
                    measured[way].append(
                        _process([*command, *_out(name, out)], checkout, variables)
                    )
            result[name] = {
                way: {
                    "seconds": round(statistics.median(seconds for seconds, _ in found), 2),
                    "peak_mb": max(peak for _, peak in found),
                }
                for way, found in measured.items()
            }
    if pictures:
        result["twenty_threads"] = _twenty_threads(pictures)
    typer.echo(json.dumps(result, indent=2))


def _commands(directory: Path) -> dict[str, list[str]]:
    painting = images.load(examples.catalogue()[0].read()).pixels
    photo = examples.photos()[0].read()
    style = directory / "style.jpg"
    style.write_bytes(images.encode(painting, "JPEG", quality=90))
    (directory / "photo.jpg").write_bytes(photo)
    hundred = []
    for number in range(100):
        shifted = np.roll(painting, 7 * number, axis=1)
        image = Image.fromarray(shifted).resize((512, 384), Image.Resampling.BICUBIC)
        path = directory / f"painting-{number}.jpg"
        path.write_bytes(images.encode(np.asarray(image), "JPEG", quality=88))
        hundred.append(str(path))
    given = str(directory / "photo.jpg")
    return {
        "identify_one": ["identify", hundred[0]],
        "identify_hundred": ["identify", *hundred],
        "monet": ["monet", given],
        "instant": ["stylize", given, str(style), "--mode", "instant", "--rows", "400"],
    }


def _out(name: str, path: Path) -> list[str]:
    return [] if name.startswith("identify") else ["-o", str(path)]


def _process(command: list[str], checkout: Path, variables: dict[str, str]) -> tuple[float, int]:
    """Seconds and peak memory in megabytes of a command, from its start to its end."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "core", *command],
        cwd=checkout,
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise typer.Exit(child.returncode)
    return time.perf_counter() - started, usage.ru_maxrss // 1024


def _twenty_threads(count: int) -> dict[str, object]:
    """Pictures identified by twenty threads at once: wrong answers, and how memory grew."""
    side, rng = identify.SIDE, np.random.default_rng(0)
    given = [rng.integers(0, 256, (side, side, 3), np.uint8) for _ in range(_THREADS)]
    loaded = models.load()
    seen = [identify.view(pixels, loaded.entry)[None] for pixels in given]
    expected = [loaded.logits(each) for each in seen]

    def ask(number: int) -> bool:
        which = number % _THREADS
        return bool(np.allclose(loaded.logits(seen[which]), expected[which], atol=1e-4))

    with ThreadPoolExecutor(_THREADS) as pool:
        right = list(pool.map(ask, range(count // 10)))  # all that is kept is in memory by then
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        right += pool.map(ask, range(count - count // 10))
        seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "pictures": count,
        "wrong": right.count(False),
        "per_second": round((count - count // 10) / seconds, 1),
        "peak_mb": after // 1024,
        "grown_mb": round((after - before) / 1024, 1),
    }


if __name__ == "__main__":
    typer.run(main)
