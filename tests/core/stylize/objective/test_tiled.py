"""Tiles of VGG16: evaluated together as the whole picture is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.stylize import extractors, objective, refine
from core.stylize.objective import losses, tiling
from core.stylize.objective.terms import STYLE
from core.stylize.request import StylizeRequest
from core.stylize.style import StyleTarget

LARGEST = 50_000  # pixels: forces two tiles each way on the pictures below
SIZE = 245, 275  # odd, so that poolings leave rows and columns out


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """Soft patches of color, float32 0..255."""
    patches = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3))
    return refine.resize(patches.astype(np.float32), height, width).clip(0, 255)


@pytest.fixture(scope="module")
def judge() -> objective.Objective:
    """The shipped VGG16 with all its usual layers."""
    row = extractors.get("vgg16")
    return objective.objective(
        "vgg16", "float32", tuple(row.content.items()), tuple(row.style.items())
    )


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return picture(*SIZE, seed=0)


@pytest.fixture(scope="module")
def canvas() -> np.ndarray:
    return picture(*SIZE, seed=2)


@pytest.fixture(scope="module")
def targets(judge) -> dict[str, StyleTarget]:
    """The same style by either statistics, by both, and by one for some layers."""
    style = picture(150, 171, seed=1)
    grams = judge.describe(style)
    maps = judge.features(style)
    found = {name: STYLE["moments"].accumulate(maps[name]).numpy() for name in judge.style}
    moments = StyleTarget("vgg16", moments=found)
    first, *others = judge.style
    return {
        "grams": grams,
        "moments": moments,
        "both": dataclasses.replace(moments, grams=grams.grams),
        "mixed": StyleTarget(
            "vgg16", {first: grams.grams[first]}, {name: found[name] for name in others}
        ),
    }


def relative(value: np.ndarray, target: np.ndarray) -> float:
    """The greatest difference, as a share of the greatest value."""
    return float(np.abs(value - target).max() / np.abs(target).max())


def test_a_style_described_in_tiles_is_the_same(judge, photo):
    whole, tiled = judge.describe(photo), judge.describe(photo, largest=LARGEST)
    assert tiled.layers == whole.layers
    for name, gram in whole.grams.items():
        assert relative(tiled.grams[name], gram) < 3e-6
        assert tiled.grams[name].dtype == np.float32


@pytest.mark.parametrize(
    "described",
    # Each is traced anew, which takes seconds.
    [
        "grams",
        "mixed",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("moments", "both")),
    ],
)
def test_loss_and_gradient_in_tiles_are_those_of_the_whole(
    judge, targets, photo, canvas, described
):
    weights = objective.Weights(0.1, 1.0, 0.3)
    whole = judge.against(photo, targets[described], weights)(canvas)
    tiled = judge.against(photo, targets[described], weights, largest=LARGEST)(canvas)
    for part in ("loss", "content", "style"):
        assert getattr(tiled, part) == pytest.approx(getattr(whole, part), rel=5e-5)
    assert tiled.gradient.dtype == np.float32
    # Deviations of nearly dead channels have steep gradients, in which rounding shows.
    assert relative(tiled.gradient, whole.gradient) < (5e-6 if described == "grams" else 3e-5)


def test_narrower_margins_would_show(judge, targets, photo, canvas, monkeypatch):
    weights = objective.Weights(0.1, 1.0)
    whole = judge.against(photo, targets["grams"], weights)(canvas)
    narrower = dataclasses.replace(judge._reach, margin=judge._reach.margin - 16)
    monkeypatch.setattr(judge, "_reach", narrower)
    tiled = judge.against(photo, targets["grams"], weights, largest=LARGEST)(canvas)
    assert relative(tiled.gradient, whole.gradient) > 1e-3


def test_total_variation_counts_once(judge, targets, photo, canvas):
    weights = objective.Weights(0.0, 0.0, 1.0)
    tiled = judge.against(photo, targets["grams"], weights, largest=LARGEST)(canvas)
    assert tiled.loss == pytest.approx(float(losses.total_variation(canvas)), rel=1e-5)


@pytest.mark.slow
def test_a_painting_in_tiles_is_the_same(monkeypatch):
    photo, style = picture(*SIZE, seed=0), picture(150, 171, seed=1)
    photo, style = photo.astype(np.uint8), style.astype(np.uint8)
    request = StylizeRequest(rows=SIZE[0], steps=2, scales=(1.0,), precision="float32", forms=0.0)
    cuts = []

    def cut(*arguments):
        cuts.append(arguments)
        return real(*arguments)

    def paint() -> list[refine.Step]:
        return list(refine.refine(photo, [style], request))

    whole, real = paint(), tiling.cut
    monkeypatch.setattr(tiling, "cut", cut)
    monkeypatch.setattr(refine, "room", lambda *_: LARGEST)
    tiled, again = paint(), paint()
    # The style is as high as the painting and a little wider.
    assert [arguments[:2] for arguments in cuts] == [(245, 279), SIZE] * 2
    for one, other in zip(whole, tiled, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-4)
        difference = np.abs(one.pixels().astype(int) - other.pixels())
        assert difference.max() <= 1
    np.testing.assert_array_equal(tiled[-1].pixels(), again[-1].pixels())
