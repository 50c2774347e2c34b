"""The classification of a painting by artist, and the form in which a network sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from core import artists, models
from core.artists import Artist
from core.errors import InvalidRequest
from core.identify import taught
from core.identify.calibration import calibrated
from core.identify.kinds import KINDS, Kind, answers, probabilities
from core.identify.observation import Observation, observe
from core.identify.unknown import known_score
from core.images import Picture
from core.images.types import Pixels

SIDE = 224  # what the classifiers were trained on
CANNOT_TELL = "This model cannot tell whether the painter is one it knows."
ENOUGH = 2 * SIDE  # decoding a large JPEG down to this loses nothing that they see


@dataclass(frozen=True)
class Guess:
    """An artist and the calibrated probability that the painting is by them, 0..1."""

    artist: Artist
    probability: float


@dataclass(frozen=True)
class Identification:
    """What the network thinks of one painting.

    Attributes:
        model: Id of the model.
        version: Which one of it answered, see `core.models.versions`.
        guesses: The most probable artists, best first; probabilities are given that the
            painter is one of the known artists.
        known: Whether the painter is likely one of the artists the model knows; None if it
            cannot tell, because it was trained without paintings by others.
        known_score: 0..1, how much the painting looks like one by a known artist; None likewise.
        kinds: Probability of each of `core.identify.kinds.KINDS`, for all equally frequent; None
            if the model does not tell them apart.
        kind: Which of them is answered; None likewise.
        seconds: Time for preprocessing and network.
        observation: What the journal keeps beside the answer.
    """

    model: str
    version: str
    guesses: tuple[Guess, ...]
    known: bool | None
    known_score: float | None
    seconds: float
    observation: Observation | None = field(default=None, repr=False, compare=False)
    kinds: dict[Kind, float] | None = None
    kind: Kind | None = None


def identify(
    picture: Picture,
    model_id: str = models.DEFAULT,
    *,
    version: str | None = None,
    top: int = 5,
) -> Identification:
    """Names the most probable artists of a painting. May be called from any thread.

    Args:
        version: Of the model; None for the one that ships.
        top: How many artists to name, at most as many as the model knows.

    Raises:
        UnknownName: If there is no such model, or version of it.
        InvalidRequest: If it is no classifier, or not even one artist is asked for.
        core.models.WeightsError: If the model cannot be loaded.
    """
    if top < 1:
        raise InvalidRequest("At least one artist is to be named.")
    loaded = classifier(model_id, version)
    started = time.perf_counter()
    entry = loaded.entry
    seen = view(picture.pixels, entry)
    observation = looked_at(loaded, picture, seen)
    named = version or models.versions.shipped(model_id).id
    found = of_observation(entry, named, observation, top=top)
    return replace(found, seconds=time.perf_counter() - started)


def looked_at(
    loaded: models.Loaded, picture: Picture, seen: Pixels, *, projected: bool = False
) -> Observation:
    """What a model sees in a picture, the logits of taught artists included.

    Args:
        seen: The `view` of the picture.
        projected: Whether the projection is wanted, though it may take another run of the network.
    """
    logits, features = loaded.answer(seen[None])
    if features is None and (projected or loaded.entry.needs_projection):
        features = loaded.features(seen[None])
    found = observe(picture, seen, logits[0], None if features is None else features[0])
    return taught.extended(found, loaded.entry)


def of_observation(
    entry: models.Entry, version: str, seen: Observation, *, top: int = 5
) -> Identification:
    """What a version makes of the logits of a picture that the network has seen.

    Args:
        entry: Of the version.
        top: How many artists to name, at most as many as the model knows.
    """
    probability = calibrated(seen.logits[None], entry.calibration)[0]
    best = np.argsort(-probability, kind="stable")[:top]
    known = score = told = kind = None
    if entry.known:
        score = float(known_score(seen.logits[None], entry.known)[0])
        known = score >= entry.known.threshold
    if entry.tells_photographs and seen.projection is not None:
        chances = probabilities(seen.logits[None], seen.projection[None], entry)
        told = dict(zip(KINDS, chances[0].tolist(), strict=True))
        kind = KINDS[answers(chances, entry)[0]]
        known = kind == "known"
    return Identification(
        model=entry.id,
        version=version,
        guesses=tuple(
            Guess(artists.get(entry.artists[i]), float(probability[i])) for i in best.tolist()
        ),
        known=known,
        known_score=score,
        seconds=0.0,
        observation=seen,
        kinds=told,
        kind=kind,
    )


def classifier(model_id: str, version: str | None = None) -> models.Loaded:
    """A model that names artists, in memory; None for the version that ships.

    Raises:
        UnknownName: If there is no such model, or version of it.
        InvalidRequest: If it names no artists.
        core.models.WeightsError: If it cannot be loaded.
    """
    if models.get(model_id).task != "identify":
        known = ", ".join(entry.id for entry in models.classifiers())
        raise InvalidRequest(f"The model {model_id!r} names no artists; those that do: {known}.")
    return models.load(model_id, version=version)


def warm_up(model_id: str = models.DEFAULT, version: str | None = None) -> None:
    """Loads and compiles a model, so that the first visitor does not wait for it."""
    loaded = models.load(model_id, version=version)
    loaded.logits(view(np.zeros((SIDE, SIDE, 3), np.uint8), loaded.entry)[None])


def view(pixels: Pixels, entry: models.Entry) -> Pixels:
    """What a model sees of a picture, `(entry.side, entry.side, 3)` uint8.

    First the form of the training data, then enlarged: random crops in training show
    things larger than the whole picture does (Touvron et al., arXiv 1906.06423).
    """
    return squeeze(squeeze(pixels), entry.side)


def squeeze(pixels: Pixels, side: int = SIDE) -> Pixels:
    """Brings a picture to the form of the training data: the whole of it, squeezed square.

    Args:
        pixels: `(height, width, 3)` uint8.

    Returns:
        `(side, side, 3)` uint8.
    """
    if pixels.shape[:2] == (side, side):
        return pixels
    # reducing_gap averages large pictures down first: fast, and free of aliasing.
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0))
