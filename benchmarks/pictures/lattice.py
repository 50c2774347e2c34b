"""The lattice: a decoder's habit of weaving every other pixel, seen in the power spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.images.types import Pixels

_PEAK = 2  # bins up to half a cycle a pixel, period two, into which the window spreads a line
_NEIGHBORS = slice(-11, -3)  # bins beside it: spectra fall, so that only near ones compare


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
    lines = lines[:, : lines.shape[1] // 2 * 2]  # of odd ones, no bin has a period of two
    windowed = (lines - lines.mean(axis=1, keepdims=True)) * np.hanning(lines.shape[1])
    power = (np.abs(np.fft.rfft(windowed, axis=1)) ** 2).sum(axis=0)
    return float(power[-_PEAK:].mean() / max(float(power[_NEIGHBORS].mean()), 1e-12))
