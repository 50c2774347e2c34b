"""A quarter of a year at work, played in minutes: drift, a stranger, a bad version, a better one.

    python -m benchmarks.quarter --data DATA [--data MORE] [--home DIRECTORY] [--requests 20000]

Test paintings are identified once by the network; requests draw from what it answered, so that
20,000 take minutes. Everything else is as at work, in a journal of its own: each request is dealt
to a version, judged by it and kept, with a time of the last 90 days; one visitor in five answers,
truthfully; after every 50 requests the watch looks.

The quarter begins with a handicapped version, the shipped one with noise on its biases, so that a
better one can be found at its end. Then pictures come as phones see them; then crops of paintings
by one artist whom nobody knows; then a version is tried out that calls nearly everybody unknown;
then the shipped one. Prints one JSON object. With `--home` the journal stays there, to be looked
at: `ATELIER_JOURNAL_URL=sqlite:///HOME/journal.db ATELIER_VERSIONS=HOME/versions streamlit run
Home.py`.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import numpy as np
import typer

from benchmarks.robustness import through_a_phone
from core import artists, identify, images, journal, models
from core.errors import AtelierError
from core.identify import Observation
from core.images.types import Pixels
from core.models import Version, versions
from core.monitoring import drift, reference, traffic, watching
from core.monitoring.report import report
from core.releases import following, rows
from core.settings import settings
from training.data import dataset
from training.data.dataset import Painting

MODEL = models.DEFAULT
DAYS = 90
SHIFTED, STRANGERS, TRIED = 600, 20, 3000  # requests
_ANSWERS = 0.2  # of visitors
_NOISE = 1.6  # on the biases of the handicapped version, in units of the logits
_LOOK = watching.WINDOW


@dataclass(frozen=True)
class Seen:
    """A picture as the network saw it, and who painted it; None for whom it does not know."""

    name: str
    observation: Observation
    painter: str | None


@dataclass
class Clock:
    """The time that it is in the quarter: stands in for `time` where releases are written."""

    now: datetime

    def time(self) -> float:
        """Seconds since 1970."""
        return self.now.timestamp()


class Play:
    """Requests that come one after the other."""

    def __init__(self, clock: Clock, requests: int) -> None:
        """Each moves the clock on, so that so many take the quarter."""
        self._rng = np.random.default_rng(17)
        self._clock = clock
        self._step = timedelta(days=DAYS) / requests
        self._last = 0
        self.failed = 0
        self.answered: Counter[str] = Counter()  # by version

    def ask(self, pool: Sequence[Seen], count: int, stop: Callable[[], bool] | None = None) -> int:
        """Identifies pictures of a pool, drawn with replacement, and tells how many.

        Args:
            stop: Asked after every few of them whether that is enough.
        """
        for done in range(1, count + 1):
            self.ask_one(pool[int(self._rng.integers(len(pool)))])
            if stop is not None and done % _LOOK == 0 and stop():
                return done
        return count

    def ask_one(self, picture: Seen) -> int | None:
        """Identifies one picture; its prediction in the journal, None if that failed."""
        self._clock.now += self._step
        self._last += 1
        try:
            by = following.follower().deal(MODEL, str(self._last))
            entry = versions.find(MODEL, by.version).entry
            found = identify.of_observation(entry, by.version, picture.observation, top=1)
            found = replace(found, seconds=float(self._rng.gamma(20, 0.001)))
            number = journal.record(
                found,
                picture_sha256=picture.name,
                session="quarter",
                arm=by.arm,
                time=self._clock.now,
            )
        except AtelierError:
            self.failed += 1
            return None
        self.answered[by.version] += 1
        if self._rng.random() < _ANSWERS:
            first = found.guesses[0].artist.id
            right = picture.painter == (first if found.known else None)
            said = first if right and found.known else picture.painter
            journal.give_feedback(
                number,
                right=right,
                artist_id=said,
                stranger=said is None,
                time=self._clock.now,
            )
        return number


def main(
    data: Annotated[list[Path], typer.Option(help="Paintings with an index.csv; repeatable.")],
    home: Annotated[Path | None, typer.Option(help="New directory that keeps the journal.")] = None,
    requests: Annotated[int, typer.Option(min=2000, help="Before anything happens.")] = 20_000,
    stranger: Annotated[str, typer.Option(help="Of the others of DATA.")] = "Francois Boucher",
) -> None:
    """Plays, and prints what came of it."""
    with tempfile.TemporaryDirectory() as temporary:
        place = home or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        os.environ["ATELIER_JOURNAL_URL"] = f"sqlite:///{place.resolve()}/journal.db"
        os.environ["ATELIER_VERSIONS"] = str(place.resolve() / "versions")
        settings.cache_clear()
        clock = Clock(datetime.now(UTC) - timedelta(days=DAYS))
        with mock.patch.object(rows, "time", clock):
            typer.echo(json.dumps(play(data, clock, requests, stranger), indent=2))
            following.close()


def play(data: Sequence[Path], clock: Clock, requests: int, stranger: str) -> dict[str, Any]:
    """The quarter, in order."""
    started = time.perf_counter()
    paintings = [p for p in dataset.read(data) if p.split == "test"]
    entry = models.get(MODEL)
    usual = [each for p in paintings if (each := _seen(p, entry)).painter]
    phones = [_seen(p, entry, through_a_phone, n) for n, p in enumerate(paintings[:SHIFTED])]
    phones = [each for each in phones if each.painter]
    crops = _crops(data, stranger, entry)
    handicapped, bad = _version(entry, _noisy), _version(entry, _strict)
    ships = versions.shipped(MODEL)

    rows.release(MODEL, handicapped.id, who="quarter", reason="What there was at the beginning")
    _follow()
    quarter = Play(clock, requests + 3 * SHIFTED + 4 * TRIED)
    quarter.ask(usual, requests)
    quiet = traffic.read(MODEL, most=requests)
    frozen = reference.load(handicapped.entry)
    assert frozen is not None, "the shipped model has its reference"
    before = frozen.of_known

    def alarm(last: traffic.Traffic) -> bool:
        return drift.is_alarm(drift.compare(before, last.sample[-drift.WINDOW :]))

    alarms = [
        alarm(quiet[first : first + drift.WINDOW])
        for first in range(0, len(quiet) - drift.WINDOW + 1, drift.WINDOW)
    ]
    shift = quarter.ask(phones, SHIFTED, lambda: alarm(traffic.read(MODEL, most=drift.WINDOW)))
    quarter.ask(phones, SHIFTED - shift)
    own = {quarter.ask_one(each) for each in crops}
    quarter.ask(usual, SHIFTED)
    groups = report(handicapped, traffic.read(MODEL)).strangers
    found = max(groups, key=lambda each: len(own & {*each.predictions}))

    rows.canary(MODEL, bad.id, 0.2, who="quarter", reason="Tried out: calls nearly all unknown")
    _follow()
    until_rollback = quarter.ask(usual, TRIED, _acted)
    answers_of_bad = quarter.answered[bad.id]
    rolled = rows.history(MODEL, limit=1)[0]
    _follow()
    rows.canary(MODEL, ships.id, 0.5, who="quarter", reason="Tried out: without the noise")
    _follow()
    until_promotion = quarter.ask(usual, 3 * TRIED, _acted)
    promoted = rows.history(MODEL, limit=1)[0]
    _follow()
    quarter.ask(usual, SHIFTED)
    return {
        "requests": sum(quarter.answered.values()),
        "failed": quarter.failed,
        "windows_before_the_shift": len(alarms),
        "alarms_before_the_shift": int(sum(alarms)),
        "requests_until_the_alarm": shift,
        "stranger": stranger,
        "stranger_pictures": len(own),
        "groups": [each.pictures for each in groups],
        "of_the_stranger_in_one_group": len(own & {*found.predictions}),
        "size_of_that_group": found.pictures,
        "bad_version": {
            "role": rolled.role,
            "by": rolled.who,
            "reason": rolled.reason,
            "answers": answers_of_bad,
            "requests": until_rollback,
            "windows": -(-answers_of_bad // watching.WINDOW),
        },
        "better_version": {
            "role": promoted.role,
            "by": promoted.who,
            "reason": promoted.reason,
            "requests": until_promotion,
            "evidence": promoted.evidence,
        },
        "seconds": round(time.perf_counter() - started),
    }


def _acted() -> bool:
    return watching.act(MODEL) is not None


def _follow() -> None:
    """What a service's thread does every two seconds."""
    following.follower().look(wait=True)


