"""What all tests share: isolation from the user's settings, and pictures made on the spot."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from core import tensorflow_compat
from tests import postgresql

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent
REAL_PAINTINGS = Path(
    os.environ.get("ATELIER_TEST_DATA", ROOT.parent / "shared" / "data" / "paintings")
)


# Folders and files of tests that import TensorFlow. Single tests of others are marked `tensorflow`.
NEED_TENSORFLOW = [
    ROOT / "tests" / name
    for name in (
        "benchmarks/pictures",
        "core/models/test_architectures.py",
        "core/monet/test_networks.py",
        "core/monet/test_tiled.py",
        "core/stylize/instant/test_correction.py",
        "core/stylize/instant/test_engine.py",
        "core/stylize/instant/test_matching.py",
        "core/stylize/instant/test_moments.py",
        "core/stylize/objective",
        "core/stylize/session/test_durable.py",
        "core/stylize/session/test_painting.py",
        "core/stylize/test_artist_styles.py",
        "core/stylize/test_extractors.py",
        "core/stylize/test_refine.py",
        "core/stylize/test_resuming.py",
        "core/test_tensorflow_compat.py",
        "training/classifiers",
        "training/cyclegan",
        "training/data/test_inputs.py",
        "training/publishing",
        "training/runs",
        "training/stylizer",
        "training/test_compat.py",
    )
]
WITHOUT_TENSORFLOW = "needs TensorFlow, which the lighter installation leaves out"


class _Skipped(pytest.Module):
    """A file of tests that is not even imported."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(WITHOUT_TENSORFLOW, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> _Skipped | None:
    """Skips what needs TensorFlow where there is none."""
    needed = any(path in (module_path, *module_path.parents) for path in NEED_TENSORFLOW)
    if needed and not tensorflow_compat.is_installed():
        return _Skipped.from_parent(parent, path=module_path)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process waits long for the other's last one."""
    first = [ROOT / "tests" / folder for folder in ("browser", "training")]
    items.sort(key=lambda item: [folder not in item.path.parents for folder in first])
    if not tensorflow_compat.is_installed():
        for item in items:
            if item.get_closest_marker("tensorflow"):
                item.add_marker(pytest.mark.skip(WITHOUT_TENSORFLOW))


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every test has its own journal and cache, and no setting of the user's."""
    from core.settings import settings

    for name in [name for name in os.environ if name.startswith("ATELIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ATELIER_JOURNAL_URL", f"sqlite:///{tmp_path / 'journal.db'}")
    monkeypatch.setenv("ATELIER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ATELIER_VERSIONS", str(tmp_path / "versions"))
    monkeypatch.setenv("ATELIER_KEPT", str(tmp_path / "kept"))
    monkeypatch.setenv("ATELIER_OFFLINE", "true")
    monkeypatch.setenv("ATELIER_WORKER", "off")  # what a test puts in place is in this process
    settings.cache_clear()
    yield
    if following := sys.modules.get("core.releases.following"):
        following.close()
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server, or a skip where there is none."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(postgresql.server())
        except postgresql.NotInstalled as error:
            pytest.skip(str(error))
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind that there is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'any.db'}"
    return postgresql.create(request.getfixturevalue("postgresql_server"), uuid.uuid4().hex)


@pytest.fixture
def make_picture():
    """Makes `(height, width, 3)` uint8 pixels with structure, the same for the same seed."""

    def make(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
        return np.kron(coarse, np.ones((16, 16, 1), np.uint8))[:height, :width]

    return make


@pytest.fixture
def remembered():
    """Reads what a picture's file remembers of its making; None if nothing."""

    def read(data: bytes) -> dict | None:
        with Image.open(io.BytesIO(data)) as image:
            description = image.getexif().get(ExifTags.Base.ImageDescription)
            return json.loads(image.info.get("atelier") or description or "null")

    return read


@pytest.fixture(scope="session")
def real_paintings() -> Path:
    """The directory of real paintings, or a skip where there is none."""
    if not (REAL_PAINTINGS / "index.csv").exists():
        pytest.skip("No real paintings here; ATELIER_TEST_DATA names their directory")
    return REAL_PAINTINGS
