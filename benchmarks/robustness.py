"""What a classifier says of test paintings in other conditions, and of photographs.

    python -m benchmarks.robustness --data DATA [--data MORE] --photos PHOTOS [--model ID] [--save]

Prints one JSON object: the macro accuracy among all artists, among those of the first
directory and among the nine of the reports; paintings without color, and how many of others are
called Dürers; paintings seen through a phone; photographs against paintings by known artists.
`--save` writes it beside the model's weights, as `robustness.json`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image, ImageFilter

from core import artists, images, models
from core.files import write
from core.identify import calibrated, known_score, view
from core.images.types import Pixels
from training.classifiers.metrics import auroc, macro_accuracy
from training.data import dataset
from training.data.dataset import Painting
from training.data.files import json_text
from training.publishing.evaluate import NINE

DURER = "albrecht-durer"


def main(
    data: Annotated[list[Path], typer.Option(help="Paintings with an index.csv; repeatable.")],
    photos: Annotated[Path, typer.Option(help="Directory of photographs.")],
    seen: Annotated[
        list[Path] | None,
        typer.Option(help="Directory of photographs trained with; left out by name; repeatable."),
    ] = None,
    model: Annotated[str, typer.Option(help="Model id.")] = models.DEFAULT,
    save: Annotated[bool, typer.Option(help="Write robustness.json beside the weights.")] = False,
) -> None:
    """Measures one model on the split test."""
    loaded = models.load(model)
    entry = loaded.entry
    paintings = [p for p in dataset.read(data) if p.split == "test" and _number(p, entry) >= 0]
    y = np.array([_number(p, entry) for p in paintings])
    plain = _logits(loaded, [p.path for p in paintings], lambda pixels, n: pixels)
    right = _right(plain, y, entry)
    first = {_number(p, entry) for p in dataset.read(data[0]) if p.artist} - {-1}
    nine = {entry.artists.index(a) for a in NINE if a in entry.artists}
    found: dict[str, Any] = {
        "model": model,
        "weights": entry.file.sha256,
        "data": dataset.title(data),
        "date": date.today().isoformat(),
        "paintings": len(y),
        "accuracy": right.mean(),
        "macro_accuracy": _among(plain, y, range(len(entry.artists)), entry),
        "first_artists": len(first),
        "first_macro_among_themselves": _among(plain, y, sorted(first), entry),
        "nine_macro_among_themselves": _among(plain, y, sorted(nine), entry),
        "lowest_recall": min(right[y == n].mean() for n in np.unique(y)),
    }
    gray = _logits(loaded, [p.path for p in paintings], lambda pixels, n: without_color(pixels))
    found["gray_accuracy_ratio"] = _right(gray, y, entry).mean() / right.mean()
    if DURER in entry.artists:
        durer = entry.artists.index(DURER)
        named = calibrated(gray, entry.calibration).argmax(1)
        found["gray_others_called_durer"] = (named[y != durer] == durer).mean()
    phone = _logits(loaded, [p.path for p in paintings], through_a_phone)
    found["phone_accuracy_ratio"] = _right(phone, y, entry).mean() / right.mean()
    names = {path.name for each in seen or [] for path in each.rglob("*") if path.is_file()}
    kept = [p for p in sorted(photos.iterdir()) if p.is_file() and p.name not in names]
    if entry.known and kept:
        others = _logits(loaded, kept, lambda pixels, n: pixels)
        scores = [known_score(logits, entry.known) for logits in (plain, others)]
        known = np.repeat([True, False], [len(plain), len(others)])
        found["photographs"] = len(kept)
        found["photographs_auroc"] = auroc(known, np.concatenate(scores))
    found = {k: round(float(v), 4) if isinstance(v, float) else v for k, v in found.items()}
    typer.echo(json.dumps(found, indent=2))
    if save:
        write(models.assets() / model / "robustness.json", json_text(found))


def without_color(pixels: Pixels) -> Pixels:
    """The picture in shades of gray, three equal channels."""
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def through_a_phone(pixels: Pixels, seed: int) -> Pixels:
    """A painting in its frame on a wall, as a phone sees it.

    Slanted by up to 20 degrees, cut to the frame, in warm or cold light, a little blurred, saved
    as JPEG at a quality of 60.
    """
    rng = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    margin = int(rng.uniform(0.02, 0.08) * min(height, width))
    framed = Image.new("RGB", (width + 2 * margin, height + 2 * margin), _color(rng, 20, 160))
    framed.paste(Image.fromarray(pixels), (margin, margin))
    # A plane that turns by an angle, from a distance of 2.5 of its half-sides.
    slant = np.sin(np.radians(rng.uniform(-20, 20, 2))) / 2.5
    size = np.array(framed.size, float)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    seen = corners / (1 + corners @ slant)[:, None]
    seen = (seen - seen.min(0)) / (seen.max(0) - seen.min(0)) * size
    flat = (corners + 1) / 2 * size
    slanted = framed.transform(
        framed.size,
        Image.Transform.PERSPECTIVE,
        _projection(seen, flat),
        Image.Resampling.BICUBIC,
        fillcolor=_color(rng, 120, 240),
    )
    soft = slanted.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.8)))
    warmth = rng.uniform(-0.15, 0.15)
    light = np.array([1 + warmth, 1.0, 1 - warmth]) * rng.uniform(0.8, 1.15)
    lit = (np.asarray(soft) * light).clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(lit).save(buffer, "JPEG", quality=60)
    return images.load(buffer.getvalue()).pixels


def _projection(seen: np.ndarray, flat: np.ndarray) -> list[float]:
    """Pillow's eight coefficients, from where four points are seen to where they lie."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return solved


def _color(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    r, g, b = rng.integers(low, high, 3).tolist()
    return r, g, b


def _logits(
    loaded: models.Loaded, paths: Sequence[Path], change: Callable[[Pixels, int], Pixels]
) -> np.ndarray:
    found = []
    for start in range(0, len(paths), 32):
        part = enumerate(paths[start : start + 32], start)
        seen = [view(change(images.load(path).pixels, n), loaded.entry) for n, path in part]
        found.append(loaded.logits(np.stack(seen)))
    return np.concatenate(found)


def _number(painting: Painting, entry: models.Entry) -> int:
    artist = artists.find(painting.artist) if painting.artist else None
    return entry.artists.index(artist.id) if artist and artist.id in entry.artists else -1


def _right(logits: np.ndarray, y: np.ndarray, entry: models.Entry) -> np.ndarray:
    right: np.ndarray = calibrated(logits, entry.calibration).argmax(1) == y
    return right


def _among(logits: np.ndarray, y: np.ndarray, some: Sequence[int], entry: models.Entry) -> float:
    """Macro accuracy over paintings by some artists, if only these may be named."""
    at = np.isin(y, some)
    only = np.full((int(at.sum()), len(entry.artists)), -1.0)
    only[:, list(some)] = calibrated(logits[at], entry.calibration)[:, list(some)]
    return macro_accuracy(only, y[at])


if __name__ == "__main__":
    typer.run(main)
