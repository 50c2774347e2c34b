"""Frames of a film: where they lie in the raster of the networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.stylize.instant import Frames, padded


class Copying:
    """Paints a canvas as it is."""

    def __init__(self) -> None:
        self.canvases: list[np.ndarray] = []

    def paint(self, canvas: np.ndarray, *_: object, **__: object) -> np.ndarray:
        self.canvases.append(canvas)
        return canvas[0]


@pytest.mark.parametrize("size", [(48, 64), (33, 47)])
def test_a_frame_lies_anywhere_in_a_canvas_as_large_as_a_photo_s(size: tuple[int, int]):
    frame = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    engine: Any = Copying()
    frames = Frames([], engine=engine)
    frames._wanted = engine  # which nobody looks at
    borders = set()

    def strokes(height: int, width: int, top: int, left: int) -> Any:
        borders.add((top, left))
        borders.add((height - top - size[0], width - left - size[1]))

    for number in range(-16, 17):
        painted = frames.paint(frame, 1.0, (number, 3 * number), strokes)
        assert np.array_equal(painted, frame)
    assert {canvas.shape for canvas in engine.canvases} == {padded(frame).shape}
    assert min(min(each) for each in borders) >= 8
    assert np.array_equal(engine.canvases[16], padded(frame))  # nothing has moved
