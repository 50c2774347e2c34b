"""Generators on LiteRT: what Keras gives in float32, for any size, from any thread."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core import examples, images, models, monet
from core.models import litert_runtime
from core.monet import MODELS, generate, tiled
from core.monet.keras_network import KerasNetwork
from core.monet.networks import LiteRTNetwork
from core.monet.tiled import Painter, Stopped
from core.settings import ROOT

TOLERANCE = 0.05  # of 0..255, before rounding
MEADOW = images.load(examples.photos()[1].read()).pixels


@pytest.fixture(scope="module", params=MODELS.values())
def both(request) -> tuple[KerasNetwork, LiteRTNetwork]:
    """A shipped generator in both runtimes."""
    entry = models.get(request.param)
    network = models.build(entry, models.resolve(entry), dtype="float32").body
    return KerasNetwork(network), LiteRTNetwork(partial(models.load_graph, entry.id))


def photo(height: int, width: int) -> np.ndarray:
    """Part of a photo, as a network takes it."""
    return MEADOW[None, 200 : 200 + height, 300 : 300 + width].astype(np.float32)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a - b).max() * 127.5)


def test_pictures_of_changing_sizes_are_those_of_keras(both):
    keras_, lite = both
    for height, width in ((64, 64), (212, 148), (148, 300), (64, 64), (8, 12)):
        seen = photo(height, width)
        painted = lite.whole(seen)
        assert painted.shape == (height, width, 3)
        assert apart(painted, keras_.whole(seen)) < TOLERANCE
    seen = photo(212, 148)
    assert np.abs(lite.whole(seen) - seen[0] / 127.5 + 1).mean() > 0.02  # it does paint


def test_moments_and_tiles_are_those_of_keras(both):
    keras_, lite = both
    seen = photo(180, 236)
    expected, found = keras_.moments(seen), lite.moments(seen)
    assert found.shape == expected.shape == (2, 2 * 32 + 2 * 64 + 13 * 128)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    # With its own moments a picture is painted as in one piece; with those of another it is not.
    assert apart(lite.tile(seen, found), lite.whole(seen)) < TOLERANCE
    part = seen[:, :64, 40:140]
    assert apart(lite.tile(part, found), keras_.tile(part, expected)) < TOLERANCE
    assert apart(lite.tile(part, found), lite.whole(part)) > 1


@pytest.mark.parametrize("shape", [(61, 90), (1, 1), (3, 130), (210, 301)])
def test_canvases_of_any_size_are_those_of_keras(both, shape, monkeypatch):
    """In one piece and in tiles; where rounding falls the other way they are one apart."""
    canvas = photo(*shape)[0].astype(np.uint8)
    for whole in (tiled.WHOLE, 40_000):
        monkeypatch.setattr(tiled, "WHOLE", whole)
        monkeypatch.setattr(tiled, "TILE", 64)
        expected, found = (Painter(each, soften=0.3).paint(canvas).astype(int) for each in both)
        assert np.abs(found - expected).max() <= 1
        assert (found != expected).mean() < 0.002


def test_twenty_at_once_get_their_own_pictures(both):
    _, lite = both
    given = [photo(32 + 4 * (i % 7), 32 + 4 * (i % 3)) for i in range(40)]
    alone = [lite.whole(each) for each in given]
    with ThreadPoolExecutor(20) as pool:
        for expected, found in zip(alone, pool.map(lite.whole, given), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_no_memory_of_a_canvas_is_kept(both, monkeypatch):
    """Whether it was finished or stopped: interpreters keep what their largest input took."""
    _, lite = both
    canvas = photo(96, 96)[0].astype(np.uint8)

    def kept() -> int:
        return sum(len(network._free) for network in lite._used.values())

    lite.whole(photo(64, 64))
    assert kept() == 1
    Painter(lite).paint(canvas)
    assert kept() == 0
    monkeypatch.setattr(tiled, "WHOLE", 1000)
    monkeypatch.setattr(tiled, "TILE", 64)
    asked = iter([False, True])
    with pytest.raises(Stopped):
        Painter(lite).paint(canvas, lambda: next(asked))
    assert kept() == 0


def test_the_setting_decides_what_paints(monkeypatch):
    from core.settings import settings

    canvas = photo(60, 60)[0].astype(np.uint8)
    found = {}
    for runtime in ("litert", "tensorflow"):
        monkeypatch.setenv("ATELIER_RUNTIME", runtime)
        monkeypatch.setenv("ATELIER_PRECISION", "float32")
        settings.cache_clear()
        monkeypatch.setattr("core.models.loading._loaded", {})
        generate._painter.cache_clear()
        painter = monet.painter("photo_to_monet")
        assert painter.runtime.lower().startswith(runtime)
        found[runtime] = painter.paint(canvas).astype(int)
    generate._painter.cache_clear()
    assert np.abs(found["litert"] - found["tensorflow"]).max() <= 1
    assert litert_runtime.version() == LiteRTNetwork(models.load_graph).runtime


GROWTH = """
from pathlib import Path
import numpy as np
from core import monet

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 1_000_000

canvas = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
monet.paint(canvas)
before = resident()
monet.paint(canvas.repeat(16, axis=0).repeat(16, axis=1), brush="fine")
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_a_large_canvas_leaves_the_process_small():
    """While it is painted it takes more than 500 MB."""
    command = [sys.executable, "-c", GROWTH]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 40


SCRIPT = """
import sys
from core.__main__ import app
try:
    app(["monet", sys.argv[1], "-o", sys.argv[2]])
except SystemExit as end:
    print(end.code, *({"tensorflow", "keras"} & set(sys.modules)))
"""


def test_the_command_line_paints_without_tensorflow(tmp_path: Path):
    (tmp_path / "photo.png").write_bytes(images.encode(photo(90, 120)[0].astype(np.uint8)))
    command = [sys.executable, "-c", SCRIPT, tmp_path / "photo.png", tmp_path / "monet.png"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0", done.stdout + done.stderr
    assert images.load(tmp_path / "monet.png").pixels.shape == (90, 120, 3)
