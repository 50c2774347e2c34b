"""How steady a painted film is: warping error, beside style, sharpness, time and memory.

    python -m benchmarks.film PHOTOS STYLE [--frames 36] [--width 320] [--save DIRECTORY]

Clips are made by panning and zooming over photographs, so that their motion is known: `pan`,
`cut` (two photographs) and `foreground` (a part of another one moves over it). The warping error
is the root of the mean square, gray levels, between a frame and an earlier one that was moved by
the known motion, where both show the same; at gaps of 1 and 10 frames (Lai et al., arXiv
1808.00449, with known instead of estimated motion). All figures of a run are of one machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core import images
from core.film.easel import Easel
from core.film.motion import grid, warped
from core.film.request import FilmRequest
from core.images.types import Floats, Pixels
from core.stylize import instant, session
from core.stylize.request import StylizeRequest

GAPS = 1, 10
DRIFT = np.array([2.5, 0.6], np.float32)  # of the foreground, pixels a frame
BEGIN = np.array([60, 10], np.float32)  # where it is at first, left of the middle and above it
BLUR = 1.5  # deviation of the control's Gaussian, pixels


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

    def ways(self, gap: int) -> list[tuple[int, Floats, Floats]]:
        """For each frame with an earlier one in its shot: its number, the places in the earlier
        one, `(height, width, 2)`, and where both show the same, `(height, width)` 0 or 1.
        """
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
            found.append((number, places, np.asarray(eroded, np.float32)))
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


def warping_error(painted: Sequence[Pixels], known: Known, gap: int) -> float:
    """Root of the mean square, gray levels."""
    total = weight = 0.0
    for number, places, same in known.ways(gap):
        moved = warped(painted[number - gap].astype(np.float32), places, cv2.INTER_CUBIC)
        square = ((moved - painted[number]) ** 2).mean(2)
        total, weight = total + float((square * same).sum()), weight + float(same.sum())
    return float((total / max(weight, 1.0)) ** 0.5)


def sharpness(painted: Sequence[Pixels]) -> float:
    """Mean length of the gradient, gray levels a pixel."""
    found = []
    for pixels in painted:
        gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        down, right = np.gradient(gray)
        found.append(float(np.hypot(down, right).mean()))
    return float(np.mean(found))


def style_loss(painted: Sequence[Pixels], style: Pixels, engine: instant.Engine) -> float:
    """Distance of means and deviations of VGG16's channels from the style's, as a share of it."""
    described = instant.target(
        [style], painted[0], style_weights=None, brush=1.0, keep_colors=False, engine=engine
    )
    found = []
    for pixels in painted[:: max(1, len(painted) // 6)]:
        seen = engine.look(instant.padded(pixels)).moments
        found += [
            float(((seen[name] - wanted) ** 2).mean() / (wanted**2).mean())
            for name, wanted in described.moments.items()
        ]
    return float(np.mean(found))


def by_itself(frames: Sequence[Pixels], style: Pixels) -> list[Pixels]:
    """Each frame as a picture of its own."""
    request = StylizeRequest(mode="instant", rows=frames[0].shape[0])
    return [session.at_once(request, frame, [style]) for frame in frames]


def ours(frames: Sequence[Pixels], style: Pixels, request: FilmRequest) -> list[Pixels]:
    """As a film."""
    easel = Easel(request, [style], *frames[0].shape[:2])
    return [easel.paint(frame, 1.0) for frame in frames]


def blurred(painted: Sequence[Pixels]) -> list[Pixels]:
    """The control: less flicker by less of everything."""
    return [np.asarray(cv2.GaussianBlur(each, (0, 0), BLUR), np.uint8) for each in painted]


def save(path: Path, rows: Sequence[Sequence[Pixels]]) -> None:
    """A sheet of frames side by side, a row a way to paint."""
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode(sheet))


def main() -> None:
    """Measures, and prints a line of JSON for each clip and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="directory of photographs")
    parser.add_argument("style", type=Path, help="a style picture")
    parser.add_argument("--frames", type=int, default=36)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--steadiness", type=float, default=FilmRequest().steadiness)
    parser.add_argument("--save", type=Path, help="directory for sheets of frames")
    parser.add_argument("--only", default="", help="name of one clip")
    arguments = parser.parse_args()
    style = images.load(arguments.style, enough=2 * arguments.width).pixels
    request = FilmRequest(steadiness=arguments.steadiness)
    engine = instant.default_engine()
    photos = sorted(path for path in arguments.photos.iterdir() if path.suffix == ".jpg")
    for known in clips(photos, arguments.frames, arguments.width):
        if arguments.only not in ("", known.name):
            continue
        frames = known.frames()
        by_itself(frames[:1], style)  # loads
        started = time.perf_counter()
        alone = by_itself(frames, style)
        between = time.perf_counter()
        film = ours(frames, style, request)
        ended = time.perf_counter()
        ways = {"clip": frames, "alone": alone, "film": film, "blurred": blurred(alone)}
        for name, painted in ways.items():
            figures: dict[str, object] = {"clip": known.name, "way": name}
            for gap in GAPS:
                figures[f"error_{gap}"] = round(warping_error(painted, known, gap), 3)
            figures["sharpness"] = round(sharpness(painted), 3)
            figures["style_loss"] = round(style_loss(painted, style, engine), 4)
            if name == "film":
                figures["time_ratio"] = round((ended - between) / (between - started), 3)
            print(json.dumps(figures), flush=True)
        if arguments.save:
            chosen = range(0, len(frames), max(1, len(frames) // 5))
            save(
                arguments.save / f"{known.name}.png",
                [[painted[n] for n in chosen] for painted in ways.values()],
            )


if __name__ == "__main__":
    main()
