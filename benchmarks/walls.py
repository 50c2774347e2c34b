"""Photos of paintings on a wall: how often the painting is found, and named for it.

    python -m benchmarks.walls --data DATA [--data MORE] [--count 200] [--model ID]

Test paintings are hung on walls that are made up, with and without a frame, slanted by up to 20
degrees, under warm or cold light, and saved as JPEG at a quality of 60. Prints one JSON object:
the share that is found, and of those the share whose outline overlaps that of the painting, or of
its frame, by nine tenths (intersection over union); how many are named rightly as they are, as a
whole photo, and cut out of it; on how many paintings without a wall something is found.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import numpy.typing as npt
import typer
from PIL import Image

from core import artists, identify, images, models
from core.identify import outline
from core.images.types import Pixels
from training.data import dataset

_HEIGHT, _WIDTH = 900, 1200
Points = npt.NDArray[np.float64]


def main(
    data: Annotated[list[Path], typer.Option(help="Paintings with an index.csv; repeatable.")],
    count: Annotated[int, typer.Option(min=1, help="How many test paintings.")] = 200,
    model: Annotated[str, typer.Option(help="Model id.")] = models.DEFAULT,
    seed: Annotated[int, typer.Option(help="Of the choice and of the walls.")] = 0,
) -> None:
    """Measures finding and naming."""
    known = set(models.get(model).artists)
    by = [
        (p.path, artists.find(p.artist))
        for p in dataset.read(data)
        if p.split == "test" and p.artist
    ]
    paintings = [(path, artist.id) for path, artist in by if artist and artist.id in known]
    chosen = np.random.default_rng(seed).permutation(len(paintings))[:count]
    rows: list[dict[str, float]] = []
    for number in chosen.tolist():
        path, artist = paintings[number]
        plain = images.load(path)
        photo, corners, frame = on_a_wall(plain.pixels, seed + number)
        buffer = io.BytesIO()
        Image.fromarray(photo).save(buffer, "JPEG", quality=60)
        whole = images.load(buffer.getvalue())
        part, found = outline.without_wall(whole)
        row: dict[str, float] = {
            "found": found is not None,
            "found_without_a_wall": outline.find(plain.pixels) is not None,
        }
        if found is not None:
            row["overlap"] = max(overlap(found, corners), overlap(found, frame))
        for name, picture in (("alone", plain), ("photo", whole), ("cut_out", part)):
            answer = identify.identify(picture, model, top=1)
            row[f"{name}_right"] = answer.guesses[0].artist.id == artist
            row[f"{name}_known"] = answer.known is True
        rows.append(row)
    overlaps = [row.pop("overlap") for row in rows if "overlap" in row]
    found_by: dict[str, Any] = {
        "model": model,
        "paintings": len(rows),
        **{name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]},
        "outlines_right": round(float(np.mean([each > 0.9 for each in overlaps])), 4),
    }
    typer.echo(json.dumps(found_by, indent=2))


def on_a_wall(
    painting: Pixels, seed: int, size: tuple[int, int] = (_HEIGHT, _WIDTH)
) -> tuple[Pixels, Points, Points]:
    """A photo of a painting on its wall.

    Args:
        painting: `(height, width, 3)` uint8.
        size: Height and width of the photo.

    Returns:
        The photo, and the corners of the painting and of its frame, in shares of the photo.
    """
    rng = np.random.default_rng(seed)
    framed, margin = _framed(_sized(painting, rng, size), rng)
    high, wide = framed.shape[:2]
    flat = _corners(0, 0, wide, high)
    seen = _seen(wide, high, rng, size)
    matrix = cv2.getPerspectiveTransform(flat.astype(np.float32), seen.astype(np.float32))
    place = cv2.warpPerspective(np.ones((high, wide), np.float32), matrix, size[::-1])
    unit = max(size) / 1200
    shadow = cv2.GaussianBlur(np.roll(place, (8, 6), (0, 1)), (0, 0), 8 * unit)[..., None]
    edge = cv2.GaussianBlur(place, (0, 0), 0.7)[..., None]
    hung = cv2.warpPerspective(framed, matrix, size[::-1], flags=cv2.INTER_AREA)
    photo = _wall(rng, size) * (1 - 0.4 * shadow) * (1 - edge) + hung * edge
    warmth = rng.uniform(-0.15, 0.15)
    lit = photo * [1 + warmth, 1.0, 1 - warmth] * rng.uniform(0.8, 1.15)
    blurred = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.3, 1.2) * unit)
    grainy = blurred + rng.normal(0, rng.uniform(0, 6), lit.shape)
    inner = _corners(margin, margin, wide - margin, high - margin)
    corners = cv2.perspectiveTransform(inner[None], matrix)[0]
    shares = np.array(size[::-1], float)
    return grainy.clip(0, 255).astype(np.uint8), corners / shares, seen / shares


def overlap(one: Sequence[Sequence[float]] | Points, other: Points) -> float:
    """Intersection over union of two quadrangles whose corners are shares of a photo."""
    masks = np.zeros((2, 300, 400), np.uint8)
    for mask, corners in zip(masks, (one, other), strict=True):
        points = np.rint(np.asarray(corners, float) * (400, 300)).astype(np.int32)
        cv2.fillPoly(mask, [points], (1,))
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


def _sized(painting: Pixels, rng: np.random.Generator, size: tuple[int, int]) -> Pixels:
    """As large as it is on the photo, in the shape that its square once had, perhaps."""
    aspect = rng.uniform(0.75, 1.4)
    high = rng.uniform(0.35, 0.75) * min(size[0], size[1] / aspect)
    resized = cv2.resize(painting, (int(high * aspect), int(high)), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def _framed(painting: Pixels, rng: np.random.Generator) -> tuple[Pixels, int]:
    """In no frame, a plain one or one of two moldings; and how broad it is, in pixels."""
    broad = int(rng.uniform(0.03, 0.1) * min(painting.shape[:2]))
    color = rng.integers(20, 200, 3).astype(float)
    moldings = [(broad, color), (max(2, broad // 3), color / 2)][: int(rng.integers(3))]
    for width, paint in moldings:
        painting = np.asarray(
            cv2.copyMakeBorder(
                painting, width, width, width, width, cv2.BORDER_CONSTANT, value=paint.tolist()
            ),
            np.uint8,
        )
    return painting, sum(width for width, _ in moldings)


def _wall(rng: np.random.Generator, size: tuple[int, int]) -> Points:
    high, wide = size
    texture = cv2.GaussianBlur(rng.normal(0, rng.uniform(0, 18), size), (0, 0), 1.5)[..., None]
    across = np.linspace(-1, 1, wide)[None, :, None] * rng.uniform(-25, 25)
    down = np.linspace(-1, 1, high)[:, None, None] * rng.uniform(-25, 25)
    wall: Points = (rng.uniform(110, 235, 3) + texture + across + down).clip(0, 255)
    if rng.random() < 0.4:  # the floor
        wall[int(high * 0.88) :] *= 0.5
    return wall


def _seen(wide: int, high: int, rng: np.random.Generator, size: tuple[int, int]) -> Points:
    """Where the corners of something flat are in the photo: a plane that turns by an angle."""
    slant = np.sin(np.radians(rng.uniform(-20, 20, 2))) / 2.5
    corners = _corners(-1, -1, 1, 1)
    seen = corners / (1 + corners @ slant)[:, None] * (wide / 2, high / 2)
    turn = np.radians(rng.uniform(-4, 4))
    turned = seen @ np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
    middle = 0.5 + rng.uniform(-1, 1, 2) * (0.08, 0.06)
    placed: Points = turned + middle * size[::-1]
    return placed


def _corners(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


if __name__ == "__main__":
    typer.run(main)
