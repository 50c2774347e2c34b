"""The objective on a tiny network: losses as they were recorded, and what is taken whole."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.stylize import extractors, objective
from core.stylize.objective import terms
from core.stylize.style import StyleTarget

CHANNELS = {"one": 5, "two": 6, "three": 7}

# Loss, content loss, style loss; then of the gradient its norm and two of its values. With
# weights 0.1, 1 and 0.3; from the code before the terms of the loss became objects.
RECORDED = {
    (None, "grams"): (
        (0.2443910390138626, 1.1798464059829712, 0.025385888293385506),
        (0.00022425585781732843, -9.162288847619493e-07, -8.411307561573267e-08),
    ),
    (None, "moments"): (
        (0.6518796682357788, 1.1798464059829712, 0.43287450075149536),
        (0.0004659598745845549, -3.434233235566353e-07, -3.7323750348150497e-06),
    ),
    (None, "both"): (
        (0.4481353163719177, 1.1798464059829712, 0.22913019359111786),
        (0.0002753204044153327, -6.298247399172396e-07, -1.9082435755990446e-06),
    ),
    (None, "mixed"): (
        (0.5905274748802185, 1.1798464059829712, 0.37152233719825745),
        (0.00046056741517684516, 7.346605457314581e-07, -4.209187409287551e-06),
    ),
    (10.0, "grams"): (
        (0.26499491930007935, 1.4090547561645508, 0.02306893840432167),
        (0.00028484113449143256, -2.7658620638248976e-06, 3.396957026780001e-06),
    ),
}


def judge(temperature: float | None = None) -> objective.Objective:
    """Three convolutions, the same ones each time."""
    rng = np.random.default_rng(7)
    x = inputs = keras.Input((None, None, 3))
    for name, channels in CHANNELS.items():
        x = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
        if name == "one":
            x = keras.layers.MaxPooling2D(2)(x)
    body = keras.Model(inputs, x)
    body.set_weights([rng.normal(0, 0.3, w.shape).astype(np.float32) for w in body.get_weights()])
    row = extractors.Network(
        "tiny", "Tiny", "", extractors.Preprocessing((120.0, 110.0, 100.0), 50.0, bgr=True),
        content={"three": 2.0, "two": 1.0}, style={"one": 1.0, "two": 3.0, "three": 0.5},
        temperature=temperature, shortest_side=4, bytes_a_pixel=100,
    )  # fmt: skip
    loaded = extractors.Loaded(row, "Tiny", body)
    return objective.Objective(loaded, tuple(row.content.items()), tuple(row.style.items()))


def picture(height: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


def targets(judge: objective.Objective) -> dict[str, StyleTarget]:
    """One style by either statistics, by both, and by one for some layers."""
    grams = judge.describe(picture(30, 33, 3)).grams
    rng = np.random.default_rng(9)
    moments = {n: rng.uniform(0.1, 2, (2, c)).astype(np.float32) for n, c in CHANNELS.items()}
    return {
        "grams": StyleTarget("tiny", grams),
        "moments": StyleTarget("tiny", moments=moments),
        "both": StyleTarget("tiny", grams, moments),
        "mixed": StyleTarget(
            "tiny", {"one": grams["one"]}, {name: moments[name] for name in ("two", "three")}
        ),
    }


@pytest.mark.parametrize(("temperature", "described"), RECORDED)
def test_losses_are_as_recorded(temperature, described):
    """The tolerance is for other processors: on the one that recorded them, all bits agree."""
    values, slopes = RECORDED[temperature, described]
    objective_ = judge(temperature)
    target = targets(objective_)[described]
    evaluate = objective_.against(picture(37, 45, 1), target, objective.Weights(0.1, 1.0, 0.3))
    found = evaluate(picture(37, 45, 2))
    assert (found.loss, found.content, found.style) == pytest.approx(values, rel=1e-5)
    gradient = found.gradient
    assert gradient.dtype == np.float32
    norm = np.linalg.norm(gradient.astype(np.float64))
    assert (norm, gradient[3, 5, 1], gradient[20, 40, 0]) == pytest.approx(
        slopes, rel=1e-4, abs=1e-10
    )


@pytest.mark.parametrize("described", ["grams", "moments", "both", "mixed"])
def test_tiles_change_nothing(described):
    objective_ = judge()
    target, weights = targets(objective_)[described], objective.Weights(0.1, 1.0, 0.3)
    photo, canvas = picture(37, 45, 1), picture(37, 45, 2)
    whole = objective_.against(photo, target, weights)(canvas)
    tiled = objective_.against(photo, target, weights, largest=400)(canvas)
    assert len(objective_._parts(photo, 400, ["grams"])) > 4
    for part in ("loss", "content", "style"):
        assert getattr(tiled, part) == pytest.approx(getattr(whole, part), rel=1e-6)
    # Deviations of nearly dead channels have steep gradients, in which rounding shows.
    most = 5e-6 if described == "grams" else 3e-5
    assert np.abs(tiled.gradient - whole.gradient).max() < most * np.abs(whole.gradient).max()


def test_the_gradient_is_that_of_the_loss():
    objective_ = judge()
    target, photo = targets(objective_)["both"], picture(37, 45, 1)
    evaluate = objective_.against(photo, target, objective.Weights(0.1, 1.0, 0.3))
    canvas = picture(37, 45, 2)
    gradient = evaluate(canvas).gradient
    way = 0.25 * gradient / np.abs(gradient).max()
    ahead, behind = evaluate(canvas + way).loss, evaluate(canvas - way).loss
    assert (ahead - behind) / 2 == pytest.approx(float(np.vdot(gradient, way)), rel=0.01)


def test_networks_with_smoothed_maps_are_not_cut():
    assert judge(10.0)._parts(picture(37, 45, 1), 400, ["grams"]) == []


def test_a_style_with_a_term_that_allows_no_tiles_is_not_cut(monkeypatch):
    objective_ = judge()
    monkeypatch.setattr(terms.STYLE["moments"], "tiles", False, raising=False)
    assert objective_._parts(picture(37, 45, 1), 400, ["grams", "moments"]) == []
    assert objective_._parts(picture(37, 45, 1), 400, ["grams"])


def test_styles_of_other_networks_or_layers_are_refused():
    objective_ = judge()
    style = targets(objective_)["grams"]
    for wrong, words in (
        (StyleTarget("vgg16", style.grams), "described by vgg16"),
        (StyleTarget("tiny", {"one": style.grams["one"]}), "says nothing about three, two"),
    ):
        with pytest.raises(ValueError, match=words):
            objective_.against(picture(37, 45, 1), wrong, objective.Weights(0.1, 1.0))
