"""The options, history, pictures and crops that the generators' trainings share."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import images
from core.errors import InvalidRequest
from core.files import check_output, write
from core.recipes.fields import changed
from core.stylize import refine
from training.data.files import csv_text, json_text
from training.data.inputs import DivergedError, MissingError, TrainingError, read_json

if TYPE_CHECKING:
    import keras

__all__ = [
    "append_history",
    "changed",
    "check_finite",
    "check_options",
    "crop",
    "held_out",
    "load_weights",
    "pictures",
]


def check_options(run: Path, options: Any) -> None:
    """Saves the options, a dataclass, with a run; makes its directory.

    Raises:
        InvalidRequest: If the run was started with other options.
        TrainingError: If its options are damaged.
        core.files.OutputError: If the directory cannot be written.
    """
    path, text = run / "options.json", json_text(dataclasses.asdict(options))
    check_output(path)
    if path.exists() and read_json(path) != json.loads(text):
        raise InvalidRequest(f"{run} was started with other options: choose another directory.")
    write(path, text)


def append_history(path: Path, row: dict[str, float]) -> None:
    """Adds a row to a CSV; rows beyond the state that training went on from are dropped."""
    rows: list[dict[str, str]] = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [old for old in csv.DictReader(file) if int(old["step"]) < row["step"]]
    cells = [[old.get(name, "") for name in row] for old in rows]
    cells.append([str(v if k == "step" else round(v, 5)) for k, v in row.items()])
    write(path, csv_text(list(row), cells))


def check_finite(row: dict[str, float]) -> None:
    """Sees to it that a training does not go on with what is no number.

    Raises:
        DivergedError: If a figure of the row is none.
    """
    for name, value in row.items():
        if not math.isfinite(value):
            raise DivergedError(
                f"{name} is {value} after step {row['step']:.0f}: train with a lower "
                "learning_rate, in another directory."
            )


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
