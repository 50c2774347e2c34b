"""Where pictures are cut, so that tiles fit together; and the memory that tiles take."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.stylize import extractors, objective
from core.stylize.objective import tiling

LARGEST = 50_000  # pixels: forces two tiles each way on the pictures below
SIZE = 245, 275  # odd, so that poolings leave rows and columns out


@pytest.fixture(scope="module")
def judge() -> objective.Objective:
    """The shipped VGG16 with all its usual layers."""
    row = extractors.get("vgg16")
    return objective.objective(
        "vgg16", "float32", tuple(row.content.items()), tuple(row.style.items())
    )


@pytest.mark.parametrize(
    ("height", "width", "largest"),
    [(*SIZE, LARGEST), (1365, 2048, 1_000_000), (200, 5000, 250_000), (3001, 777, 400_000)],
)
def test_tiles_are_small_enough_and_own_everything_once(judge, height, width, largest):
    reach = judge._reach
    parts = tiling.cut(height, width, largest, reach)
    assert len(parts) > 1
    owned = np.zeros((height, width), int)
    for part in parts:
        seen = owned[part.seen]
        assert seen.size <= largest
        top, bottom, left, right = part.own
        seen[top:bottom, left:right] += 1
        for span, side in zip(part, (height, width), strict=True):
            assert span.start == max(0, span.first - reach.margin)
            assert span.stop == min(side, span.last + reach.margin)
            assert span.start % reach.stride == span.first % reach.stride == 0
            assert span.stop % reach.stride == 0 or span.stop == side
            assert span.last - span.first >= reach.stride
    assert (owned == 1).all()
    for stride in reach.strides.values():
        owned = np.zeros((height // stride, width // stride), int)
        for part in parts:
            owned[part.of_map(stride)] += 1
        assert (owned == 1).all()


def test_a_picture_that_fits_is_one_tile(judge):
    (part,) = tiling.cut(*SIZE, SIZE[0] * SIZE[1], judge._reach)
    assert part.own == [0, SIZE[0], 0, SIZE[1]]


def test_a_tile_without_room_for_margins_is_refused(judge):
    with pytest.raises(ValueError, match="room for margins"):
        tiling.cut(1000, 1000, 20_000, judge._reach)


def test_margins_are_as_wide_as_a_network_sees(judge):
    """By what moves when one pixel does, in a network whose convolutions pass everything on."""
    x = keras.Input((None, None, 3))
    model = keras.applications.VGG16(weights=None, include_top=False, input_tensor=x)
    model = keras.Model(x, {"last": model.get_layer("block5_conv2").output})
    positive = [np.abs(weights) for weights in model.get_weights()]
    model.set_weights([weights / max(1e-9, weights.sum()) for weights in positive])
    model = keras.Model(x, {"block5_conv2": model.get_layer("block5_conv2").output})
    dark = np.zeros((1, 16 * 15, 16, 3), np.float32)
    light = dark.copy()
    light[0, 16 * 7] = 1e30  # the first row of the place in the middle, which sees furthest up
    moved = np.flatnonzero((model(light)["block5_conv2"] != model(dark)["block5_conv2"]).numpy()
                           .any((0, 2, 3)))  # fmt: skip
    margin = tiling.reach(model).margin
    assert margin == 80
    assert 16 * (moved.max() - 7) <= margin
    assert 16 * (7 - moved.min()) <= margin


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(3, 3, strides=2, padding="same"),
        keras.layers.Conv2D(3, 3),
        keras.layers.Conv2D(3, 2, padding="same"),
        keras.layers.Conv2D(3, 3, dilation_rate=2, padding="same"),
        keras.layers.MaxPooling2D(3, strides=2),
        keras.layers.MaxPooling2D(2, padding="same"),
        keras.layers.GlobalAveragePooling2D(keepdims=True),
    ],
    ids=lambda layer: layer.name,
)
def test_only_plain_chains_are_cut(layer):
    x = keras.Input((None, None, 3))
    assert tiling.reach(keras.Model(x, {"layer": layer(x)})) is None
