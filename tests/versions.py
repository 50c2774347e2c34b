"""Further versions of a model that ships, for tests: the same weights, other calibration."""

from __future__ import annotations

from core import models
from core.models import Version, versions


def make(temperature: float, model_id: str = models.DEFAULT, **changes: object) -> Version:
    """Puts a version that is less sure, the higher the temperature, into ATELIER_VERSIONS.

    Args:
        changes: Further ones of its entry.
    """
    ships = versions.shipped(model_id)
    calibration = ships.entry.calibration.model_copy(update={"temperature": temperature})
    entry = ships.entry.model_copy(update={"calibration": calibration} | changes)
    with versions.staged() as folder:
        versions.keep(Version(entry, ships.base, None), folder)
        return versions.adopt(folder, model_id)
