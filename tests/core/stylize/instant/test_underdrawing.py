"""The underdrawing: strokes, where a photo is flat and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.instant import underdrawing


def drawn(photo: np.ndarray, strength: float = 1.0) -> np.ndarray:
    covering = underdrawing.covering(*photo.shape[:2])
    return np.asarray(underdrawing.draw(photo[None].astype(np.float32), covering, strength))[0]


def test_the_field_is_always_the_same_and_goes_on_over_its_borders():
    field = underdrawing.field()
    assert field.shape == underdrawing.FIELD
    assert (field.mean(), field.std()) == (pytest.approx(0, abs=1e-4), pytest.approx(1, abs=1e-4))
    assert (underdrawing.field.__wrapped__() == field).all()
    for axis in (0, 1):
        steps = np.abs(np.diff(field, axis=axis)).mean()
        over = np.abs(field.take(0, axis) - field.take(-1, axis)).mean()
        assert over < 1.5 * steps


def test_strokes_are_long_and_narrow_and_turn():
    """By the structure tensor: one direction dominates nearly everywhere, not the same one."""
    from scipy.ndimage import gaussian_filter

    down, right = np.gradient(underdrawing.field())
    yy, xx, xy = (gaussian_filter(p, 8) for p in (down * down, right * right, down * right))
    coherence = np.hypot(xx - yy, 2 * xy) / (xx + yy)
    assert np.median(coherence) > 0.6  # noise that was blurred alike all around has about 0.1
    direction = np.arctan2(2 * xy, xx - yy) / 2
    counts, _ = np.histogram(direction, bins=6, range=(-np.pi / 2, np.pi / 2))
    assert counts.min() > 0.05 * direction.size


def test_a_flat_place_gets_strokes_and_what_is_drawn_stays():
    rng = np.random.default_rng(1)
    photo = np.full((128, 192, 3), 120, np.float32)
    photo[:, 96:] = rng.integers(0, 256, (64, 48, 1)).repeat(2, 0).repeat(2, 1)
    found = drawn(photo)
    change = found - photo
    assert change[:, :80].std() == pytest.approx(20, rel=0.3)
    assert (change == change[..., :1]).all()  # the colour stays
    assert np.abs(change[:, 112:]).max() < 0.01
    assert found.min() >= 0
    assert found.max() <= 255


@pytest.mark.parametrize(("strength", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (3.0, 1.0)])
def test_the_strength_of_the_style_is_that_of_the_strokes(strength, share):
    photo = np.full((64, 96, 3), 120, np.float32)
    np.testing.assert_allclose(
        drawn(photo, strength) - photo, share * (drawn(photo) - photo), atol=1e-3
    )


def test_a_picture_larger_than_the_field_is_covered():
    height, width = 2 * underdrawing.FIELD[0] + 32, 2 * underdrawing.FIELD[1] + 64
    covering = np.asarray(underdrawing.covering(height, width))[0, ..., 0]
    assert covering.shape == (height // 2, width // 2)
    assert (
        covering[: underdrawing.FIELD[0], : underdrawing.FIELD[1]] == underdrawing.field()
    ).all()
    assert (covering[underdrawing.FIELD[0] :, :16] == underdrawing.field()[:16, :16]).all()
