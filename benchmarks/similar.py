"""How well paintings find themselves and their painter's others, and how fast.

    python -m benchmarks.similar --data DATA [--paintings 300] [--save]

Builds the index of DATA if it is missing (in the cache, as the app does), then prints one JSON
object. Recall: of paintings of the split test, evenly chosen, how many are among the first five
found by their mirror image, a crop at random (70 to 95 % of each side) and a copy without color,
saved as JPEG again. Painter: for how many test paintings by painters whom the classifier knows one
of the first five others is by the same hand, beside the classifier's accuracy on such. Time: a
query among 100,000 rows, all looked at, and among 150,000 in cells, made of the real ones with
noise. `--save` writes it beside the model's weights, as `similar.json`.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from benchmarks import evenly
from core import artists, collection, images, models, similar
from core.cli import scan
from core.collection import PaintingFile
from core.files import write
from core.hardware import processor
from core.images.types import Pixels
from core.models import evaluations
from core.similar import approximate, descriptor, index_file, search

TOP = 5
EXACT, LARGE = 100_000, 150_000
QUERIES = 50


def main(
    data: Annotated[Path, typer.Option(help="Paintings with an index.csv that has splits.")],
    paintings: Annotated[
        int, typer.Option(min=1, help="How many look for themselves, if there are.")
    ] = 300,
    save: Annotated[bool, typer.Option(help="Write similar.json beside the weights.")] = False,
) -> None:
    """Measures."""
    entry = models.get(models.DEFAULT)
    test = [file for file in collection.files(data) if file.split == "test"]
    chosen = evenly.chosen(test, paintings, what="paintings of the split test")
    what = f"paintings of the split test by artists whom {entry.title} knows"
    known = evenly.chosen([file for file in test if _is_known(file, entry)], len(test), what=what)
    if not similar.is_complete(data):
        scan.whole(data, similar=True, as_json=False)
    found: dict[str, Any] = {
        "model": entry.id,
        "weights": entry.file.sha256,
        "data": data.name,
        "date": date.today().isoformat(),
        "indexed": similar.count(data),
        "looked_for": len(chosen),
        "recall": {
            name: round(_recall(data, chosen, change), 4)
            for name, change in (
                ("mirror_image", _mirror),
                ("crop", _crop),
                ("gray", _gray),
            )
        },
        "same_painter": round(_same_painter(data, known), 4),
        "same_painter_of": len(known),
        "classifier_accuracy": _accuracy(entry, known),
        "processor": processor(),
        "cores": os.cpu_count(),
        "query_ms": _times(data),
    }
    typer.echo(json.dumps(found, indent=2))
    if save:
        write(models.assets() / entry.id / "similar.json", json.dumps(found, indent=2) + "\n")


def _is_known(file: PaintingFile, entry: models.Entry) -> bool:
    artist = artists.find(file.artist)
    return not file.outside and artist is not None and artist.id in entry.artists


def _accuracy(entry: models.Entry, known: Sequence[PaintingFile]) -> float | None:
    """Of the classifier on these paintings; None if not all are among those it was measured on."""
    table = evaluations.table(entry, "paintings")
    files = [file.file for file in known]
    if table is None or not table["file"].is_unique or not set(files) <= {*table["file"]}:
        return None
    rows = table.set_index("file").loc[files]
    return round(float((rows["named"] == rows["artist"]).mean()), 4)


def _mirror(pixels: Pixels, seed: int) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def _gray(pixels: Pixels, seed: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _crop(pixels: Pixels, seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    height, width = (round(side * rng.uniform(0.7, 0.95)) for side in pixels.shape[:2])
    top = rng.integers(0, pixels.shape[0] - height + 1)
    left = rng.integers(0, pixels.shape[1] - width + 1)
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def _recall(
    data: Path, chosen: list[PaintingFile], change: Callable[[Pixels, int], Pixels]
) -> float:
    hits = 0
    for seed, file in enumerate(chosen):
        changed = images.encode(change(images.load(data / file.file).pixels, seed), "JPEG")
        found = similar.similar(images.load(changed), data, similar.SimilarRequest(top=TOP))
        hits += file.file in {each.painting.file for each in found}
    return hits / len(chosen)


def _same_painter(data: Path, known: list[PaintingFile]) -> float:
    hits = 0
    for file in known:
        found = similar.like(file.file, data, similar.SimilarRequest(top=TOP))
        hits += file.artist in {each.painting.artist for each in found}
    return hits / len(known)


def _times(data: Path) -> dict[str, Any]:
    """Milliseconds of queries with a row that is already there, and what cells find of the best.

    Processor time is summed over threads; unlike the others it hardly depends on what else runs.
    """
    real = index_file.read(index_file.path(data), descriptor.signature())
    assert real is not None
    rng = np.random.default_rng(0)
    result: dict[str, Any] = {}
    for name, count in (("exact_100000", EXACT), ("cells_150000", LARGE)):
        rows = np.empty((count, real.rows.shape[1]), np.float16)
        for start in range(0, count, 50_000):
            some = real.rows[rng.integers(0, len(real.rows), min(50_000, count - start))]
            noisy = some + rng.normal(0, 0.02, some.shape).astype(np.float32)
            rows[start : start + len(some)] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
        painting = PaintingFile("a.jpg", "")
        queries = rows[rng.integers(0, count, QUERIES)].astype(np.float32)
        exact = search.LoadedIndex({}, rows.astype(np.float32), None, (painting,) * count)
        cells = None
        if count > approximate.EXACT:
            cells = approximate.made(rows)
        asked = search.LoadedIndex({}, exact.rows, cells, exact.paintings)
        times, busy = [], []
        for query in queries:
            started, at_work = time.perf_counter(), time.process_time()
            asked.nearest(query, TOP)
            times.append(1000 * (time.perf_counter() - started))
            busy.append(1000 * (time.process_time() - at_work))
        result[name] = {
            "median": round(statistics.median(times), 1),
            "least": round(min(times), 1),
            "processor_time": round(statistics.median(busy), 1),
        }
        if cells is not None:
            shares = [
                len(
                    set(cells.nearest(query, TOP)[0].tolist())
                    & set(np.argsort(-(exact.rows @ query))[:TOP].tolist())
                )
                / TOP
                for query in queries
            ]
            result["cells_150000_recall"] = round(statistics.mean(shares), 4)
    return result


if __name__ == "__main__":
    typer.run(main)
