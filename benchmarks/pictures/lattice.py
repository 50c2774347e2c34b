"""The lattice: a decoder's habit of weaving every other pixel, seen in the power spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.images.types import Pixels

_NYQUIST = 0.49, 0.5  # cycles a pixel: period two, as wide as the window blurs it at 256 pixels
_NEIGHBORS = 0.40, 0.48


@dataclass(frozen=True)
class Lattice:
    """Energy at period two, in that of neighboring frequencies; 1 for white noise.

    Attributes:
        rows: Along rows: columns alternate.
        columns: Along columns: rows alternate.
    """

    rows: float
    columns: float


def lattice(picture: Pixels) -> Lattice:
    """Measures a picture, `(height, width, 3)`, any range; both sides of at least 32 pixels."""
    gray = np.asarray(picture, np.float64).mean(axis=2)
    return Lattice(_ratio(gray), _ratio(gray.T))


def _ratio(lines: np.ndarray) -> float:
    """Energy along the last axis, summed over lines."""
    length = lines.shape[1]
    windowed = (lines - lines.mean(axis=1, keepdims=True)) * np.hanning(length)
    power = (np.abs(np.fft.rfft(windowed, axis=1)) ** 2).sum(axis=0)
    frequency = np.fft.rfftfreq(length)
    low, high = ((frequency >= a) & (frequency <= b) for a, b in (_NEIGHBORS, _NYQUIST))
    return float(power[high].mean() / max(float(power[low].mean()), 1e-12))
