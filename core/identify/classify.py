"""The classification of a painting by artist: calibrated, the unknown recognized, explained."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core import artists, models
from core.artists import Artist
from core.errors import InvalidRequest, UnknownName
from core.images import Picture

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
        guesses: The most probable artists, best first; probabilities are given that the
            painter is one of the known artists.
        known: Whether the painter is likely one of the artists the model knows; None if it
            cannot tell, because it was trained without paintings by others.
        known_score: 0..1, how much the painting looks like one by a known artist; None likewise.
        seconds: Time for preprocessing and network.
    """

    model: str
    guesses: tuple[Guess, ...]
    known: bool | None
    known_score: float | None
    seconds: float


def identify(picture: Picture, model_id: str = models.DEFAULT, *, top: int = 5) -> Identification:
    """Names the most probable artists of a painting. May be called from any thread.

    Args:
        top: How many artists to name, at most as many as the model knows.

    Raises:
        UnknownName: If there is no such model.
        InvalidRequest: If it is no classifier, or not even one artist is asked for.
        core.models.WeightsError: If the model cannot be loaded.
    """
    if top < 1:
        raise InvalidRequest("At least one artist is to be named.")
    loaded = _classifier(model_id)
    started = time.perf_counter()
    entry = loaded.entry
    logits = loaded.logits(view(picture.pixels, entry)[None])
    probability = calibrated(logits, entry.calibration)[0]
    best = np.argsort(-probability, kind="stable")[:top]
    known = score = None
    if entry.known:
        score = float(known_score(logits, entry.known)[0])
        known = score >= entry.known.threshold
    return Identification(
        model=model_id,
        guesses=tuple(
            Guess(artists.get(entry.artists[i]), float(probability[i])) for i in best.tolist()
        ),
        known=known,
        known_score=score,
        seconds=time.perf_counter() - started,
    )


def explain(picture: Picture, model_id: str = models.DEFAULT, *, artist_id: str) -> np.ndarray:
    """Where the network saw the hand of an artist: Grad-CAM (arXiv 1610.02391).

    Returns:
        `(height, width)` float32 in 0..1, at the size of the picture.

    Raises:
        UnknownName: If there is no such model, or it does not know the artist.
        InvalidRequest: If it is no classifier.
    """
    import tensorflow as tf

    loaded = _classifier(model_id)
    if artist_id not in loaded.entry.artists:
        raise UnknownName(f"The model {model_id!r} does not know the artist {artist_id!r}.")
    output = loaded.entry.artists.index(artist_id)
    seen = tf.constant(view(picture.pixels, loaded.entry)[None], tf.float32)
    assert loaded.head is not None
    with loaded.lock:
        maps = tf.cast(loaded.body(seen, training=False), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logit = loaded.head(maps, training=False)[:, output]
        weights = tf.reduce_mean(tape.gradient(logit, maps), axis=(1, 2), keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))[0].numpy()
    height, width = picture.pixels.shape[:2]
    smooth = Image.fromarray(heat / max(float(heat.max()), 1e-8))
    smooth = smooth.resize((width, height), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(smooth, np.float32), 0, 1)


def _classifier(model_id: str) -> models.Loaded:
    if models.get(model_id).task != "identify":
        known = ", ".join(entry.id for entry in models.classifiers())
        raise InvalidRequest(f"The model {model_id!r} names no artists; those that do: {known}.")
    return models.load(model_id)


def overlay(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lays a heat map over a picture: what counted glows, the rest falls into shade.

    Args:
        pixels: `(height, width, 3)` uint8.
        heat: `(height, width)` in 0..1, as from `explain`.
    """
    picture = pixels.astype(np.float32)
    grey = picture.mean(axis=2, keepdims=True)
    shade = 0.55 * (0.5 * picture + 0.5 * grey)
    glow = picture + (np.array([255, 196, 64], np.float32) - picture) * 0.35 * heat[..., None]
    share = np.sqrt(heat)[..., None]
    return (share * glow + (1 - share) * shade).clip(0, 255).astype(np.uint8)


def warm_up(model_id: str = models.DEFAULT) -> None:
    """Loads and compiles a model, so that the first visitor does not wait for it."""
    loaded = models.load(model_id)
    loaded.logits(view(np.zeros((SIDE, SIDE, 3), np.uint8), loaded.entry)[None])


def view(pixels: np.ndarray, entry: models.Entry) -> np.ndarray:
    """What a model sees of a picture, `(entry.side, entry.side, 3)` uint8.

    First the form of the training data, then enlarged: random crops in training show
    things larger than the whole picture does (Touvron et al., arXiv 1906.06423).
    """
    return squeeze(squeeze(pixels), entry.side)


def squeeze(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
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


def calibrated(logits: np.ndarray, calibration: models.Calibration) -> np.ndarray:
    """Probabilities over the known artists.

    Temperature scaling (Guo et al., arXiv 1706.04599), after an optional bias an artist.

    Args:
        logits: `(n, artists + 1)`; the last output, "somebody else", is left out.

    Returns:
        `(n, artists)`, each row sums to 1.
    """
    bias = np.array(calibration.bias) if calibration.bias else 0.0
    return softmax(logits[:, :-1] / calibration.temperature + bias)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def known_features(logits: np.ndarray) -> np.ndarray:
    """What tells a known painter from another one, `(n, artists + 1)` to `(n, 3)`.

    The log-odds of "somebody else", the largest logit, and the energy of the known
    artists (Liu et al., arXiv 2010.03759).
    """
    known, other = logits[:, :-1], logits[:, -1]
    largest = known.max(axis=1)
    energy = largest + np.log(np.exp(known - largest[:, None]).sum(axis=1))
    return np.stack([other - energy, largest, energy], axis=1)


def known_score(logits: np.ndarray, known: models.KnownScore) -> np.ndarray:
    """Probability `(n,)` that the painter is known, for known and unknown equally frequent."""
    z = known_features(logits) @ np.array(known.weights) + known.intercept
    return 1 / (1 + np.exp(-z))
