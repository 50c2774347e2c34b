"""What is kept of a picture: right numbers, and the same for all times."""

from __future__ import annotations

import colorsys

import numpy as np

from core import database, identify, images, journal
from core.identify import observation, projection
from core.journal import Observed
from core.settings import settings


def test_the_signs_are_the_same_for_all_times():
    """Vectors that are kept could else not be compared after another NumPy came."""
    signs = projection._signs(1280, 320, 18)
    assert signs.shape == (1280, 320)
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert signs[0, :12].tolist() == [1, 1, -1, 1, -1, -1, 1, 1, 1, 1, 1, -1]
    assert signs[1, :12].tolist() == [1, -1, 1, -1, -1, 1, 1, -1, -1, 1, -1, 1]
    other = projection._signs(1280, 320, 17)
    assert 0.45 < np.mean(signs == other) < 0.55


def test_angles_are_nearly_kept():
    rows = np.random.default_rng(0).normal(size=(20, 1280)).astype(np.float32)
    rows[1] = rows[0] + 0.3 * rows[1]
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    seen = np.stack([projection.projected(row, 320, seed=1) for row in rows])
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    assert np.abs(seen @ seen.T - units @ units.T).max() < 0.25
    assert seen[0] @ seen[1] > 0.9


def test_light_is_what_the_standard_library_says(make_picture):
    pixels = make_picture(64, 64)
    few = pixels[::4, ::4].reshape(-1, 3) / 255
    saturation = [colorsys.rgb_to_hsv(*pixel)[1] for pixel in few.tolist()]
    luma = [colorsys.rgb_to_yiq(*pixel)[0] for pixel in few.tolist()]
    brightness, found = observation.light(pixels)
    assert abs(found - np.mean(saturation)) < 1e-3
    assert abs(brightness - np.mean(luma)) < 1e-2  # colorsys rounds the weights


def test_an_identification_is_kept_with_what_was_seen(make_picture):
    picture = images.load(images.encode(make_picture(60, 90), "PNG"))
    result = identify.identify(picture)
    seen = result.observation
    assert seen is not None
    assert (seen.aspect, seen.side, seen.format) == (1.5, 90, "PNG")
    assert seen.projection is not None
    assert seen.projection.shape == (observation.DIMENSION,)
    number = journal.record(result, picture_sha256="", session="s")
    with database.reading(settings().journal_url) as session:
        kept = session.get(Observed, number)
    assert kept is not None
    logits = np.frombuffer(kept.logits, "<f2").astype(np.float32)
    np.testing.assert_allclose(logits, seen.logits, rtol=2e-3, atol=2e-3)
    assert kept.projection is not None
    assert len(kept.projection) == 2 * observation.DIMENSION
    assert kept.brightness == seen.brightness
