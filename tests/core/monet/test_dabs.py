"""Dabs under what is flat."""

import numpy as np

from core.images.types import Pixels
from core.monet import dabs
from core.monet.dabs import FIELD
from core.monet.shade import brightness


def laid_under(canvas: Pixels) -> Pixels:
    return dabs.laid_under(canvas, brightness(canvas))


def test_a_clear_sky_gets_dabs_and_keeps_its_color():
    sky = np.full((120, 160, 3), (120, 150, 200), np.uint8)
    found = laid_under(sky)
    change = found.astype(float) - sky
    assert np.abs(change.mean()) < 0.5
    assert 4 < change.std() < 6
    assert np.ptp(change, axis=2).max() <= 1  # of light and dark alone
    assert np.array_equal(found, laid_under(sky))


def test_a_night_sky_stays():
    night = np.full((120, 160, 3), 20, np.uint8)
    assert np.array_equal(laid_under(night), night)


def test_what_has_forms_stays():
    forms = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    assert np.abs(laid_under(forms).astype(int) - forms).max() == 0


def test_between_them_there_is_no_edge():
    picture = np.full((96, 192, 3), 128, np.uint8)
    picture[:, 96:] += np.random.default_rng(0).integers(0, 80, (96, 96, 1), np.uint8)
    change = np.abs(laid_under(picture).astype(float) - picture).mean(axis=(0, 2))
    assert change[:60].mean() > 3
    assert change[110:].max() == 0
    assert np.abs(np.diff(np.convolve(change, np.ones(9) / 9, "valid"))).max() < 1


def test_they_go_on_without_a_seam_on_any_size():
    height, width = FIELD[0] + 40, FIELD[1] + 40
    gray = laid_under(np.full((height, width, 3), 128, np.uint8))[..., 0].astype(float)
    for steps, seam in (
        (np.abs(np.diff(gray, axis=0)).mean(1), FIELD[0]),
        (np.abs(np.diff(gray, axis=1)).mean(0), FIELD[1]),
    ):
        assert steps[seam - 1] < 1.5 * np.median(steps)
    assert laid_under(np.full((1, 1, 3), 128, np.uint8)).shape == (1, 1, 3)
