"""What tests of similar paintings share: collections of a few pictures, described at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core import identify, similar
from core.collection import scan
from core.identify.projection import projected
from core.similar import descriptor
from tests.core.collection.conftest import Here, put

__all__ = ["put"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory; scans of it need no processes."""
    monkeypatch.setattr(scan, "_pool", Here)
    directory = tmp_path / "paintings"
    directory.mkdir()
    return directory


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """In place of the network the colors of a coarse picture; counts what is described."""
    calls: list[int] = []

    def describe(pixels: np.ndarray) -> np.ndarray:
        calls.append(1)
        row = identify.squeeze(pixels, 8).astype(np.float32).reshape(-1)
        return projected(row, descriptor.DIMENSION, seed=1)

    monkeypatch.setattr(descriptor, "describe", describe)
    return calls


def indexed(place: Path) -> None:
    scan.scan(place)
    similar.build(place)
