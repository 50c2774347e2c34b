"""A lesson: a folder of paintings, and then a version of a classifier that knows their painter."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from core import artists, identify, images, models
from core.artists import Artist
from core.identify import Observation, calibrated, taught
from core.images.types import Floats
from core.jobs import Control, Progress
from core.models import Taught, Version, versions
from core.monitoring import reference
from core.monitoring.reference import Reference
from core.monitoring.sample import Sample, judged, of_observations
from core.teaching import fitting, keeping
from core.teaching.fitting import Fit, Others
from core.teaching.paintings import TeachingError, choose
from core.teaching.request import TeachRequest

_DIGITS = 6  # of the numbers that go into an entry


@dataclass(frozen=True)
class Lesson:
    """What came of a lesson.

    Attributes:
        artist: Who was taught.
        model: Id of the model that knows them now.
        version: The new one, which nobody is answered by until it is released.
        upon: The version that it was taught to.
        paintings: How many were learned from.
        left_out: Name of a file to why it was not, one sentence.
        accuracy: Of the paintings, each named by a fit without it.
        confused_with: For whom the others were taken, with how many; the most frequent first.
        others_before: Accuracy on the validation paintings of all other artists before.
        others_after: The same afterwards.
        suffered: Of whom validation paintings now go to the new hand, with how many.
        strangers_taken: Validation paintings by unknown painters that are called the new hand's
            and known, with how many such there are.
        known: How many of the paintings, each by a fit without it, are by a known artist then.
        seconds: That it took.
    """

    artist: Artist
    model: str
    version: str
    upon: str
    paintings: int
    left_out: dict[str, str]
    accuracy: float
    confused_with: tuple[tuple[str, int], ...]
    others_before: float
    others_after: float
    suffered: tuple[tuple[str, int], ...]
    strangers_taken: tuple[int, int]
    known: int
    seconds: float


class Stopped(TeachingError):
    """A lesson that was ended before its end, of which nothing is kept."""

    code = "stopped"


def teach(
    request: TeachRequest, directory: Path, control: Control
) -> Generator[Progress, None, Lesson]:
    """Teaches a classifier the painter of the pictures in a directory, as a version of its own.

    Raises:
        UnknownName: If there is no such model, or version of it.
        InvalidRequest: If it is no classifier, or the artist cannot have this name.
        TeachingError: If it knows the artist, lacks a reference, or the pictures do not suffice.
        Stopped: If it was stopped; then nothing is kept.
        core.models.WeightsError: If the model cannot be loaded.
        core.files.OutputError: If the version cannot be written.
    """
    started = time.monotonic()
    loaded = identify.classifier(request.model, request.version)
    upon = versions.find(request.model, request.version)
    before = _reference(upon)
    artist = artists.find(request.name) or artists.introduce(request.name)
    if artist.id in upon.entry.artists:
        raise TeachingError(f"{upon.entry.title} knows {artist.name} already.")

    def told(phase: str, step: int, of: int, share: float) -> Progress:
        seconds = time.monotonic() - started
        left = seconds * (1 - share) / share if share else None
        return Progress(
            phase=phase, step=step, of=of, fraction=share, seconds=seconds, seconds_left=left
        )

    yield told("reading", 0, 0, 0)
    chosen = choose(directory, on_look=lambda done, of: _heed(control))
    seen: list[Observation] = []
    of = len(chosen.paintings)
    for number, painting in enumerate(chosen.paintings, 1):
        _heed(control)
        picture = images.load(directory / painting.file, enough=identify.ENOUGH)
        seen.append(
            identify.looked_at(
                loaded, picture, identify.view(picture.pixels, loaded.entry), projected=True
            )
        )
        yield told("looking", number, of, 0.7 * number / of)
    inputs, others = _inputs(seen, upon.entry), others_of(before, upon.entry)
    logits = np.stack([each.logits for each in seen])
    fit = fitting.fit(inputs, logits, others, upon.entry.calibration)
    _heed(control)
    yield told("keeping", of, of, 0.9)
    digests = [painting.sha256 for painting in chosen.paintings]
    row = Taught(
        name=artist.name,
        weights=tuple(np.round(fit.row.weights, _DIGITS).tolist()),
        intercept=round(fit.row.intercept, _DIGITS),
    )
    lesson = _judged(upon, artist, fit, logits, others)
    entry = upon.entry.model_copy(
        update={
            "artists": (*upon.entry.artists, artist.id),
            "taught": (*upon.entry.taught, row),
            "calibration": fitting.with_one_more(upon.entry.calibration),
            "date": date.today().isoformat(),
            "figures": upon.entry.figures | {"taught": _figures(upon, artist, lesson, of)},
        }
    )
    after = _extended(before, entry, fit, others, seen)
    kept = keeping.keep(upon, entry, after, digests)
    return Lesson(
        artist=artist,
        model=entry.id,
        version=kept.id,
        upon=upon.id,
        paintings=of,
        left_out=chosen.left_out,
        seconds=round(time.monotonic() - started, 1),
        **lesson,
    )


def others_of(found: Reference, entry: models.Entry) -> Others:
    """The validation paintings of a reference, as a fit wants them."""
    assert found.sample.projections is not None
    given = taught.inputs(taught.own(found.logits, entry), found.sample.projections)
    return Others(given, found.logits, found.painters)


def _reference(version: Version) -> Reference:
    found = reference.load(version.entry, version.directory)
    if found is None or found.sample.projections is None:
        raise TeachingError(
            f"{version.entry.title} has no reference of its validation paintings: "
            "`python -m training evaluate reference` makes one."
        )
    return found


def _inputs(seen: Sequence[Observation], entry: models.Entry) -> Floats:
    logits = taught.own(np.stack([each.logits for each in seen]), entry)
    projections = [each.projection for each in seen if each.projection is not None]
    return taught.inputs(logits, np.stack(projections))


def _judged(
    upon: Version, artist: Artist, fit: Fit, logits: Floats, others: Others
) -> dict[str, Any]:
    """The figures of a lesson, by the names of `Lesson`."""
    entry, number = upon.entry, len(upon.entry.artists)
    new = fit.row(others.inputs)
    named = fitting.names(logits, fit.left_out, entry.calibration)
    after = fitting.names(others.logits, new, entry.calibration)
    before = calibrated(others.logits, entry.calibration).argmax(axis=1)
    known = others.painters >= 0
    lost = known & (before == others.painters) & (after == number)
    called, own = after == number, np.ones(len(logits), bool)
    if entry.known:
        score = identify.known_score(fitting.beside(others.logits, new), entry.known)
        called &= score >= entry.known.threshold
        score = identify.known_score(fitting.beside(logits, fit.left_out), entry.known)
        own = score >= entry.known.threshold

    def counted(numbers: Any) -> tuple[tuple[str, int], ...]:
        ids = [entry.artists[each] for each in numbers.tolist()]
        return tuple((artists.get(each).name, n) for each, n in Counter(ids).most_common())

    return {
        "accuracy": round(float((named == number).mean()), 4),
        "confused_with": counted(named[named != number]),
        "others_before": round(float((before == others.painters)[known].mean()), 4),
        "others_after": round(float((after == others.painters)[known].mean()), 4),
        "suffered": counted(others.painters[lost]),
        "strangers_taken": (int((called & ~known).sum()), int((~known).sum())),
        "known": int(own.sum()),
    }


def _figures(upon: Version, artist: Artist, lesson: dict[str, Any], count: int) -> dict[str, Any]:
    """What the entry says of its lessons, by artist, the latest last."""
    before: dict[str, Any] = upon.entry.figures.get("taught", {})
    return before | {artist.id: {"upon": upon.id, "paintings": count, **lesson}}


def _extended(
    before: Reference, entry: models.Entry, fit: Fit, others: Others, seen: Sequence[Observation]
) -> Reference:
    """The reference of the new version: that of before with a logit more, and the new paintings.

    Their new logits are those of fits without them, as honest as those of validation paintings.
    """
    logits = fitting.beside(before.logits, fit.row(others.inputs))
    new = fitting.beside(np.stack([each.logits for each in seen]), fit.left_out)
    added = [replace(each, logits=row) for each, row in zip(seen, new, strict=True)]
    both = [before.sample, of_observations(entry, added)]
    columns = {
        name: np.concatenate([getattr(each, name) for each in both])
        for name in ("projections", "brightness", "saturation", "aspect", "side")
    }
    logits = np.concatenate([logits, new])
    number = np.full(len(seen), len(entry.artists) - 1, np.int16)
    return Reference(
        logits,
        Sample(**judged(entry, logits).__dict__, **columns),
        np.concatenate([before.painters, number]),
    )


def _heed(control: Control) -> None:
    if control.stopping:
        raise Stopped("The lesson was stopped; nothing of it is kept.")
