"""Memory: estimates, what is refused, and what is free."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.optimization import memory
from core.stylize.request import StylizeRequest


def test_the_estimate_grows_with_the_picture_and_stops_where_tiles_begin():
    whole = memory.estimate_bytes(1365, 2048)
    assert whole == pytest.approx(4 * memory.estimate_bytes(1365, 512), rel=1e-6)
    tiled = memory.estimate_bytes(1365, 2048, largest=500_000)
    assert tiled < whole / 1.5
    more = memory.estimate_bytes(2730, 2048, largest=500_000)
    kept = memory.estimate_bytes(1365, 2048, largest=0)
    assert more - tiled == pytest.approx(kept, rel=1e-6)
    assert memory.estimate_bytes(100, 100, largest=500_000) == memory.estimate_bytes(100, 100)
    full, half = (
        memory.estimate_bytes(1365, 2048, precision=precision)
        for precision in ("float32", "mixed_bfloat16")
    )
    assert full > half
    assert memory.estimate_bytes(1365, 2048, optimizer="adam") < whole


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_2048_pixels_paint_within_8_gigabytes(precision):
    request = StylizeRequest(rows=1365, precision=precision)
    style = np.zeros((1365, 1700, 3), np.uint8)
    app = 1.5e9  # with TensorFlow and networks
    for free in (4e9, 6e9, 64e9):
        largest = memory.room(1365, 2048, [style], request, int(free))
        needed = memory.estimate_bytes(1365, 2048, precision=precision, forms=True, largest=largest)
        assert needed <= min(free, 8e9 - app)


def test_forms_take_more_and_texture_alone_takes_what_it_took():
    texture, forms = (memory.estimate_bytes(400, 600, forms=forms) for forms in (False, True))
    assert texture + 0.6e9 < forms < 3e9 - 0.9e9  # with TensorFlow and the network
    request = StylizeRequest(rows=400)
    enough = int(1.01 * memory.estimate_bytes(400, 600, largest=250_000))
    assert memory.room(400, 600, [], request.changed(forms=0.0), enough)
    with pytest.raises(memory.TooLarge):
        memory.room(400, 600, [], request, enough)


def test_what_does_not_fit_even_in_tiles_is_refused_in_one_sentence():
    request = StylizeRequest(rows=10_000)
    with pytest.raises(memory.TooLarge) as refused:
        memory.room(10_000, 10_000, [], request, 6 * 10**9)
    sentence = str(refused.value)
    assert "10000×10000 pixels" in sentence
    assert "6.0 GB are free, enough for about" in sentence
    assert sentence.endswith("rows: choose fewer rows.")
    rows = int(sentence.partition("about ")[2].partition("enough for about ")[2].split()[0])
    assert 2000 < rows < 4000
    assert memory.room(rows, rows, [], request.changed(rows=rows), 6 * 10**9)
    more = round(1.1 * rows)
    with pytest.raises(memory.TooLarge):
        memory.room(more, more, [], request.changed(rows=more), 6 * 10**9)


def test_a_style_picture_counts_too():
    request = StylizeRequest(rows=400, brush=10.0, forms=0.0)
    wide = np.zeros((100, 5000, 3), np.uint8)
    assert memory.room(400, 600, [], request, 10**9)
    with pytest.raises(memory.TooLarge):
        memory.room(400, 600, [wide], request, 10**9)


def test_networks_that_cannot_be_cut_need_room_for_the_whole():
    request = StylizeRequest(network="resnet50", rows=1365)
    assert memory.room(1365, 2048, [], request, 64 * 10**9) is None
    with pytest.raises(memory.TooLarge, match=r"enough for about \d+ rows"):
        memory.room(1365, 2048, [], request, 4 * 10**9)
    assert memory.room(1365, 2048, [], StylizeRequest(rows=1365), 4 * 10**9)


def test_free_memory_is_that_of_the_container(tmp_path, monkeypatch):
    machine = memory.free_bytes()
    files = {
        "/proc/meminfo": "MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\nHugePages_Total: 0\n",
        "/sys/fs/cgroup/memory.max": "3000000000\n",
        "/sys/fs/cgroup/memory.current": "1500000000\n",
        "/sys/fs/cgroup/memory.stat": "anon 1000000000\ninactive_file 250000000\n",
    }

    def read(path, *_, **__):
        if str(path) not in files:
            raise FileNotFoundError(path)
        return files[str(path)]

    monkeypatch.setattr(memory.Path, "read_text", read)
    assert memory.free_bytes() == 1_750_000_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert memory.free_bytes() == 8_000_000 * 1024
    files.clear()
    assert memory.free_bytes() > 0
    assert machine > 0
