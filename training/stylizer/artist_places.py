"""The learning of places of artists' paintings, by which forms are painted in an artist's style.

Real places are taken, those nearest to the centers of k-means: centers themselves are means of
many places, and painted with them everything is soft. How they are stored is described in
`core.stylize.artist_places`.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from core import images
from core.files import write
from core.stylize import artist_places, refine
from core.stylize.objective.neighbors import unit
from training.data.files import json_text, name_for
from training.stylizer.choosing import Options

log = logging.getLogger(__name__)

Columns = Mapping[str, Mapping[int, np.ndarray]]
"""Artist to rows of the paintings to hypercolumns, `(places, channels)`."""


def publish(
    paintings: Mapping[str, Sequence[Path]],
    see: Callable[[np.ndarray], np.ndarray],
    out: Path,
    options: Options,
    *,
    missing: bool,
    command: str,
) -> list[artist_places.Entry]:
    """Learns places of paintings and writes them, with their catalogue.

    Args:
        paintings: Artist to files of paintings.
        see: From a picture, float32 RGB 0..255, to its hypercolumns, `(height, width, channels)`.
        out: Directory of the catalogue.
        options: How they are learned.
        missing: Whether what is there stays, and the basis with it; otherwise that is made anew.
        command: By which they are learned.

    Returns:
        The new ones.
    """
    listed = artist_places.catalogue(out) if missing else None
    columns = {artist_id: _columns(paths, see, options) for artist_id, paths in paintings.items()}
    if listed is None:
        basis, kept = fit(columns, options)
        stored = {"mean": basis.mean, "directions": basis.directions}
        file = write_arrays(stored, out / "basis.places.npz")
        log.info("The basis keeps %.3f of the variance.", kept)
    else:
        file, kept = listed.basis, listed.kept
        basis = artist_places.read_basis(out, file)
    entries = []
    for artist_id, at in columns.items():
        coded = {
            rows: artist_places.encode(
                each[cover(each, basis, options)].astype(np.float32), basis, options.step
            )
            for rows, each in at.items()
        }
        places = artist_places.Places(basis, coded)
        written = write_arrays(artist_places.pack(places), out / f"{artist_id}.places.npz")
        entries.append(
            artist_places.Entry(
                **written.model_dump(),
                artist=artist_id,
                paintings=len(paintings[artist_id]),
                date=date.today().isoformat(),
                seed=options.seed,
                command=command,
            )
        )
    known = {each.artist: each for each in (*(listed.places if listed else ()), *entries)}
    found = artist_places.Catalogue(
        basis=file, kept=round(kept, 4), places=tuple(known[name] for name in sorted(known))
    )
    write(out / artist_places.LISTED, json_text(found.model_dump()))
    for old in set(out.glob("*.places.npz")) - {
        out / each.file for each in (found.basis, *found.places)
    }:
        old.unlink(missing_ok=True)
    return entries


def fit(columns: Columns, options: Options) -> tuple[artist_places.Basis, float]:
    """The principal components of hypercolumns of length 1; as many of each artist and scale.

    Returns:
        The basis, and the share of the variance that it keeps.
    """
    rng = np.random.default_rng(options.seed)
    drawn = []
    for at in columns.values():
        for each in at.values():
            rows = rng.permutation(len(each))[: options.fitted]
            drawn.append(unit(each[rows].astype(np.float32)))
    units = np.concatenate(drawn)
    values, vectors = np.linalg.eigh(np.cov(units.T, bias=True))
    count = min(options.directions, len(units) - 1)
    directions = vectors[:, : -count - 1 : -1].T
    kept = float(values[-count:].sum() / (values.sum() + 1e-30))
    return artist_places.Basis(units.mean(0), directions.astype(np.float16)), kept


def cover(columns: np.ndarray, basis: artist_places.Basis, options: Options) -> np.ndarray:
    """Which places stand for all: those nearest to the centers of k-means, sorted.

    Args:
        columns: Hypercolumns, `(places, channels)`.
    """
    if len(columns) <= options.places:
        return np.arange(len(columns))
    units = unit(columns.astype(np.float32)) - basis.mean
    factors = units @ basis.directions.T.astype(np.float32)
    means = MiniBatchKMeans(
        options.places, n_init=1, max_iter=30, batch_size=1024, random_state=options.seed
    ).fit(factors)
    return np.unique(means.transform(factors).argmin(0))


def loaded(paths: Sequence[Path]) -> list[np.ndarray]:
    """Paintings, RGB uint8 of any size."""
    return [images.load(path).pixels for path in paths]


def sized(picture: np.ndarray, rows: int) -> np.ndarray:
    """A painting at so many rows, float32 RGB 0..255."""
    return refine.resize(picture, *refine.size(picture, rows)).clip(0, 255)


def _columns(
    paths: Sequence[Path], see: Callable[[np.ndarray], np.ndarray], options: Options
) -> dict[int, np.ndarray]:
    """A fair sample of the hypercolumns of paintings, as many of each; float16, for memory."""
    found = {}
    rng = np.random.default_rng(options.seed)
    most = options.among // len(paths)
    for rows in options.rows:
        drawn = []
        for path in paths:
            columns = see(sized(images.load(path).pixels, rows))
            flat = columns.reshape(-1, columns.shape[-1])
            drawn.append(flat[np.sort(rng.permutation(len(flat))[:most])].astype(np.float16))
        found[rows] = np.concatenate(drawn)
    return found


def write_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> artist_places.File:
    """Writes an `.npz`, under another name where other content lies, see `name_for`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    path = name_for(path, digest)
    write(path, content)
    return artist_places.File(file=path.name, sha256=digest, bytes=len(content))
