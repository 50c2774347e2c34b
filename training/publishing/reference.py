"""The reference of a classifier, frozen when it is published: see `core.monitoring.reference`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from core import artists, identify, images, models
from core.identify import Observation
from core.monitoring.reference import Reference
from core.monitoring.sample import of_observations
from training.data.dataset import Painting


def measure(
    entry: models.Entry,
    paintings: Sequence[Painting],
    *,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Reference:
    """Has a model identify paintings as a visitor would, and keeps what the journal would.

    Raises:
        core.models.WeightsError: If the model cannot be loaded.
        core.images.UnreadablePicture: If one of the pictures cannot be read.
    """
    seen: list[Observation] = []
    with ThreadPoolExecutor(2) as pool:
        pictures = pool.map(lambda p: images.load(p.path, enough=identify.ENOUGH), paintings)
        for done, picture in enumerate(pictures, 1):
            observation = identify.identify(picture, entry.id, top=1).observation
            assert observation is not None
            seen.append(observation)
            if done % 100 == 0 or done == len(paintings):
                on_progress(done, len(paintings))
    logits = np.stack([each.logits for each in seen])
    return Reference(logits, of_observations(entry, seen), _painters(paintings, entry))


def _painters(paintings: Sequence[Painting], entry: models.Entry) -> np.ndarray:
    numbers = {artist: number for number, artist in enumerate(entry.artists)}
    found = [artists.find(p.artist) if p.artist else None for p in paintings]
    return np.array([numbers.get(artist.id, -1) if artist else -1 for artist in found], np.int16)
