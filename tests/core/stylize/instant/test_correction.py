"""What a sketch misses, and how much of it is asked for in addition."""

from __future__ import annotations

import numpy as np
import pytest

from core.models import architectures
from core.stylize import extractors as perceptual
from core.stylize import instant
from core.stylize.instant import correction


@pytest.mark.parametrize("sides", [(32, 48), (33, 100), (17, 64), (30, 31)])
def test_a_smaller_picture_has_the_means_over_areas(sides):
    import tensorflow as tf

    picture = np.random.default_rng(1).uniform(0, 255, (2, 64, 100, 3)).astype(np.float32)
    found = instant.shrunk(picture, *sides)
    assert found.shape == (2, *sides, 3)
    np.testing.assert_allclose(found, tf.image.resize(picture, sides, "area"), atol=1e-2)


def test_what_the_sketch_misses_is_asked_for_within_limits(drawn, seen_in):
    statistics = seen_in(drawn(4))
    asked = statistics.moments
    corrected = instant.corrected(statistics, asked, asked, 0.7)
    assert corrected.correlations is statistics.correlations
    same = corrected.moments
    for name in instant.LAYERS:
        np.testing.assert_allclose(same[name], asked[name], rtol=1e-5)

    # Too weak by a fifth in deviation, too dark by a tenth of it: that much more is asked for.
    got = {
        name: np.stack([m[:, 0] - 0.1 * m[:, 1], 0.8 * m[:, 1]], axis=1)
        for name, m in ((name, np.asarray(m)) for name, m in asked.items())
    }
    more = instant.corrected(statistics, asked, got, 0.7).moments
    for name in instant.LAYERS:
        mean, deviation = np.asarray(asked[name])[:, 0], np.asarray(asked[name])[:, 1]
        shift = 0.7 * 0.1 * deviation
        np.testing.assert_allclose(more[name][:, 0], mean + shift, rtol=1e-4, atol=1e-3)
        factor = 1.25**0.7
        np.testing.assert_allclose(more[name][:, 1], factor * deviation, rtol=1e-4)

    nothing = {name: np.full_like(m, 1e-3) for name, m in got.items()}
    most = instant.corrected(statistics, asked, nothing, 0.7).moments
    for name in instant.LAYERS:
        deviation = np.asarray(asked[name])[:, 1]
        np.testing.assert_allclose(most[name][:, 1], correction._AT_MOST * deviation, rtol=1e-4)
        away = np.abs(np.asarray(most[name])[:, 0] - np.asarray(asked[name])[:, 0])
        assert (away <= (correction._AT_MOST - 1) * deviation * 1.001).all()


@pytest.mark.parametrize(("side", "share"), [(416, 1.0), (640, 1.0), (224, 112 / 208), (64, 0.154)])
def test_a_small_sketch_is_trusted_less(side, share):
    decoder = architectures.style_decoder(widths=(8, 8, 8, 8), hidden=8)
    networks = instant.TensorFlowNetworks(perceptual.load("vgg16"), decoder)
    photo = np.full((1, side, side + 64, 3), 90, np.float32)
    wanted = networks.encode(photo[:, :64, :64]).statistics
    *_, found = instant.sketch(networks, photo, wanted, 1.0)
    assert found == pytest.approx(share, rel=2e-3)
