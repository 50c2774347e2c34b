"""Places without weights, and processes that have loaded none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core import settings
from core.models import entries, loading


@pytest.fixture
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place whose assets are empty."""
    empty = tmp_path / "assets"
    empty.mkdir()
    monkeypatch.setattr(entries, "ASSETS", empty)
    return empty


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded nothing yet."""
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(loading, "_graphs", {})


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets settings, by their names."""

    def use(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"ATELIER_{name.upper()}", str(value))
        settings.settings.cache_clear()

    return use
