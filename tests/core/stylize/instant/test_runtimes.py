"""The shipped painter on LiteRT: the same pictures as TensorFlow's, without importing it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core import examples, images, models
from core.settings import ROOT, settings
from core.stylize import extractors, instant
from core.stylize.instant import engine as instant_engine
from core.stylize.instant.networks import DECODER, ENCODER, PICTURE

pytestmark = pytest.mark.skipif(
    models.get(instant.MODEL).graphs is None, reason="the painter ships without graphs"
)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return images.preview(images.load(examples.photos()[0].read()).pixels, 200)


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return images.preview(images.load(examples.catalogue()[0].read()).pixels, 200)


@pytest.fixture
def asked_for(monkeypatch):
    """Sets `ATELIER_RUNTIME`."""

    def ask(runtime: str) -> None:
        monkeypatch.setenv("ATELIER_RUNTIME", runtime)
        settings.cache_clear()

    yield ask
    settings.cache_clear()


@pytest.mark.tensorflow
def test_both_runtimes_paint_the_same(photo, painting):
    """Of every size, with styles that are looked at, in any strength, one after the other."""
    network = models.build(
        models.get(instant.MODEL), models.resolve(models.get(instant.MODEL)), dtype="float32"
    )
    exact = instant.compiled(extractors.load("vgg16"), network.body)
    quick = instant_engine._litert_engine()
    for rows, strength in ((48, 1.0), (128, 0.4), (64, 1.3), (160, 1.3)):
        one, other = (
            instant.paint(photo, [painting], rows=rows, strength=strength, engine=each).astype(int)
            for each in (exact, quick)
        )
        away = np.abs(one - other)
        # Of a few dozen rows the deepest map has fewer places than channels: what is not known of
        # its covariance is rounding, whose size depends on the processor.
        assert away.mean() < (0.05 if rows >= 128 else 4), (rows, strength)
        assert rows < 128 or away.max() <= 1, (rows, strength)


def test_litert_is_chosen_unless_it_cannot(asked_for):
    for runtime, chosen in (("auto", "litert"), ("litert", "litert"), ("tensorflow", "tensorflow")):
        asked_for(runtime)
        assert instant.runtime() == chosen


def test_threads_paint_each_their_own(photo, painting):
    sizes = [32, 48, 64, 48, 32, 64]

    def paint(rows: int) -> np.ndarray:
        return instant.paint(photo, [painting], rows=rows)

    alone = {rows: paint(rows) for rows in set(sizes)}
    with ThreadPoolExecutor(6) as threads:
        for rows, found in zip(sizes, threads.map(paint, sizes), strict=True):
            np.testing.assert_array_equal(found, alone[rows])


def test_what_was_measured_is_within_what_is_tolerated():
    found = models.get(instant.MODEL).graphs
    assert found is not None
    assert found.pictures >= 100
    assert set(found.difference) == {instant.ENCODER, instant.DECODER, PICTURE}
    for name, difference in found.difference.items():
        assert difference <= found.tolerance[name]


def test_a_picture_on_the_command_line_imports_no_tensorflow(photo, painting, tmp_path: Path):
    for name, pixels in (("photo.png", photo), ("style.png", painting)):
        (tmp_path / name).write_bytes(images.encode(pixels))
    code = """
import sys
from core.__main__ import app
try:
    app(sys.argv[1:])
finally:
    print([name for name in ("tensorflow", "keras", "scipy", "streamlit") if name in sys.modules])
"""
    command = ["stylize", "photo.png", "style.png", "vincent-van-gogh", "--mode", "instant"]
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "--rows", "48", "--keep-colors", "-o", "out.png"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert images.load(tmp_path / "out.png").pixels.shape[0] == 48


def test_no_memory_of_a_picture_is_kept_for_the_next():
    photo = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    instant.paint(photo, [photo[::-1]], rows=96)
    for graph in (ENCODER, DECODER):
        assert models.load_graph(instant.MODEL, graph)._free == []
