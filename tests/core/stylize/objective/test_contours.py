"""Contours: the Laplacian against convolution, the gradient, and that a painting keeps them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import convolve

from core.stylize.objective import contours
from core.stylize.objective.evaluation import Evaluation

KERNEL = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (37, 46, 3)).astype(np.float32)


def test_the_laplacian_is_that_of_a_convolution():
    gray = picture(0)[:36, :44].mean(-1)
    pooled = gray.reshape(9, 4, 11, 4).mean((1, 3))
    expected = convolve(pooled, KERNEL)[1:-1, 1:-1]
    np.testing.assert_allclose(contours.laplacian(picture(0)), expected, rtol=1e-4, atol=1e-3)


def test_the_photo_itself_is_at_no_distance_and_a_flat_picture_at_about_one():
    term = contours.of(picture(0))
    assert term.distance(picture(0))[0] == 0
    assert term.distance(np.full_like(picture(0), 90))[0] == pytest.approx(1, abs=0.01)
    assert term.distance(picture(0) / 2 + 60)[0] == pytest.approx(0.25, abs=0.01)


def test_the_gradient_is_that_of_the_distance():
    term, canvas = contours.of(picture(0)), picture(1)
    _, gradient = term.distance(canvas)
    assert gradient.dtype == np.float32
    rng = np.random.default_rng(2)
    way = rng.normal(size=canvas.shape).astype(np.float32)
    ahead, behind = (term.distance(canvas + sign * way)[0] for sign in (1, -1))
    assert (ahead - behind) / 2 == pytest.approx(float(np.vdot(gradient, way)), rel=1e-3)


def test_it_is_added_to_a_loss():
    def other(canvas: np.ndarray) -> Evaluation:
        return Evaluation(2.0, 0.5, 0.25, np.ones_like(canvas))

    term = contours.of(picture(0))
    distance, gradient = term.distance(picture(1))
    found = term.beside(other, 3.0)(picture(1))
    assert found.loss == pytest.approx(2 + 3 * distance)
    assert (found.content, found.style) == (0.5, 0.25)
    np.testing.assert_allclose(found.gradient, 1 + 3 * gradient, rtol=1e-6)


def test_a_flat_photo_and_a_tiny_one_do_no_harm():
    assert contours.of(picture(0)[:11]) is None
    distance, gradient = contours.of(np.full((20, 20, 3), 7, np.float32)).distance(
        picture(0)[:20, :20]
    )
    assert np.isfinite(distance)
    assert np.isfinite(gradient).all()
