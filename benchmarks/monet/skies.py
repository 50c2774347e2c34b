"""How even the weave is that a generator lays over clear skies, with dabs underneath and without.

    python -m benchmarks.monet.skies --photos PHOTOS [--every N] [--save FILE]

Looks at a square of 80 pixels in the upper half of each photo whose sky is clear there. A weave is
one direction and one period: the greatest energy among periods of 3.6 to 8 pixels over the mean of
them, so much more for a more even one. Prints one JSON object: medians, and the number of photos.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.monet.telling import Save, check, tell
from core import images, monet
from core.images.types import Pixels
from core.monet.generate import reduced

SIDE = 80  # of the square, pixels
SHOWN = 256  # short side of the photos, pixels
TOP = 8  # rows above the square
PERIODS = 3.6, 8.0  # pixels
CLEAR = 8.0  # deviation of a clear sky, gray levels, at most
BRIGHT = 90.0  # its mean, at least


def sky(pixels: Pixels) -> np.ndarray:
    """The square of a picture, gray."""
    left = (pixels.shape[1] - SIDE) // 2
    return pixels[TOP : TOP + SIDE, left : left + SIDE].mean(axis=2)


def is_clear(photo: Pixels) -> bool:
    """Whether the sky of a photo is clear there."""
    found = sky(photo)
    return bool(found.std() < CLEAR and found.mean() > BRIGHT)


def evenness(square: np.ndarray) -> float:
    """How much the strongest wave of the periods stands out, 1 and more."""
    window = np.hanning(SIDE)
    energy = np.abs(np.fft.fft2((square - square.mean()) * np.outer(window, window))) ** 2
    waves = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    among = (waves > 1 / PERIODS[1]) & (waves < 1 / PERIODS[0])
    return float(energy[among].max() / energy[among].mean())


def main(
    photos: Annotated[Path, typer.Option(exists=True, file_okay=False)],
    every: Annotated[int, typer.Option(min=1, help="Only each n-th photo.")] = 1,
    save: Save = None,
) -> None:
    """Measures the generator alone, and what a visitor gets."""
    check(save)
    given = (images.load(file).pixels for file in sorted(photos.glob("*.jpg"))[::every])
    clear = [small for each in given if is_clear(small := reduced(each, SHOWN))]
    if not clear:
        raise typer.BadParameter("No photo has a clear sky.", param_hint="photos")
    alone = monet.painter(monet.MODELS["to-monet"])
    ways = {
        "photo": clear,
        "generator_alone": [alone.paint(each) for each in clear],
        "with_dabs": [monet.paint(each).after for each in clear],
    }
    found: dict[str, float] = {"photos": len(clear)}
    for way, pictures in ways.items():
        found[way] = round(float(np.median([evenness(sky(each)) for each in pictures])), 1)
    tell(found, save)


if __name__ == "__main__":
    typer.run(main)
