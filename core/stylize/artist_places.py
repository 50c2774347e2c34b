"""Places of artists' paintings: what single places of them look like to the network, in few bytes.

`assets/styles/places.json` lists them; `python -m training styles` writes them. A place is a
hypercolumn (`core.stylize.objective.forms`), and no picture: directions common to all painters,
principal components of hypercolumns of length 1, stand in one file, the basis, and of each place
its coefficients, in steps of one size. The compression of the file then spends few bits on
directions in which hardly any place differs. Files are loaded only if their digests are the
recorded ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from core import models
from core.images.types import Floats

LISTED = "places.json"


class File(BaseModel):
    """A file beside the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    sha256: str
    bytes: int


class Entry(File):
    """Places of one artist."""

    artist: str  # id in core.artists
    paintings: int  # from which they are
    date: str
    seed: int
    command: str


class Catalogue(BaseModel):
    """All places there are, and the basis in which they are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basis: File
    kept: float  # share of the variance of hypercolumns of length 1, over those it was made of
    places: tuple[Entry, ...]

    def of(self, artist_id: str) -> Entry | None:
        """The places of an artist, if there are any."""
        return next((each for each in self.places if each.artist == artist_id), None)


@dataclass(frozen=True, eq=False)
class Basis:
    """Directions in which hypercolumns differ.

    Attributes:
        mean: `(channels,)` float32, of hypercolumns of length 1.
        directions: `(directions, channels)` float16, orthonormal but for rounding.
    """

    mean: Floats
    directions: npt.NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Coded:
    """Places of one scale.

    Attributes:
        steps: Coefficients as multiples of `step`, `(directions, places)` int8.
        step: The size of a step.
        lengths: Of the hypercolumns, `(places,)` float32.
    """

    steps: npt.NDArray[np.int8]
    step: float
    lengths: Floats


@dataclass(frozen=True, eq=False)
class Places:
    """Places of an artist's paintings.

    Attributes:
        basis: In which they are written.
        coded: Rows of the paintings when they were looked at, to places.
    """

    basis: Basis
    coded: Mapping[int, Coded]

    def at(self, rows: int) -> Floats:
        """Hypercolumns that suit a painting of so many rows: of the scale nearest to it.

        Returns:
            `(places, channels)` float32, none negative, as after a ReLU.
        """
        coded = self.coded[nearest_scale(self.coded, rows)]
        factors = coded.steps.T.astype(np.float32) * np.float32(coded.step)
        units = self.basis.mean + factors @ self.basis.directions.astype(np.float32)
        columns: Floats = np.maximum(units, 0) * coded.lengths[:, None]
        return columns


def nearest_scale(known: Iterable[int], rows: int) -> int:
    """The rows at which paintings were looked at that are nearest to those of a painting."""
    return min(known, key=lambda each: abs(math.log(each / rows)))


def encode(columns: Floats, basis: Basis, step: float) -> Coded:
    """Writes places in a basis.

    Args:
        columns: Hypercolumns, `(places, channels)` float32.
        basis: The basis.
        step: See `Coded`; coefficients of units are within 127 of them, or cut off there.
    """
    lengths = np.sqrt(np.einsum("pc,pc->p", columns, columns))
    units = columns / np.maximum(lengths, 1e-12)[:, None]
    factors = basis.directions.astype(np.float32) @ (units - basis.mean).T
    steps = np.rint(factors / step).clip(-127, 127).astype(np.int8)
    return Coded(steps, step, lengths.astype(np.float32))


def catalogue(directory: Path) -> Catalogue | None:
    """The catalogue of a directory; None if there are no places in it."""
    path = directory / LISTED
    if not path.is_file():
        return None
    return Catalogue.model_validate(json.loads(path.read_text(encoding="utf-8")))


def load(directory: Path, artist_id: str) -> Places | None:
    """Loads the places of an artist; None if there are none.

    Raises:
        WeightsError: If a file is missing, damaged or not the published one.
    """
    listed = catalogue(directory)
    if listed is None or (entry := listed.of(artist_id)) is None:
        return None
    basis = read_basis(directory, listed.basis)
    return unpack(basis, _arrays(directory, entry))


@cache
def read_basis(directory: Path, file: File) -> Basis:
    """The basis, read once a process.

    Raises:
        WeightsError: See `load`.
    """
    stored = _arrays(directory, file)
    mean, directions = stored["mean"], stored["directions"]
    return Basis(mean.astype(np.float32), directions.astype(np.float16))


def pack(places: Places) -> dict[str, npt.NDArray[np.generic]]:
    """What is stored of places, by its name in the file; the basis is not."""
    stored: dict[str, npt.NDArray[np.generic]] = {}
    for rows, coded in places.coded.items():
        stored[f"steps/{rows}"] = coded.steps
        stored[f"step/{rows}"] = np.asarray(coded.step, np.float32)
        stored[f"lengths/{rows}"] = coded.lengths
    return stored


def unpack(basis: Basis, stored: Mapping[str, npt.NDArray[np.generic]]) -> Places:
    """The places that `pack` has stored."""
    coded = {}
    for key in stored:
        kind, _, rows = key.partition("/")
        if kind == "steps":
            step, lengths = stored[f"step/{rows}"], stored[f"lengths/{rows}"]
            coded[int(rows)] = Coded(
                stored[key].astype(np.int8), float(step), lengths.astype(np.float32)
            )
    return Places(basis, coded)


def _arrays(directory: Path, file: File) -> dict[str, npt.NDArray[np.generic]]:
    path = directory / file.file
    if not path.is_file():
        raise models.WeightsError(f"The places {path} are missing: install Atelier again.")
    with np.load(models.checked(path, file.sha256), allow_pickle=False) as arrays:
        return dict(arrays)
