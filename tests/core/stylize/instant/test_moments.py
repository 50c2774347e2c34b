"""Statistics of maps against NumPy."""

from __future__ import annotations

import numpy as np

from core.stylize import instant
from core.stylize.instant.moments import towards, within
from core.stylize.style import CORRELATED


def test_statistics_are_those_of_numpy(drawn, covariance, seen_in):
    maps = drawn(3)
    found = seen_in(maps)
    assert set(found.correlations) == set(CORRELATED)
    for name, (mean, deviation) in ((n, np.moveaxis(m, 1, 0)) for n, m in found.moments.items()):
        some = maps[name][:, ::2, ::2] if name in CORRELATED else maps[name]
        np.testing.assert_allclose(mean, some.mean((1, 2)), rtol=1e-4)
        np.testing.assert_allclose(deviation, np.sqrt(some.var((1, 2)) + 1), rtol=1e-3)
    for name, correlations in found.correlations.items():
        for n, correlation in enumerate(correlations):
            expected = covariance(maps[name][n])
            deviation = np.sqrt(np.diag(expected))
            expected /= np.outer(deviation, deviation)
            np.testing.assert_allclose(correlation, expected, atol=1e-3)
            np.testing.assert_allclose(np.diag(correlation), 1, rtol=1e-5)


def test_strength_goes_straight_from_the_photo_to_the_style(drawn, seen_in):
    own, wanted = (seen_in(drawn(seed)) for seed in (1, 2))
    half = towards(own, wanted, 0.5)
    for here, there, between in zip(own, wanted, half, strict=True):
        assert set(between) == set(here)
        for name in here:
            expected = (np.asarray(here[name]) + np.asarray(there[name])) / 2
            np.testing.assert_allclose(between[name], expected, rtol=1e-4, atol=1e-4)


def test_the_statistics_of_a_part_are_those_of_its_places(drawn, covariance):
    """A mask that is 1 everywhere says what networks measure; another one leaves places out."""
    maps = {name: map_[:1] for name, map_ in drawn(3).items()}
    mask = np.zeros((6, 5), np.float32)
    mask[:4] = 1
    found = within(maps, mask)
    for name in instant.LAYERS:
        part = maps[name][0, :4]
        mean, deviation = found.moments[name][0]
        some = part[::2, ::2] if name in CORRELATED else part
        places = some.reshape(-1, part.shape[-1]).astype(np.float64)
        np.testing.assert_allclose(mean, places.mean(0), rtol=1e-4)
        np.testing.assert_allclose(deviation, np.sqrt(places.var(0) + 1), rtol=1e-4)
        if name in CORRELATED:
            wanted = covariance(part) / (deviation[:, None] * deviation)
            np.testing.assert_allclose(found.correlations[name][0], wanted, atol=1e-4)
