"""Styles by artist: how a painter painted, as a few numbers learned from several paintings.

`assets/styles/styles.json` lists them; `python -m training styles` writes them. A file holds no
picture and nothing that depends on place: Gram matrices of VGG16 at two scales, as factors of
low rank, for refine; mean and deviation of each channel for instant; mean and covariance of
the colors. It is loaded only if its digest is the recorded one. What single places look like is
in files of their own, see `artist_places`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from core import artists, models
from core.errors import UnknownName
from core.images.types import Floats
from core.settings import ROOT
from core.stylize import artist_places
from core.stylize.style import CORRELATED, InstantTarget, StyleTarget

ASSETS = ROOT / "assets" / "styles"


class Entry(BaseModel):
    """One style of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    artist: str  # id in core.artists
    file: str
    sha256: str
    bytes: int
    paintings: int  # from which it was learned
    network: str  # id in core.stylize.extractors
    date: str
    seed: int
    command: str


@dataclass(frozen=True, eq=False)
class LowRank:
    """A Gram matrix, nearly: a factor times its own transpose, and a rest on the diagonal.

    Attributes:
        factor: `(channels, rank)` float32.
        rest: `(channels,)` float32, not negative.
    """

    factor: Floats
    rest: Floats

    def matrix(self) -> Floats:
        """The whole, `(channels, channels)` float32."""
        whole: Floats = self.factor @ self.factor.T + np.diag(self.rest)
        return whole


@dataclass(frozen=True, eq=False)
class ArtistStyle:
    """How an artist painted.

    Attributes:
        artist: Whose style it is.
        network: Id of the network that described the paintings.
        grams: Rows of the paintings when they were described, to layer, to Gram matrix.
        described: Layer to mean and deviation of each channel, `(2, channels)` float32, as
            `core.stylize.instant.statistics` computes them.
        color_mean: `(3,)` float32, RGB 0..255.
        color_covariance: `(3, 3)` float32, over all pixels of all paintings.
        places: What single places of the paintings look like; None if that is not known.
    """

    artist: artists.Artist
    network: str
    grams: Mapping[int, Mapping[str, LowRank]]
    described: Mapping[str, Floats]
    color_mean: Floats
    color_covariance: Floats
    places: artist_places.Places | None = None

    def at(self, rows: int) -> StyleTarget:
        """Gram matrices that suit a painting of so many rows: of the scale nearest to it."""
        nearest = artist_places.nearest_scale(self.grams, rows)
        grams = {name: gram.matrix() for name, gram in self.grams[nearest].items()}
        return StyleTarget(self.network, grams)

    @cached_property
    def at_once(self) -> InstantTarget:
        """Mean and deviation of each channel, and correlations of some, for instant."""
        # Instant sees pictures at half their size, which is the smaller of the two scales.
        grams = self.grams[min(self.grams)]
        correlations = {
            name: correlation(grams[name].matrix(), self.described[name]) for name in CORRELATED
        }
        return InstantTarget(self.network, self.described, correlations)


def correlation(gram: Floats, moments: Floats) -> Floats:
    """How channels go together, from their Gram matrix and their moments.

    Args:
        gram: `(channels, channels)`; its size does not matter, several paintings may have been
            averaged otherwise than their moments.
        moments: `(2, channels)`, mean and deviation, see `core.stylize.instant.statistics`.

    Returns:
        `(channels, channels)` float32, with ones on the diagonal.
    """
    mean, deviation = moments
    energy = np.maximum(mean**2 + deviation**2 - 1, 0)  # variances count as one more
    scale = np.sqrt(energy / (np.diag(gram) + 1e-12))
    covariance = gram * np.outer(scale, scale) + np.eye(len(gram)) - np.outer(mean, mean)
    # Means of several paintings do not fit each other exactly: the nearest that is a covariance.
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    covariance = (vectors * np.maximum(values, 0)) @ vectors.T
    deviation = np.sqrt(np.diag(covariance))
    found: Floats = (covariance / np.outer(deviation, deviation)).astype(np.float32)
    return found


def catalogue() -> list[Entry]:
    """All styles, sorted by the artists' names."""
    return list(_entries().values())


def load(artist_id: str) -> ArtistStyle:
    """Loads the style of an artist, once a process.

    Raises:
        UnknownName: If there is none; the message lists those there are.
        WeightsError: If the file is missing, damaged or not the published one.
    """
    try:
        entry = _entries()[artist_id]
    except KeyError:
        known = ", ".join(_entries())
        raise UnknownName(f"No style of {artist_id!r}; there are: {known}.") from None
    return _read(ASSETS / entry.file, entry)


def has_places(artist_id: str) -> bool:
    """Whether places of an artist's paintings are known, by which forms are painted."""
    return artist_id in _have_places(ASSETS)


@cache
def _have_places(directory: Path) -> frozenset[str]:
    listed = artist_places.catalogue(directory)
    return frozenset(each.artist for each in listed.places) if listed else frozenset()


@cache
def _entries() -> dict[str, Entry]:
    listed = json.loads((ASSETS / "styles.json").read_text(encoding="utf-8"))
    return {entry["artist"]: Entry.model_validate(entry) for entry in listed}


@cache
def _read(path: Path, entry: Entry) -> ArtistStyle:
    if not path.is_file():
        raise models.WeightsError(f"The style {path} is missing: install Atelier again.")
    with np.load(models.checked(path, entry.sha256), allow_pickle=False) as file:
        style = unpack(artists.get(entry.artist), entry.network, dict(file))
    return replace(style, places=artist_places.load(path.parent, entry.artist))


def pack(style: ArtistStyle) -> dict[str, Floats]:
    """What is stored of a style, by its name in the file.

    Gram matrices are in float16, in whose range they stay divided by their largest value.
    """
    stored: dict[str, Floats] = {
        "colour/mean": style.color_mean,
        "colour/covariance": style.color_covariance,
    }
    for rows, grams in style.grams.items():
        for name, gram in grams.items():
            for part, values in (("factor", gram.factor), ("rest", gram.rest)):
                size = np.asarray(np.abs(values).max() + 1e-12, np.float32)
                stored[f"{part}/{rows}/{name}"] = (values / size).astype(np.float16)
                stored[f"{part}_size/{rows}/{name}"] = size
    stored |= {f"moments/{name}": values for name, values in style.described.items()}
    return stored


def unpack(artist: artists.Artist, network: str, stored: Mapping[str, Floats]) -> ArtistStyle:
    """The style that `pack` has stored."""

    def full(part: str, place: str) -> Floats:
        values: Floats = stored[f"{part}/{place}"].astype(np.float32)
        return values * stored[f"{part}_size/{place}"]

    grams: dict[int, dict[str, LowRank]] = {}
    described = {}
    for key, values in stored.items():
        kind, _, place = key.partition("/")
        if kind == "factor":
            rows, _, name = place.partition("/")
            grams.setdefault(int(rows), {})[name] = LowRank(
                full("factor", place), full("rest", place)
            )
        elif kind == "moments":
            described[place] = values
    mean, covariance = stored["colour/mean"], stored["colour/covariance"]
    return ArtistStyle(artist, network, grams, described, mean, covariance)
