"""Losses over layers against plain NumPy versions written from the equations of the papers."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.objective import losses

SHAPES = {"shallow": (9, 7, 4), "deep": (4, 3, 6)}


def maps(seed: int) -> dict[str, np.ndarray]:
    """Features of some picture, by layer."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def numpy_gram(features: np.ndarray) -> np.ndarray:
    """G_ij = sum over k of F_ik F_jk (Gatys et al. 2015, equation 3), over the places k."""
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    return flat.T @ flat / len(flat)


def numpy_moments(features: np.ndarray) -> np.ndarray:
    flat = features.reshape(-1, features.shape[-1])
    return np.stack([flat.mean(0), flat.std(0)])


def relative(value: np.ndarray, target: np.ndarray) -> float:
    """Squared distance, in energies of the target."""
    return float(((value - target) ** 2).sum() / (target**2).sum())


def style_loss(features, target, weights) -> float:
    return float(losses.style_loss(losses.accumulate(features, target), target, weights))


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
    target = {"grams": {name: gram.astype(np.float32) for name, gram in grams.items()}}
    assert style_loss(one, target, weights) == pytest.approx(expected / 3, rel=1e-4)


def test_style_loss_does_not_depend_on_place_or_size():
    one = maps(0)
    target = losses.described("any", one)
    turned = {name: np.concatenate([map_, map_[::-1, ::-1]]) for name, map_ in one.items()}
    weights = dict.fromkeys(SHAPES, 1.0)
    assert style_loss(turned, {"grams": target.grams}, weights) < 1e-10


def test_style_loss_over_moments_and_over_both():
    one, other = maps(0), maps(1)
    moments = {"deep": numpy_moments(other["deep"])}
    grams = {"shallow": numpy_gram(other["shallow"]).astype(np.float32)}
    weights = dict.fromkeys(SHAPES, 1.0)
    of_deep = relative(numpy_moments(one["deep"]), moments["deep"])
    of_shallow = relative(numpy_gram(one["shallow"]), grams["shallow"])
    loss = style_loss(one, {"grams": grams, "moments": moments}, weights)
    assert loss == pytest.approx((of_deep + of_shallow) / 2, rel=1e-3)

    # A layer that is described in both ways counts no more than others.
    moments["shallow"] = numpy_moments(other["shallow"])
    both = (of_shallow + relative(numpy_moments(one["shallow"]), moments["shallow"])) / 2
    loss = style_loss(one, {"grams": grams, "moments": moments}, weights)
    assert loss == pytest.approx((of_deep + both) / 2, rel=1e-3)


def test_a_loss_over_no_layers_is_nothing():
    assert losses.weighted_mean({}, {}) == 0


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
