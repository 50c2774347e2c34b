"""Colors of pictures: matched, and kept."""

from __future__ import annotations

import numpy as np

from core.stylize import color


def test_matched_colors_have_the_mean_and_covariance_of_the_model():
    rng = np.random.default_rng(0)
    picture = rng.normal((90, 120, 140), (30, 10, 20), (40, 50, 3))
    model = rng.normal((140, 110, 100), (15, 20, 12), (30, 30, 3))
    model[..., 0] += 0.5 * (model[..., 1] - 110)
    moved = color.match(picture, model).reshape(-1, 3)
    np.testing.assert_allclose(moved.mean(0), model.reshape(-1, 3).mean(0), atol=0.5)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(model.reshape(-1, 3).T), atol=15)


def test_matching_a_picture_of_one_color_gives_no_noise():
    flat = np.full((8, 8, 3), 77, np.uint8)
    np.testing.assert_allclose(color.match(flat, flat), flat, atol=0.01)
    assert np.isfinite(color.match(flat, np.zeros((4, 4, 3)))).all()


def test_colors_stay_and_light_changes():
    rng = np.random.default_rng(0)
    photo, painted = rng.uniform(80, 170, (2, 6, 6, 3))
    kept = color.with_colors_of(painted, photo)
    light = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(kept @ light, painted @ light, atol=0.2)
    chroma = photo - (photo @ light)[..., None]
    np.testing.assert_allclose(kept - (kept @ light)[..., None], chroma, atol=1.5)
