"""The lattice of synthetic pictures."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pictures.lattice import lattice


def noise(height: int = 256, width: int = 384) -> np.ndarray:
    return np.random.default_rng(0).normal(128, 20, (height, width, 1)).repeat(3, axis=2)


def test_white_noise_has_none():
    found = lattice(noise())
    assert found.rows == pytest.approx(1, abs=0.2)
    assert found.columns == pytest.approx(1, abs=0.2)


def test_every_other_column_is_seen_along_rows_only():
    woven = noise() + 5 * (-1.0) ** np.arange(384)[None, :, None]
    found, turned = lattice(woven), lattice(woven.swapaxes(0, 1))
    assert found.rows > 3
    assert found.columns == pytest.approx(1, abs=0.2)
    assert (turned.rows, turned.columns) == pytest.approx((found.columns, found.rows))


def test_it_does_not_hang_on_contrast_and_brightness():
    picture = noise(64, 96)
    assert lattice(3 * picture + 40).rows == pytest.approx(lattice(picture).rows)


def test_a_plain_picture_has_none():
    assert lattice(np.full((64, 64, 3), 9, np.uint8)).rows == 0
