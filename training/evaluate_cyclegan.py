"""Measures a CycleGAN: how far towards the paintings, and how much of the picture stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import cyclegan, kernel_distance
from training.cyclegan import SIDES


def paint(generator: keras.Model, picture: np.ndarray) -> np.ndarray:
    """Runs a generator on one picture of any shape, `(height, width, 3)` uint8 to the same.

    The picture is reflected outwards first, since the network sees zeros beyond its border.
    """
    height, width = picture.shape[:2]
    margin = 16
    right, bottom = margin + -width % 4, margin + -height % 4
    padded = np.pad(picture, ((margin, bottom), (margin, right), (0, 0)), mode="reflect")
    painted = keras.ops.convert_to_numpy(generator(padded[None].astype(np.float32)))[0]
    painted = painted[margin : margin + height, margin : margin + width]
    return np.rint((painted + 1) * 127.5).clip(0, 255).astype(np.uint8)


def measure(run: Path, photos: list[Path], paintings: list[Path], weights: Path) -> dict[str, Any]:
    """Figures of both directions of a trained run.

    Args:
        run: Directory of the run, with its averaged generators.
        photos: Photos that were not used in training.
        paintings: The paintings to come near to.
        weights: Directory of EfficientNet-Lite0's ImageNet weights.

    Returns:
        For each direction `to-painting` and `to-photo`: `distance_before` and
        `distance_after` (kernel distance to the wished-for side), `distance_closed`
        (1 - after / before), `cycle_l1` and `change_l1` as shares of the range,
        `checkerboard` against that of real pictures (ratio).
    """
    options = cyclegan.read_options(run)
    painters = cyclegan.generators(options, shipped=True)
    for side in SIDES:
        painters[side].load_weights(run / f"{side}.weights.h5")
        painters[side].jit_compile = False
    real = {"photo": cyclegan.load(photos), "painting": cyclegan.load(paintings)}
    seen = {side: kernel_distance.features(real[side], weights) for side in SIDES}
    found: dict[str, Any] = {}
    for side, other in (("painting", "photo"), ("photo", "painting")):
        there = [paint(painters[side], picture) for picture in real[other]]
        back = [paint(painters[other], picture) for picture in there]
        before = kernel_distance.spread(seen[other], seen[side])
        after = kernel_distance.spread(kernel_distance.features(there, weights), seen[side])
        boards = [
            float(np.median([kernel_distance.checkerboard(p) for p in pictures]))
            for pictures in (there, real[side])
        ]
        found[f"to-{side}"] = {
            "pictures": len(there),
            "distance_before": round(before.value, 4),
            "distance_after": round(after.value, 4),
            "standard_error": round(after.error, 4),
            "distance_closed": round(1 - after.value / before.value, 3),
            "cycle_l1": round(_mean_l1(real[other], back), 4),
            "change_l1": round(_mean_l1(real[other], there), 4),
            "checkerboard_ratio": round(boards[0] / boards[1], 3),
        }
    return found


def _mean_l1(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Mean absolute difference as a share of the range."""
    differences = [
        np.abs(a.astype(float) - b).mean() / 255 for a, b in zip(one, other, strict=True)
    ]
    return float(np.mean(differences))
