"""How far accuracy that is estimated without labels is from the true one, as pictures shift.

    python -m benchmarks.estimated_accuracy --data DATA [--data MORE] [--paintings 500] [--save]

Test paintings by artists whom the default model knows, evenly chosen, as they are and in four
shifts: seen through a phone, without color, a half of each side cut out, and blurred. Prints one
JSON object: of those that pass for works of known artists, the share that is named rightly, what
calibrated confidence expects of it (`core.monitoring.estimation`), and whether the truth lies in
its interval. `--save` writes it beside the weights, as `estimated_accuracy.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image, ImageFilter

from benchmarks import evenly
from benchmarks.robustness import through_a_phone, without_color
from core import artists, identify, images, models
from core.files import write
from core.images.types import Pixels
from core.monitoring import estimation
from core.monitoring.sample import of_observations
from training.data import dataset
from training.data.files import json_text


def half(pixels: Pixels, seed: int) -> Pixels:
    """A half of each side, anywhere in the picture."""
    rng = np.random.default_rng(seed)
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    y, x = int(rng.integers(0, height + 1)), int(rng.integers(0, width + 1))
    return pixels[y : y + height, x : x + width]


def blurred(pixels: Pixels, seed: int) -> Pixels:
    """As from a lens that is out of focus."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(2)))


SHIFTS: dict[str, Callable[[Pixels, int], Pixels]] = {
    "as they are": lambda pixels, seed: pixels,
    "through a phone": through_a_phone,
    "without color": lambda pixels, seed: without_color(pixels),
    "a half of each side": half,
    "blurred": blurred,
}


def main(
    data: Annotated[list[Path], typer.Option(help="Paintings with an index.csv; repeatable.")],
    paintings: Annotated[int, typer.Option(min=50, help="How many, if there are.")] = 500,
    save: Annotated[
        bool, typer.Option(help="Write estimated_accuracy.json beside the weights.")
    ] = False,
) -> None:
    """Measures."""
    entry = models.get(models.DEFAULT)
    numbers = {artist: number for number, artist in enumerate(entry.artists)}
    known = [
        (p.path, numbers[artist.id])
        for p in dataset.read(data)
        if p.split == "test"
        and p.artist
        and (artist := artists.find(p.artist))
        and artist.id in numbers
    ]
    what = f"paintings of the split test by artists whom {entry.title} knows"
    chosen = evenly.chosen(known, paintings, what=what)
    error = float(entry.figures["test"]["calibration_error"])
    found: dict[str, Any] = {
        "model": entry.id,
        "weights": entry.file.sha256,
        "data": dataset.title(data),
        "date": date.today().isoformat(),
        "paintings": len(chosen),
    }
    for name, change in SHIFTS.items():
        seen = []
        for seed, (path, _) in enumerate(chosen):
            picture = images.load(path)
            shifted = replace(picture, pixels=change(picture.pixels, seed))
            seen.append(identify.identify(shifted, entry.id, top=1).observation)
        sample = of_observations(entry, [each for each in seen if each is not None])
        right = (sample.named == np.array([number for _, number in chosen]))[sample.known]
        expected = estimation.accuracy(sample, calibration_error=error)
        found[name] = {
            "known": int(sample.known.sum()),
            "accuracy": round(float(right.mean()), 4),
            "expected": round(expected.share, 4),
            "low": round(expected.low, 4),
            "high": round(expected.high, 4),
            "off_by": round(expected.share - float(right.mean()), 4),
            "inside": bool(expected.low <= right.mean() <= expected.high),
        }
    typer.echo(json.dumps(found, indent=2))
    if save:
        write(models.assets() / entry.id / "estimated_accuracy.json", json_text(found))


if __name__ == "__main__":
    typer.run(main)
