"""The files of a run: pictures to train with, crops of them, weights and sample sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import images
from core.files import replacing, write
from core.stylize import refine
from training.data.inputs import MissingError, TrainingError

if TYPE_CHECKING:
    import keras


def pictures(files: list[Path], least: int = 1) -> list[np.ndarray]:
    """Reads pictures whole, `(height, width, 3)` uint8 each.

    Args:
        least: Pixels of the shorter side; smaller pictures are enlarged.

    Raises:
        TrainingError: If there are none, or one cannot be read.
    """
    if not files:
        raise TrainingError(
            "There are no pictures to learn from; folders inside a folder are not searched. One "
            "photo in ten is kept for measuring, so that a few may be too few: add more."
        )
    found = []
    for file in files:
        try:
            pixels = images.load(file).pixels
        except (images.UnreadablePicture, OSError) as error:
            raise TrainingError(f"{file} cannot be read: {error}") from error
        if (factor := least / min(pixels.shape[:2])) > 1:
            sides = (max(least, round(factor * side)) for side in pixels.shape[:2])
            pixels = refine.resize(pixels, *sides).clip(0, 255).astype(np.uint8)
        found.append(pixels)
    return found


def crop(pictures: list[np.ndarray], side: int, rng: np.random.Generator) -> np.ndarray:
    """A random crop of a random picture, mirrored in half of the cases, float32 0..255."""
    picture = pictures[rng.integers(len(pictures))]
    height, width = picture.shape[:2]
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    found = picture[top : top + side, left : left + side]
    if rng.random() < 0.5:
        found = found[:, ::-1]
    return found.astype(np.float32)


def held_out(files: list[Path], one_in: int = 10) -> tuple[list[Path], list[Path]]:
    """Divides files into those to train with and those kept for the test, by their names."""
    digests = [hashlib.sha256(file.name.encode()).digest()[0] for file in files]
    train = [f for f, d in zip(files, digests, strict=True) if d % one_in]
    return train, [f for f, d in zip(files, digests, strict=True) if not d % one_in]


def load_weights(model: keras.Model, path: Path) -> None:
    """Fills a network from the weights of a run.

    Raises:
        TrainingError: If they are missing or damaged, or do not fit.
    """
    if not path.is_file():
        raise MissingError(f"{path.parent} is no finished run: {path.name} is missing.")
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path} is damaged, or not of the run's network.") from error


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes the weights of a network, whole or not at all; with its optimizer, if it has one."""
    with replacing(path) as part:
        model.save_weights(part)


def write_sheet(path: Path, rows: Sequence[Sequence[np.ndarray]]) -> None:
    """Writes samples as one JPEG.

    Args:
        rows: Pictures side by side, RGB 0..255 `(height, width, 3)`, of one height in a row.
            All rows are cut to the width of the narrowest.
    """
    joined = [np.concatenate(list(row), axis=1) for row in rows]
    width = min(row.shape[1] for row in joined)
    sheet = np.concatenate([row[:, :width] for row in joined]).clip(0, 255).astype(np.uint8)
    write(path, images.encode(sheet, "JPEG", quality=90))
