"""All measures of one way to paint, of the photos as they are and of real paintings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pictures import deception, distances, self_similarity
from benchmarks.pictures.lattice import lattice
from benchmarks.pictures.painting import Run, at_rows
from benchmarks.pictures.pairs import Chosen, Pairs, PairsError, find, name, of_test
from benchmarks.pictures.ways import ROWS
from core import images
from core.images.types import Floats, Pixels

REFERENCE = "photos and real paintings"


class Gallery:
    """The photos and paintings of the pairs, and what is known of them, read once."""

    def __init__(self, pairs: Pairs, photos: Sequence[Path], paintings: Sequence[Path]) -> None:
        self.pairs = pairs
        self.photos = {
            each: at_rows(images.load(find(each, photos), enough=2 * ROWS).pixels)
            for each in pairs.photos
        }
        self.styles = {each: images.load(find(each, paintings)).pixels for each in pairs.styles}
        self.real = _real(pairs, [each for each in paintings if (each / "index.csv").is_file()])
        self._structure = {
            each: self_similarity.features(photo) for each, photo in self.photos.items()
        }
        self._places = {
            each: distances.places(at_rows(style)) for each, style in self.styles.items()
        }
        fewest = min(len(some) for some in self.real.values())
        self._painters = distances.whole(
            [picture for some in self.real.values() for picture in some[:fewest]]
        )

    def reference(self) -> dict[str, Any]:
        """The same measures of the photos as they are and, where they apply, of paintings."""
        as_they_are = {pair: self.photos[pair[0]] for pair in self.pairs}
        painters = [artist for artist, some in self.real.items() for _ in some]
        real = [picture for some in self.real.values() for picture in some]
        styles = list(self.styles)
        return {
            "photos": self.figures(as_they_are),
            "real_paintings": {"n": len(real), "deception": deception.rates(real, painters)},
            "styles": {
                "n": len(styles),
                "deception": deception.rates(
                    [self.styles[each] for each in styles], [each.artist for each in styles]
                ),
                "lattice": _lattices([self.styles[each] for each in styles]),
            },
        }

    def way(self, run: Run) -> dict[str, Any]:
        """Figures of what was painted in a way, all pairs or those that are there.

        Raises:
            PairsError: If there is none.
        """
        painted = {pair: run.pixels(name(*pair)) for pair in self.pairs if run.has(name(*pair))}
        if not painted:
            raise PairsError(f"Nothing was painted as {run.way['name']} yet.")
        rows = [run.pictures[name(*pair)] for pair in painted]
        return {
            "settings": run.way["set"],
            "painted_at": sorted({row["commit"] for row in rows}),
            "seconds_median": round(float(np.median([row["seconds"] for row in rows])), 2),
            **self.figures(painted),
        }

    def figures(self, painted: dict[tuple[Chosen, Chosen], Pixels]) -> dict[str, Any]:
        """What is measured of any set of pictures, each for a pair.

        Returns:
            `n`; `deception` by judge, see `deception.rates`; `nearest`, means of both ways; `kid`
            with its error; `self_similarity`; `lattice`, see `_lattices`.
        """
        pictures = list(painted.values())
        once = list({id(picture): picture for picture in pictures}.values())
        near, structure = [], []
        places: dict[int, Floats] = {}  # a photo as it is stands for ten paintings of it
        for (photo, style), picture in painted.items():
            if id(picture) not in places:
                places[id(picture)] = distances.places(picture)
                features = self_similarity.features(picture)
                structure.append(self_similarity.distance(self._structure[photo], features))
            near.append(distances.nearest(places[id(picture)], self._places[style]))
        there, back = np.mean(near, axis=0).tolist()
        kid = distances.kid(distances.whole(once), self._painters)
        return {
            "n": len(pictures),
            "deception": deception.rates(pictures, [style.artist for _, style in painted]),
            "nearest": {
                "painting_to_style": round(there, 4),
                "style_to_painting": round(back, 4),
            },
            "kid": {"value": round(kid.value, 4), "error": round(kid.error, 4)},
            "self_similarity": {
                "mean": round(float(np.mean(structure)), 4),
                "median": round(float(np.median(structure)), 4),
            },
            "lattice": _lattices(once),
        }


def _real(pairs: Pairs, paintings: Sequence[Path]) -> dict[str, list[Pixels]]:
    """Other paintings of the split test by the painters of the pairs, in an order of chance."""
    rng = np.random.default_rng(pairs.seed)
    by_artist, chosen = of_test(paintings), {Path(each.file).name for each in pairs.styles}
    found = {}
    for style in pairs.styles:
        paths = [path for path in by_artist.get(style.artist, []) if path.name not in chosen]
        if not paths:
            raise PairsError(f"There is no further painting by {style.artist}.")
        found[style.artist] = [images.load(paths[n]).pixels for n in rng.permutation(len(paths))]
    return found


def _lattices(pictures: Sequence[Pixels]) -> dict[str, float]:
    """Medians along rows and columns, and the shares of pictures that are above 1.2."""
    found = [lattice(picture) for picture in pictures]
    rows, columns = np.array([(each.rows, each.columns) for each in found]).T
    return {
        "rows": round(float(np.median(rows)), 3),
        "columns": round(float(np.median(columns)), 3),
        "rows_above_1.2": round(float((rows > 1.2).mean()), 3),
        "columns_above_1.2": round(float((columns > 1.2).mean()), 3),
    }
