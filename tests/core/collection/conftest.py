"""What tests of collections share: directories of pictures, and scans without processes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.collection import scan
from tests.fuzz import save

BAD = "bad"  # at the start of the name of a picture that crashes its decoder in these tests


@pytest.fixture
def place(tmp_path: Path) -> Path:
    directory = tmp_path / "paintings"
    directory.mkdir()
    return directory


def picture(seed: int, height: int = 96, width: int = 128) -> np.ndarray:
    """Pixels unlike those of any other seed."""
    rng = np.random.default_rng(seed)
    return np.kron(
        rng.integers(0, 256, (6, 8, 3)).astype(np.uint8), np.ones((16, 16, 1), np.uint8)
    )[:height, :width]


def put(place: Path, *files: str, seed: int = 0) -> list[str]:
    """Writes a different picture to each file."""
    for n, file in enumerate(files):
        path = place / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(save(picture(seed + n), "PNG"))
    return list(files)


def measure(place: Path, data: bytes | np.ndarray | Image.Image) -> scan.Measured:
    """The figures of one picture."""
    (place / "one.png").write_bytes(data if isinstance(data, bytes) else save(data, "PNG"))
    return scan.measure(place, "one.png")


def plain(*colour: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, tuple(colour))


class Here:
    """A pool that does what it is given at once, in this process."""

    def __init__(self, workers: int = 1) -> None:
        self.map = map

    def submit(self, function: Callable, *arguments: object) -> Future:
        future: Future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, **options: bool) -> None:
        pass

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *raised: object) -> None:
        pass


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Scans without processes, two files at a time; lists the files as they are measured."""
    files: list[str] = []
    real = scan.measure

    def note(directory: Path, file: str) -> scan.Measured:
        files.append(file)
        if Path(file).name.startswith(BAD):
            raise BrokenProcessPool
        return real(directory, file)

    monkeypatch.setattr(scan, "_pool", Here)
    monkeypatch.setattr(scan, "_CHUNK", 2)
    monkeypatch.setattr(scan, "measure", note)
    return files


def scanned(place: Path, files: list[str]) -> list[str]:
    """Scans, and gives the files that were measured for it."""
    files.clear()
    scan.scan(place)
    return sorted(files)


def errors(place: Path) -> dict[str, str]:
    table = scan.table(place)
    return dict(zip(table["file"], table["error"], strict=True))


def duplicate_files(place: Path) -> list[tuple[str, str]]:
    found = scan.duplicate_pairs(place)
    return list(zip(found["file_a"], found["file_b"], strict=True))
