"""The reference of a version: how the paintings that it was validated on look to it.

`python -m training evaluate reference` freezes it beside the weights. Drift is measured against it,
and the confusion of late against the confusion of then.
"""

from __future__ import annotations

import io
import logging
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core import models
from core.files import write
from core.images.types import Floats
from core.monitoring.sample import Sample, judged

log = logging.getLogger(__name__)

FILE = "reference.npz"
_COLUMNS = ("projections", "brightness", "saturation", "aspect", "side")


@dataclass(frozen=True)
class Reference:
    """Paintings of which the painter is known.

    Attributes:
        logits: `(n, artists + 1)` float32: another version of the same weights reads them anew.
        sample: As the model saw them.
        painters: `(n,)` numbers of the right artists in the model's order; -1 for painters that
            it does not know.
    """

    logits: Floats
    sample: Sample
    painters: npt.NDArray[np.int16]

    @property
    def of_known(self) -> Sample:
        """The paintings by artists that the model knows."""
        return self.sample[self.painters >= 0]

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """`(artists, artists)`: rows are painters, columns what they were taken for."""
        known, n = self.painters >= 0, self.sample.outputs
        cells = self.painters[known].astype(np.int64) * n + self.sample.named[known]
        return np.bincount(cells, minlength=n * n).reshape(n, n)


def save(reference: Reference, entry: models.Entry, directory: Path | None = None) -> Path:
    """Writes a reference beside the weights of its model, with their digest."""
    columns: dict[str, Any] = {
        name: column.astype(np.float16)
        for name in _COLUMNS
        if (column := getattr(reference.sample, name)) is not None
    }
    columns["side"] = reference.sample.side  # above 2048 float16 rounds whole pixels
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        weights=np.array(entry.file.sha256),
        painters=reference.painters.astype(np.int16),
        logits=reference.logits.astype(np.float16),
        **columns,
    )
    path = _path(entry, directory)
    write(path, buffer.getvalue())
    return path


def load(entry: models.Entry, directory: Path | None = None) -> Reference | None:
    """Reads the reference of a version; None if there is none of its weights.

    Args:
        directory: Where its files lie, `core.models.versions.Version.directory`.
    """
    path = _path(entry, directory)
    try:
        return _read(entry.model_dump_json(), path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("The reference %s cannot be read: %r", path, error)
        return None


@lru_cache(8)
def _read(described: str, path: Path, _changed: int) -> Reference | None:
    entry = models.Entry.model_validate_json(described)
    with np.load(path, allow_pickle=False) as stored:
        if str(stored["weights"]) != entry.file.sha256:
            return None
        found: dict[str, Any] = {
            name: stored[name].astype(np.float32) if name in stored else None for name in _COLUMNS
        }
        logits = stored["logits"].astype(np.float32)
        sample = Sample(**judged(entry, logits).__dict__, **found)
        return Reference(logits, sample, stored["painters"])


def _path(entry: models.Entry, directory: Path | None) -> Path:
    return models.assets(directory) / entry.id / FILE
