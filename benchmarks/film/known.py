"""Clips made of photographs by panning and zooming, so that their motion is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.film.measures import Way
from core import images
from core.film.motion import grid, warped
from core.images.types import Floats, Pixels

DRIFT = np.array([2.5, 0.6], np.float32)  # of the foreground, pixels a frame
BEGIN = np.array([60, 10], np.float32)  # where it is at first, left of the middle and above it


@dataclass(frozen=True)
class Layer:
    """A photograph under a camera that pans and zooms evenly.

    Attributes:
        start, speed: Where the middle of the picture is at first, and how far it goes each frame,
            in pixels of the photograph.
        zoom: By how much the camera nears, each frame.
        shape: Of what is seen: all of it, or an ellipse with these half axes in the frame.
    """

    photo: Floats
    start: tuple[float, float]
    speed: tuple[float, float]
    zoom: float = 1.0
    shape: tuple[float, float] | None = None

    def places(self, number: int, middle: Floats, at: Floats) -> Floats:
        """From places of a frame to those of the photograph."""
        center = np.array(self.start, np.float32) + number * np.array(self.speed, np.float32)
        return center + (at - middle) / np.float32(self.zoom**number)

    def back(self, number: int, middle: Floats, at: Floats) -> Floats:
        """The other way."""
        center = np.array(self.start, np.float32) + number * np.array(self.speed, np.float32)
        return middle + (at - center) * np.float32(self.zoom**number)


@dataclass(frozen=True)
class Known:
    """A clip whose motion is known.

    Attributes:
        shots: The layers of each frame, the lowest first.
    """

    name: str
    shots: Sequence[Sequence[Layer]]
    height: int
    width: int

    @property
    def _middle(self) -> Floats:
        return np.array([self.width / 2, self.height / 2], np.float32)

    def _seen(self, number: int) -> tuple[Pixels, Floats]:
        """A frame, and which layer is on top at each place."""
        at = grid(self.height, self.width)
        middle = self._middle
        shown = np.zeros((self.height, self.width, 3), np.float32)
        on_top = np.zeros((self.height, self.width), np.float32)
        for index, layer in enumerate(self.shots[number]):
            inside = np.ones((self.height, self.width), bool)
            if layer.shape:
                # The ellipse travels against the camera's way over its photograph.
                offset = at - middle - number * DRIFT + BEGIN
                inside = ((offset / np.array(layer.shape, np.float32)) ** 2).sum(2) < 1
            places = layer.places(number, middle, at)
            if layer.shape:
                places = places - number * DRIFT
            picture = warped(layer.photo, places, cv2.INTER_CUBIC)
            shown[inside], on_top[inside] = picture[inside], index
        return np.clip(np.rint(shown), 0, 255).astype(np.uint8), on_top

    def frames(self) -> list[Pixels]:
        """All of them, `(height, width, 3)` uint8."""
        return [self._seen(number)[0] for number in range(len(self.shots))]

    def ways(self, gap: int) -> list[Way]:
        """See `measures.Moving`."""
        at, middle = (
            grid(self.height, self.width),
            np.array([self.width / 2, self.height / 2], np.float32),
        )
        found = []
        for number in range(gap, len(self.shots)):
            if self.shots[number] is not self.shots[number - gap]:
                continue
            before, top = self._seen(number - gap)[1], self._seen(number)[1]
            places = np.zeros_like(at)
            for index, layer in enumerate(self.shots[number]):
                if layer.shape:
                    way = at - gap * DRIFT
                else:
                    way = layer.back(number - gap, middle, layer.places(number, middle, at))
                places[top == index] = way[top == index]
            x, y = places[..., 0], places[..., 1]
            same = (x >= 2) & (y >= 2) & (x < self.width - 3) & (y < self.height - 3)
            same &= np.abs(warped(before, places) - top) < 1e-3
            eroded = cv2.erode(same.astype(np.uint8), np.ones((5, 5), np.uint8))
            found.append(Way(number, places, np.asarray(eroded, np.float32)))
        return found


def clips(photos: Sequence[Path], count: int, width: int) -> list[Known]:
    """The three clips."""
    height = width * 9 // 16
    loaded = []
    for path in photos[:4]:
        pixels = images.load(path, enough=width).pixels.astype(np.float32)
        scale = 2.0 * width / pixels.shape[1]
        size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        loaded.append(np.asarray(cv2.resize(pixels, size, interpolation=way), np.float32))

    def over(photo: Floats, speed: tuple[float, float], zoom: float = 1.0) -> Layer:
        start = photo.shape[1] / 2 - speed[0] * count / 2, photo.shape[0] / 2
        return Layer(photo, start, speed, zoom)

    first, second, third, fourth = (loaded[n % len(loaded)] for n in range(4))
    pan = [over(first, (2.3, 0.4), 1.004)]
    one, two = [over(second, (-1.7, 0.0))], [over(third, (1.2, 0.5), 1.003)]
    front = Layer(fourth, (fourth.shape[1] / 2, fourth.shape[0] / 2), (0, 0), 1.0, (52, 40))
    moving = [over(second, (1.1, 0.2)), front]
    half = count // 2
    return [
        Known("pan", [pan] * count, height, width),
        Known("cut", [one] * half + [two] * (count - half), height, width),
        Known("foreground", [moving] * count, height, width),
    ]
