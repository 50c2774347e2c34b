"""What the painters' trainings share: options, history, files, pictures and crops of them."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from core import images
from core.stylize import refine


def check_options(run: Path, options: Any) -> None:
    """Saves the options, a dataclass, with a run; makes its directory.

    Raises:
        ValueError: If the run was started with other options.
    """
    run.mkdir(parents=True, exist_ok=True)
    path, text = run / "options.json", json.dumps(dataclasses.asdict(options), indent=2)
    if path.exists() and json.loads(path.read_text()) != json.loads(text):
        raise ValueError(f"{run} was started with other options: choose another directory")
    path.write_text(text + "\n")


def changed(options: Any, changes: list[str]) -> Any:
    """Options with some fields changed.

    Args:
        options: A dataclass.
        changes: `FIELD=JSON` each, as on the command line.

    Raises:
        ValueError: If there is no such field, or its value is no JSON.
    """
    values = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            values[name] = json.loads(value)
        except json.JSONDecodeError:
            raise ValueError(f"{change} does not read FIELD=JSON") from None
    if unknown := set(values) - {field.name for field in dataclasses.fields(options)}:
        raise ValueError(f"There is no option {', '.join(sorted(unknown))}")
    return dataclasses.replace(options, **values)


def append_history(path: Path, row: dict[str, float]) -> None:
    """Adds a row to a CSV; rows beyond the state that training went on from are dropped."""
    rows: list[dict[str, str]] = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [old for old in csv.DictReader(file) if int(old["step"]) < row["step"]]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, row.keys())
        writer.writeheader()
        writer.writerows(rows)
        writer.writerow({k: v if k == "step" else round(v, 5) for k, v in row.items()})


def pictures(files: list[Path], least: int = 1) -> list[np.ndarray]:
    """Reads pictures whole, `(height, width, 3)` uint8 each.

    Args:
        least: Pixels of the shorter side; smaller pictures are enlarged.

    Raises:
        ValueError: If there are none.
    """
    if not files:
        raise ValueError(
            "There are no pictures to learn from; folders inside a folder are not searched"
        )
    found = []
    for file in files:
        pixels = images.load(file).pixels
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
