"""What a network looked at: heat maps of single pictures, and how they are shown."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core import models
from core.errors import UnknownName
from core.identify.classify import classifier, looked_at, view
from core.images import Picture
from core.images.types import Floats, Pixels

_PLACES = 6  # along each side that are covered in turn, each a run of the network


def explain(
    picture: Picture,
    model_id: str = models.DEFAULT,
    *,
    artist_id: str,
    version: str | None = None,
) -> Floats:
    """Where the network saw the hand of an artist: Grad-CAM (arXiv 1610.02391).

    Of an artist who was taught, no layer of the network tells: there it is shown what is missed
    where the picture is covered (occlusion sensitivity, Zeiler & Fergus, arXiv 1311.2901).

    Args:
        version: Of the model; None for the one that ships.

    Returns:
        `(height, width)` float32 in 0..1, at the size of the picture.

    Raises:
        UnknownName: If there is no such model or version, or it does not know the artist.
        InvalidRequest: If it is no classifier.
        core.models.WeightsError: If it cannot be loaded.
    """
    loaded = classifier(model_id, version)
    if artist_id not in loaded.entry.artists:
        raise UnknownName(f"The model {model_id!r} does not know the artist {artist_id!r}.")
    output = loaded.entry.artists.index(artist_id)
    seen = view(picture.pixels, loaded.entry)
    if output < loaded.entry.outputs - 1:
        heat = loaded.grad_cam(seen, output)
    else:
        heat = _occlusion(loaded, picture, seen, output)
    height, width = picture.pixels.shape[:2]
    smooth = Image.fromarray(heat / max(float(heat.max()), 1e-8))
    smooth = smooth.resize((width, height), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(smooth, np.float32), 0, 1)


def _occlusion(loaded: models.Loaded, picture: Picture, seen: Pixels, output: int) -> Floats:
    """`(_PLACES, _PLACES)`: how far a logit falls when a place is covered by the mean color."""
    whole = looked_at(loaded, picture, seen).logits[output]
    edges = np.linspace(0, len(seen), _PLACES + 1).astype(int)
    heat = np.zeros((_PLACES, _PLACES), np.float32)
    for row, column in np.ndindex(heat.shape):
        covered = seen.copy()
        place = np.s_[edges[row] : edges[row + 1], edges[column] : edges[column + 1]]
        covered[place] = seen.mean(axis=(0, 1))
        heat[row, column] = whole - looked_at(loaded, picture, covered).logits[output]
    return np.maximum(heat, 0)


def overlay(pixels: Pixels, heat: Floats) -> Pixels:
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
    lit: Pixels = (share * glow + (1 - share) * shade).clip(0, 255).astype(np.uint8)
    return lit
