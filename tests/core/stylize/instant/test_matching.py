"""Maps given the statistics of a style, as the papers have it."""

from __future__ import annotations

import numpy as np
import pytest

from core.models import architectures
from core.stylize import instant
from core.stylize.instant import matching
from core.stylize.style import CORRELATED


def test_matched_maps_have_the_moments_of_the_style(drawn, changed):
    """Equation 8 of the paper: the style's moments, and the photo's order of places."""
    photo, style = drawn(1), drawn(2)
    matched = changed(photo, style)
    for (name, _, size), found in zip(architectures.STYLE_LEVELS, matched, strict=True):
        if name in CORRELATED:
            continue
        found = np.asarray(found) * size
        np.testing.assert_allclose(found.mean((1, 2)), style[name].mean((1, 2)), rtol=1e-3)
        np.testing.assert_allclose(found.std((1, 2)), style[name].std((1, 2)), rtol=2e-2)
        before, after = photo[name][0, ..., 0].ravel(), found[0, ..., 0].ravel()
        assert np.corrcoef(before, after)[0, 1] == pytest.approx(1, abs=1e-4)


def test_shallow_layers_get_the_covariance_of_the_style(covariance, changed):
    rng = np.random.default_rng(5)
    photo, style = (
        {
            name: rng.gamma(1.0, 20.0, (2, 32, 40, channels)).astype(np.float32)
            @ rng.normal(0.3, 0.3, (channels, channels)).astype(np.float32)
            for name, channels, _ in architectures.STYLE_LEVELS
        }
        for _ in range(2)
    )
    matched = changed(photo, style)
    for (name, _, size), found in zip(architectures.STYLE_LEVELS, matched, strict=True):
        if name not in CORRELATED:
            continue
        for n in range(2):
            wanted, got = covariance(style[name][n]), covariance(np.asarray(found)[n] * size)
            assert np.abs(got - wanted).max() < 2e-2 * wanted.max(), name
            mean = style[name][n][::2, ::2].mean((0, 1))
            now = np.asarray(found)[n][::2, ::2].mean((0, 1)) * size
            assert np.abs(now - mean).max() < 1e-2 * np.sqrt(wanted.max())


def test_transport_turns_one_covariance_into_another_and_moves_least():
    rng = np.random.default_rng(6)
    own, wanted = (np.cov(rng.normal(0, 9, (2, 12, 60)).reshape(24, 60))[None] for _ in range(2))
    own, wanted = (each[:, :12, :12].astype(np.float32) for each in (own, wanted))
    change = np.asarray(instant.transport(own, wanted))[0]
    np.testing.assert_allclose(change, change.T, atol=1e-4)
    assert np.linalg.eigvalsh(change).min() > 0  # symmetric and positive: the optimal one
    np.testing.assert_allclose(change @ own[0] @ change, wanted[0], rtol=1e-3, atol=0.05)
    same = np.asarray(instant.transport(own, own))[0]
    np.testing.assert_allclose(same, np.eye(12), atol=1e-4)


def test_a_covariance_that_is_none_does_no_harm():
    """A strength beyond 1 may ask for variances below nothing."""
    own, wanted = np.eye(4, dtype=np.float32)[None], -np.eye(4, dtype=np.float32)[None]
    assert np.abs(instant.transport(own, wanted)).max() < 1e-6


def test_maps_that_have_the_statistics_already_stay(drawn, seen_in):
    """All that is computed of statistics alone, without a map."""
    own = seen_in(drawn(7))
    found = matching.changes(own, own)
    assert list(found) == [name for name, *_ in architectures.STYLE_LEVELS]
    for name, channels, size in architectures.STYLE_LEVELS:
        same = np.eye(channels) if name in CORRELATED else np.ones(channels)
        np.testing.assert_allclose(found[name].factor[0] * size, same, atol=2e-3)
        np.testing.assert_allclose(found[name].shift * size, 0, atol=0.1)
