"""Colors in the dark."""

import numpy as np
import pytest

from core.monet import shade

LUMA = np.array([0.299, 0.587, 0.114])


def without_specks(photo, painted):
    return shade.without_specks(photo, painted, shade.brightness(photo))


@pytest.fixture
def photo():
    """Night on the left, day on the right."""
    pixels = np.full((96, 192, 3), 20, np.uint8)
    pixels[:, 96:] = 200
    return pixels


def specked(photo):
    """With colored specks and strokes of light and dark."""
    rng = np.random.default_rng(0)
    specks = 12 * rng.standard_normal((*photo.shape[:2], 3))
    strokes = 8 * np.sin(np.arange(192) / 2)[None, :, None]
    return np.rint(photo + specks + strokes).clip(0, 255).astype(np.uint8)


def color(pixels):
    """Deviation of chrominance, gray levels."""
    values = pixels.astype(float)
    return (values - (values @ LUMA)[..., None]).std()


def test_specks_go_where_it_is_dark_and_only_there(photo):
    painted = specked(photo)
    found = without_specks(photo, painted)
    assert color(found[:, :72]) < 0.15 * color(painted[:, :72])
    assert (found[:, 120:] == painted[:, 120:]).all()


def test_strokes_of_light_and_dark_stay(photo):
    painted = specked(photo)
    before, after = (
        each[:, :72].astype(float) @ LUMA for each in (painted, without_specks(photo, painted))
    )
    assert np.abs(before - after).mean() < 1


def test_a_tint_of_the_whole_dark_stays(photo):
    painted = photo.copy()
    painted[:, :96] += np.array([10, 0, 20], np.uint8)
    found = without_specks(photo, painted)
    assert np.abs(found[:, :64].astype(int) - painted[:, :64]).max() <= 1


def test_a_photo_without_dark_places_is_painted_as_it_was():
    photo = np.full((32, 32, 3), 180, np.uint8)
    painted = np.random.default_rng(1).integers(0, 256, photo.shape).astype(np.uint8)
    assert without_specks(photo, painted) is painted