def _seen(
    painting: Painting,
    entry: models.Entry,
    change: Callable[[Pixels, int], Pixels] = lambda pixels, n: pixels,
    number: int = 0,
) -> Seen:
    picture = images.load(painting.path)
    pixels = change(picture.pixels, number)
    size = (pixels.shape[1], pixels.shape[0])
    found = identify.identify(replace(picture, pixels=pixels, original_size=size), MODEL, top=1)
    artist = artists.find(painting.artist) if painting.artist else None
    assert found.observation is not None
    known = artist.id if artist and artist.id in entry.artists else None
    return Seen(f"{painting.path.name} {number}", found.observation, known)


def _crops(data: Sequence[Path], artist: str, entry: models.Entry) -> list[Seen]:
    """Crops of the test paintings by one artist of nobody's, as often as it takes."""
    indices = ((each, (each / "index.csv").open(newline="")) for each in data)
    rows_of = ((each, row) for each, lines in indices for row in csv.DictReader(lines))
    own = [
        d / row["file"]
        for d, row in rows_of
        if row["artist"] == f"_other:{artist}" and row["split"] == "test"
    ]
    if not own:
        raise typer.BadParameter(f"there are no test paintings by {artist} among the others")

    def cropped(pixels: Pixels, seed: int) -> Pixels:
        rng = np.random.default_rng(seed)
        height, width = pixels.shape[:2]
        y, x = (int(rng.integers(0, side // 6)) for side in (height, width))
        return pixels[y : y + 5 * height // 6, x : x + 5 * width // 6]

    return [
        _seen(Painting(own[n % len(own)], None, "test"), entry, cropped, n)
        for n in range(STRANGERS)
    ]


def _version(entry: models.Entry, change: Callable[[models.Entry], models.Entry]) -> Version:
    """Another version of the shipped weights, on this machine."""
    with versions.staged() as folder:
        versions.keep(Version(change(entry), None, None), folder)
        return versions.adopt(folder, entry.id)


def _noisy(entry: models.Entry) -> models.Entry:
    noise = np.random.default_rng(3).normal(0, _NOISE, len(entry.artists))
    bias = np.array(entry.calibration.bias or np.zeros(len(entry.artists))) + noise
    calibration = entry.calibration.model_copy(update={"bias": tuple(bias.round(4).tolist())})
    return entry.model_copy(update={"calibration": calibration})


def _strict(entry: models.Entry) -> models.Entry:
    assert entry.known is not None
    known = entry.known.model_copy(update={"threshold": 0.999})
    return entry.model_copy(update={"known": known})


if __name__ == "__main__":
    typer.run(main)
