"""Losses against plain NumPy versions written from the equations of the papers."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize import losses

SHAPES = {"shallow": (9, 7, 4), "deep": (4, 3, 6)}


def maps(seed: int) -> dict[str, np.ndarray]:
    """Features of some picture, by layer."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def numpy_gram(features: np.ndarray) -> np.ndarray:
    """G_ij = sum over k of F_ik F_jk (Gatys et al. 2015, equation 3), over the places k."""
    height, width, channels = features.shape
    gram = np.zeros((channels, channels))
    for row in range(height):
        for column in range(width):
            vector = features[row, column].astype(np.float64)
            gram += np.outer(vector, vector)
    return gram / (height * width)


def relative(value: np.ndarray, target: np.ndarray) -> float:
    """Squared distance, in energies of the target."""
    return float(((value - target) ** 2).sum() / (target**2).sum())


def test_gram_matrix():
    for features in maps(0).values():
        np.testing.assert_allclose(losses.gram(features), numpy_gram(features), rtol=1e-4)


def test_content_loss():
    one, other = maps(0), maps(1)
    weights = {"shallow": 1.0, "deep": 3.0}
    expected = (
        relative(one["shallow"], other["shallow"]) + 3 * relative(one["deep"], other["deep"])
    ) / 4
    assert float(losses.content_loss(one, other, weights)) == pytest.approx(expected, rel=1e-5)
    assert float(losses.content_loss(one, one, weights)) == 0


def test_style_loss_over_gram_matrices():
    one, other = maps(0), maps(1)
    weights = {"shallow": 2.0, "deep": 1.0}
    grams = {name: numpy_gram(features) for name, features in other.items()}
    expected = sum(
        weight * relative(numpy_gram(one[name]), grams[name]) for name, weight in weights.items()
    )
    target = {name: gram.astype(np.float32) for name, gram in grams.items()}
    loss = losses.style_loss(one, target, {}, weights)
    assert float(loss) == pytest.approx(expected / 3, rel=1e-4)


def test_style_loss_does_not_depend_on_place_or_size():
    one = maps(0)
    target = losses.StyleTarget.of_features("any", one)
    turned = {name: np.concatenate([map_, map_[::-1, ::-1]]) for name, map_ in one.items()}
    weights = dict.fromkeys(SHAPES, 1.0)
    assert float(losses.style_loss(turned, target.grams, {}, weights)) < 1e-10


def test_style_loss_over_moments():
    one, other = maps(0), maps(1)

    def statistics(features: np.ndarray) -> np.ndarray:
        flat = features.reshape(-1, features.shape[-1])
        return np.stack([flat.mean(0), flat.std(0)])

    np.testing.assert_allclose(losses.moments(one["deep"]), statistics(one["deep"]), rtol=1e-4)
    target = {"deep": statistics(other["deep"])}
    grams = {"shallow": numpy_gram(other["shallow"]).astype(np.float32)}
    loss = losses.style_loss(one, grams, target, dict.fromkeys(SHAPES, 1.0))
    expected = relative(statistics(one["deep"]), target["deep"])
    expected += relative(numpy_gram(one["shallow"]), grams["shallow"])
    assert float(loss) == pytest.approx(expected / 2, rel=1e-3)


def test_total_variation():
    picture = np.random.default_rng(0).uniform(0, 255, (6, 5, 3)).astype(np.float32)
    scaled = picture / 255
    expected = (np.diff(scaled, axis=0) ** 2).mean() + (np.diff(scaled, axis=1) ** 2).mean()
    assert float(losses.total_variation(picture)) == pytest.approx(expected, rel=1e-4)


def test_smoothing_is_a_softmax_over_the_whole_map():
    features = maps(0)["shallow"]
    raised = np.exp(features.astype(np.float64) / (2 * features.std()))
    np.testing.assert_allclose(
        losses.smooth(features, 2.0), raised / raised.sum() * raised.size - 1, atol=1e-5
    )


def test_mixing_styles_mixes_their_statistics():
    one, other = (losses.StyleTarget.of_features("any", maps(seed)) for seed in (0, 1))
    mixed = losses.mix([one, other], [1, 3])
    assert mixed.layers == ("shallow", "deep")
    for name in SHAPES:
        expected = 0.25 * one.grams[name] + 0.75 * other.grams[name]
        np.testing.assert_allclose(mixed.grams[name], expected, rtol=1e-5)
        np.testing.assert_allclose(losses.mix([one]).grams[name], one.grams[name])


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, float("nan")], []])
def test_weights_that_make_no_sense(weights):
    target = losses.StyleTarget.of_features("any", maps(0))
    with pytest.raises(ValueError, match=r"\.$"):
        losses.mix([target, target], weights)


def test_styles_of_different_networks_do_not_mix():
    one, other = (losses.StyleTarget.of_features(name, maps(0)) for name in ("a", "b"))
    with pytest.raises(ValueError, match="one network"):
        losses.mix([one, other])
    with pytest.raises(ValueError, match="needed"):
        losses.mix([])
