"""How well a painter is taught from a few paintings, against the whole training.

    python -m benchmarks.teach --data DATA [--data MORE] [--version ID] [--artist ID …] [--save]

For each of some painters it learns again from 20 paintings of the split train, drawn by a seed:
its row is taken out of the version first, and its paintings out of the version's reference, if it
knows the painter. Then only the last layer has not seen them: the layers before have, in training.
A version that never knew a painter (`--version`) is the harder and the fairer trial. Prints one
JSON object: accuracy on test paintings by the painter, taught and as the version that ships names
them; accuracy on test paintings by all others whom the version knows, before and after; how many
by unknown painters are called theirs. `--save` writes it beside the model's weights, as
`teach.json`.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core import artists, identify, images, models
from core.files import write
from core.hardware import processor
from core.identify import Observation, calibrated, known_score, taught
from core.images.types import Floats
from core.models import Calibration, Version, versions
from core.monitoring import reference
from core.teaching import fitting
from core.teaching.fitting import Others
from core.teaching.lesson import others_of
from training.data import dataset
from training.data.dataset import Painting
from training.data.files import json_text

ARTISTS = ("marc-chagall", "katsushika-hokusai", "rembrandt", "alfred-sisley", "edgar-degas")


@dataclass(frozen=True)
class Before:
    """A version as it is before a painter is taught.

    Attributes:
        artists: Whom it knows.
        column: Of the painter's logit, which is taken out; None if it does not know them.
    """

    artists: tuple[str, ...]
    column: int | None
    calibration: Calibration

    def logits(self, given: Floats) -> Floats:
        """`(n, artists + 1)` logits without the painter's."""
        return given if self.column is None else np.delete(given, self.column, axis=1)


def main(
    data: Annotated[list[Path], typer.Option(help="Paintings with an index.csv; repeatable.")],
    model: Annotated[str, typer.Option(help="Model id.")] = models.DEFAULT,
    version: Annotated[str | None, typer.Option(help="By default the one that ships.")] = None,
    artist: Annotated[list[str] | None, typer.Option(help="Id of an artist; repeatable.")] = None,
    paintings: Annotated[int, typer.Option(min=2, help="To learn from.")] = 20,
    seeds: Annotated[int, typer.Option(min=1, help="How often they are drawn.")] = 3,
    save: Annotated[bool, typer.Option(help="Write teach.json beside the weights.")] = False,
) -> None:
    """Measures."""
    upon, ships = versions.find(model, version), versions.shipped(model).entry
    listed = dataset.read(data)
    test = [each for each in listed if each.split == "test"]
    seen = _seen(upon, test)
    who = np.array([_id(each) for each in test])
    whole = seen if version is None else _seen(versions.shipped(model), test)
    full = calibrated(np.stack([each.logits for each in whole]), ships.calibration)
    rightly = np.array(ships.artists)[full.argmax(axis=1)] == who
    rows = []
    for each in artist or ARTISTS:
        pool = [p for p in listed if p.split == "train" and _id(p) == each]
        for seed in range(seeds):
            some = np.random.default_rng(seed).permutation(len(pool))[:paintings]
            row = _taught(upon, each, _seen(upon, [pool[n] for n in some]), seen, who)
            rows.append(
                {"artist": each, "seed": seed, "full_training": rightly[who == each].mean()} | row
            )
            typer.echo(json.dumps(_plain(rows[-1])), err=True)
    found: dict[str, Any] = {
        "model": model,
        "version": upon.id,
        "data": dataset.title(data),
        "date": date.today().isoformat(),
        "paintings": paintings,
        "mean": {
            name: statistics.mean(float(row[name]) for row in rows)
            for name in ("taught", "full_training", "others_before", "others_after")
        },
        "worst_for_others": min(row["others_after"] - row["others_before"] for row in rows),
        "processor": processor(),
        "cores": os.cpu_count(),
        "lessons": [_plain(row) for row in rows],
    }
    found = _plain(found)
    typer.echo(json.dumps(found, indent=2))
    if save:
        write(models.assets() / model / "teach.json", json_text(found))


def _taught(
    upon: Version, artist: str, new: list[Observation], test: list[Observation], who: np.ndarray
) -> dict[str, Any]:
    """Teaches one painter, and asks for all test paintings."""
    started = time.perf_counter()
    before, others = _before(upon, artist)
    calibration, number = before.calibration, len(before.artists)
    logits = before.logits(np.stack([each.logits for each in new]))
    fit = fitting.fit(_inputs(new, before), logits, others, calibration)
    seconds = time.perf_counter() - started
    asked = before.logits(np.stack([each.logits for each in test]))
    added = fit.row(_inputs(test, before))
    named, was = fitting.names(asked, added, calibration), calibrated(asked, calibration).argmax(1)
    right = np.array([before.artists.index(a) if a in before.artists else -1 for a in who])
    own, known, strangers = who == artist, right >= 0, who == ""
    found = {
        "taught": (named == number)[own].mean(),
        "left_out": (fitting.names(logits, fit.left_out, calibration) == number).mean(),
        "others_before": (was == right)[known].mean(),
        "others_after": (named == right)[known].mean(),
        "test_paintings": int(own.sum()),
        "weight": fit.weight,
        "fit_seconds": seconds,
    }
    if upon.entry.known and strangers.any():
        score = known_score(fitting.beside(asked, added), upon.entry.known)
        known_now = score >= upon.entry.known.threshold
        found["known"] = known_now[own].mean()
        found["strangers_taken"] = (known_now & (named == number))[strangers].mean()
    return found


def _before(upon: Version, artist: str) -> tuple[Before, Others]:
    entry, kept = upon.entry, reference.load(upon.entry, upon.directory)
    if kept is None:
        raise typer.BadParameter("the version has no reference of its validation paintings")
    others = others_of(kept, entry)
    if artist not in entry.artists:
        return Before(entry.artists, None, entry.calibration), others
    column = entry.artists.index(artist)
    bias = tuple(np.delete(entry.calibration.bias, column)) if entry.calibration.bias else ()
    before = Before(
        tuple(each for each in entry.artists if each != artist),
        column,
        entry.calibration.model_copy(update={"bias": bias}),
    )
    rest = others.painters != column
    painters = others.painters[rest]
    return before, Others(
        np.delete(others.inputs[rest], column, axis=1),
        before.logits(others.logits[rest]),
        np.where(painters > column, painters - 1, painters),
    )


def _inputs(seen: Sequence[Observation], before: Before) -> Floats:
    logits = before.logits(np.stack([each.logits for each in seen]))
    return taught.inputs(logits, np.stack([np.asarray(each.projection) for each in seen]))


def _seen(version: Version, paintings: Sequence[Painting]) -> list[Observation]:
    loaded = identify.classifier(version.entry.id, version.id)
    found = []
    for painting in paintings:
        picture = images.load(painting.path, enough=identify.ENOUGH)
        seen = identify.view(picture.pixels, loaded.entry)
        found.append(identify.looked_at(loaded, picture, seen, projected=True))
    return found


def _id(painting: Painting) -> str:
    artist = artists.find(painting.artist) if painting.artist else None
    return artist.id if artist else ""


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers as JSON has them, rounded."""
    return {
        name: round(float(value), 4) if isinstance(value, float | np.floating) else value
        for name, value in row.items()
    }


if __name__ == "__main__":
    typer.run(main)
