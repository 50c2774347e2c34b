"""Styles in figures: described, and mixed."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize import style
from core.stylize.objective import losses
from core.stylize.style import InstantTarget, StyleTarget

SHAPES = {"shallow": (9, 7, 4), "deep": (4, 3, 6)}


def described(seed: int, network: str = "any") -> StyleTarget:
    """A style of some picture, by Gram matrices."""
    rng = np.random.default_rng(seed)
    maps = {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
    return losses.described(network, maps)


@pytest.mark.tensorflow
def test_mixing_styles_mixes_their_statistics():
    one, other = described(0), described(1)
    mixed = style.mix([one, other], [1, 3])
    assert mixed.layers == ("shallow", "deep")
    for name in SHAPES:
        expected = 0.25 * one.grams[name] + 0.75 * other.grams[name]
        np.testing.assert_allclose(mixed.grams[name], expected, rtol=1e-5)
        np.testing.assert_allclose(style.mix([one]).grams[name], one.grams[name])


def test_styles_for_the_instant_network_mix_likewise():
    one, other = (
        InstantTarget(
            "any",
            {"deep": np.full((2, 3), value, np.float32)},
            {"shallow": np.full((3, 3), 10 * value, np.float32)},
        )
        for value in (1, 5)
    )
    mixed = style.mix([one, other], [1, 3])
    assert isinstance(mixed, InstantTarget)
    np.testing.assert_allclose(mixed.moments["deep"], 4)
    np.testing.assert_allclose(mixed.correlations["shallow"], 40)


def test_layers_may_be_described_either_way():
    grams, moments = {"a": np.eye(3)}, {"b": np.ones((2, 3)), "a": np.ones((2, 3))}
    assert StyleTarget("any", grams, moments).layers == ("a", "b")
    with pytest.raises(ValueError, match="the same layers"):
        style.mix([StyleTarget("any", grams), StyleTarget("any", grams, moments)])


@pytest.mark.tensorflow
@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, float("nan")], []])
def test_weights_that_make_no_sense(weights):
    target = described(0)
    with pytest.raises(ValueError, match=r"\.$"):
        style.mix([target, target], weights)


@pytest.mark.tensorflow
def test_styles_of_different_networks_do_not_mix():
    one, other = (described(0, network) for network in ("a", "b"))
    with pytest.raises(ValueError, match="one network"):
        style.mix([one, other])
    with pytest.raises(ValueError, match="needed"):
        style.mix([])
