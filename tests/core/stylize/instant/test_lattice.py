"""The notch filter at a period of two pixels."""

import numpy as np
import pytest

from benchmarks.pictures.lattice import lattice
from core.stylize.instant.lattice import without_lattice


@pytest.fixture
def strokes():
    """Soft forms with a hard edge along the raster, `(96, 128, 3)`."""
    down, right = np.mgrid[:96, :128].astype(np.float32)
    forms = 120 + 60 * np.sin(down / 9) * np.cos(right / 13)
    forms[:, 64:] -= 90
    return np.repeat(forms[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("axis", [0, 1])
def test_what_alternates_along_an_axis_is_taken_away(strokes, axis):
    signs = np.where(np.arange(strokes.shape[axis]) % 2, -1, 1).astype(np.float32)
    woven = strokes + 6 * (signs[:, None, None] if axis == 0 else signs[:, None])
    found = without_lattice(woven)
    inner = np.s_[16:80, 16:48]  # without borders and the edge
    assert np.abs(woven - strokes)[inner].mean() == pytest.approx(6, abs=0.01)
    assert np.abs(found - strokes)[inner].max() < 0.5
    before, after = lattice(woven), lattice(found)
    assert min(before.rows, before.columns) < 2 < max(before.rows, before.columns)
    assert max(after.rows, after.columns) < max(before.rows, before.columns) / 10


def test_a_picture_without_a_lattice_stays_as_it_is(strokes):
    change = np.abs(without_lattice(strokes) - strokes)
    assert change[:, :40].max() < 0.5
    assert change.max() < 4  # beside an edge of 90 gray levels along the raster


def test_where_the_lattice_begins_makes_no_difference():
    rng = np.random.default_rng(0)
    picture = rng.uniform(0, 255, (64, 80, 3)).astype(np.float32)
    found, shifted = without_lattice(picture), without_lattice(picture[:, 1:])
    assert found[:, 32:60] == pytest.approx(shifted[:, 31:59], abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (2, 2, 3), (17, 1, 3)])
def test_any_size_comes_back(shape):
    picture = np.full(shape, 100, np.float32)
    assert without_lattice(picture) == pytest.approx(picture)
