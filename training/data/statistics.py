"""Figures of a collection: how many paintings by whom, how large, how bright, how colourful."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import artists
from core.collection import scan

MANY = (50, 100, 200)


def statistics(
    directory: Path, *, on_progress: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, Any]:
    """Scans a directory, or resumes its scan, and sums it up, ready for JSON.

    Kaggle's resized copies do not count. Files that cannot be read count as paintings,
    but not for the medians.

    Returns:
        `artists`: for each `artist`, `paintings`, `unreadable`, `train`, `val` and `test`
        where a split is known, and the medians `width`, `height` (pixels), `brightness`
        (0..1) and `colourfulness`, None if nothing can be read. `outside`: the same for
        all artists outside the collection, or None. `paintings_per_artist`: `artists`,
        `mean`, `std` (of a sample, None for one artist), `median`, `min`, `max`, and
        `at_least_50`, … the number of artists who have that many.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    scan.scan(directory, on_progress=on_progress)
    table = scan.table(directory)
    table = table[~table["resized_copy"]]
    inside = table[~table["outside"]]
    splits = bool((table["split"] != "").any())
    by_artist = sorted(inside.groupby("artist"), key=lambda pair: artists.slug(str(pair[0])))
    counts = inside.groupby("artist").size()
    some = len(counts) > 0
    return {
        "directory": str(directory),
        "paintings": len(table),
        "artists": [
            {"artist": str(artist), **_figures(rows, splits)} for artist, rows in by_artist
        ],
        "outside": _figures(table[table["outside"]], splits) if len(inside) < len(table) else None,
        "paintings_per_artist": {
            "artists": len(counts),
            "mean": float(counts.mean()) if some else None,
            "std": float(counts.std(ddof=1)) if len(counts) > 1 else None,
            "median": float(counts.median()) if some else None,
            "min": int(counts.min()) if some else None,
            "max": int(counts.max()) if some else None,
            **{f"at_least_{many}": int((counts >= many).sum()) for many in MANY},
        },
    }


def _figures(rows, splits: bool) -> dict[str, Any]:
    good = rows[rows["error"] == ""]
    medians = {
        name: round(float(good[name].median()), 4) if len(good) else None
        for name in ("width", "height", "brightness", "colourfulness")
    }
    by_split = {name: int((rows["split"] == name).sum()) for name in ("train", "val", "test")}
    return {
        "paintings": len(rows),
        "unreadable": len(rows) - len(good),
        **(by_split if splits else {}),
        **medians,
    }
