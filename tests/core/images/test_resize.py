"""Pictures brought to another size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from core import images
from core.images.resize import resize
from tests.fuzz import pattern


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((100, 200), 50, (25, 50)),
        ((200, 100), 50, (50, 25)),
        ((20, 30), 50, (20, 30)),
        ((1, 5000), 100, (1, 100)),
    ],
)
def test_previews_fit(shape, side, expected):
    preview = images.preview(pattern(*shape), side)
    assert preview.shape == (*expected, 3)
    assert preview.dtype == np.uint8


def test_previews_look_the_same():
    preview = images.preview(pattern(400, 600), 60)
    assert np.abs(preview - pattern(40, 60).astype(int)).mean() < 4
    assert ImageOps.exif_transpose(Image.fromarray(preview)).size == (60, 40)


@pytest.mark.parametrize("shape", [(40, 60), (10, 15), (20, 30)])
def test_a_canvas_keeps_its_picture_at_any_size(shape):
    canvas = resize(pattern(20, 30), *shape)
    assert canvas.dtype == np.float32
    assert canvas.shape == (*shape, 3)
    # The pattern is linear from edge to edge, so that its middle row shows any shift.
    expected = np.interp(np.linspace(0, 29, shape[1]), range(30), pattern(20, 30)[10, :, 0])
    assert np.abs(canvas[shape[0] // 2, :, 0] - expected).mean() < 4


def test_values_beyond_those_of_pixels_stay():
    canvas = np.full((8, 8, 3), [-100.0, 300.0, 128.0], np.float32)
    assert np.allclose(resize(canvas, 12, 5), [-100.0, 300.0, 128.0], atol=0.01)
