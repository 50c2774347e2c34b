"""The kernel inception distance (KID) of two sets of pictures, with features of our own.

KID (Bińkowski et al., arXiv 1801.01401) is the squared maximum mean discrepancy under a
cubic kernel, estimated without bias. The features are those of an ImageNet
EfficientNet-Lite0 on 224-pixel crops: a network that no generator was trained with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.models import architectures
from training.classifiers import pretrained
from training.classifiers.layers import batch_normalisation

CROP = 224  # side of what the features are taken of, pixels


@dataclass(frozen=True)
class Distance:
    """A kernel distance and its standard error."""

    value: float
    error: float


def crops(picture: np.ndarray) -> list[np.ndarray]:
    """Crops of `CROP` pixels, spread evenly over a picture from border to border.

    Args:
        picture: `(height, width, 3)` uint8, both sides at least `CROP`.
    """
    tops, lefts = (_starts(side) for side in picture.shape[:2])
    return [picture[top : top + CROP, left : left + CROP] for top in tops for left in lefts]


def _starts(side: int) -> list[int]:
    count = max(1, round(side / CROP))
    return np.linspace(0, side - CROP, count).round().astype(int).tolist()


def features(pictures: Iterable[np.ndarray], weights: Path | None, batch: int = 16) -> np.ndarray:
    """Mean features of every crop of every picture, `(crops, 1280)` float32."""
    import keras

    model = architectures.efficientnet_lite0(1, normalisation=batch_normalisation)
    pretrained.load_efficientnet_lite0(model, weights)
    pooled = keras.Model(model.input, model.get_layer("pool").output)
    pooled.jit_compile = False
    rows, pending = [], []
    for picture in pictures:
        pending += crops(picture)
        while len(pending) >= batch:
            rows.append(pooled.predict_on_batch(np.stack(pending[:batch]).astype(np.float32)))
            del pending[:batch]
    if pending:
        rows.append(pooled.predict_on_batch(np.stack(pending).astype(np.float32)))
    return np.concatenate(rows).astype(np.float32)


def kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy (equation 4 there).

    Args:
        x, y: Features `(m, d)` and `(n, d)`; the kernel is `(a.b / d + 1) ** 3`.
    """
    m, n, d = len(x), len(y), x.shape[1]
    x, y = x.astype(np.float64), y.astype(np.float64)
    xx, yy, xy = ((a @ b.T / d + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    within = (xx.sum() - np.trace(xx)) / (m * (m - 1)) + (yy.sum() - np.trace(yy)) / (n * (n - 1))
    return float(within - 2 * xy.mean())


def spread(x: np.ndarray, y: np.ndarray, *, subsets: int = 100, seed: int = 0) -> Distance:
    """The distance of all of `x` to all of `y`, and its standard error.

    Over random halves it varies as over fresh draws of the whole: half as many vary by twice the
    variance, half of which they share (the delete-d jackknife, Shao and Wu, 1989).

    Args:
        x, y: As for `kernel_distance`; of fewer than four, the error is no number.
    """
    rng = np.random.default_rng(seed)
    if min(len(x), len(y)) < 4:
        return Distance(kernel_distance(x, y), float("nan"))
    values = [
        kernel_distance(*(z[rng.choice(len(z), len(z) // 2, replace=False)] for z in (x, y)))
        for _ in range(subsets)
    ]
    return Distance(kernel_distance(x, y), float(np.std(values)))


def checkerboard(picture: np.ndarray) -> float:
    """Checkerboard energy: a picture's share of energy at the frequency of pixel pairs.

    The mean square of `(-1) ** (x + y)`, `(-1) ** x` and `(-1) ** y` against the picture's
    grey values in windowed blocks of 8 x 8, over the variance.

    Args:
        picture: `(height, width, 3)`, any range.
    """
    grey = np.asarray(picture, np.float64).mean(axis=2)
    height, width = (side // 8 * 8 for side in grey.shape)
    blocks = grey[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    blocks = blocks - blocks.mean(axis=(2, 3), keepdims=True)
    window = np.sin(np.pi * (np.arange(8) + 0.5) / 8) ** 2  # or slopes would count as well
    wave = window * (-1.0) ** np.arange(8)
    waves = (np.outer(wave, wave), np.outer(wave, window), np.outer(window, wave))
    energy = sum(float(((blocks * wave).mean(axis=(2, 3)) ** 2).mean()) for wave in waves)
    return energy / max(float(grey.var()), 1e-12)
