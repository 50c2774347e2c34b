"""Where pictures are cut, so that tiles fit together; and the memory that tiles take."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from core.stylize import extractors, objective, refine, tiling

LARGEST = 50_000  # pixels: forces two tiles each way on the pictures below
SIZE = 245, 275  # odd, so that poolings leave rows and columns out


@pytest.fixture(scope="module")
def judge() -> objective.Objective:
    """The shipped VGG16 with all its usual layers."""
    row = extractors.get("vgg16")
    return objective.objective(
        "vgg16", "float32", tuple(row.content.items()), tuple(row.style.items())
    )


@pytest.mark.parametrize(
    ("height", "width", "largest"),
    [(*SIZE, LARGEST), (1365, 2048, 1_000_000), (200, 5000, 250_000), (3001, 777, 400_000)],
)
def test_tiles_are_small_enough_and_own_everything_once(judge, height, width, largest):
    reach = judge._reach
    parts = tiling.cut(height, width, largest, reach)
    assert len(parts) > 1
    owned = np.zeros((height, width), int)
    for part in parts:
        seen = owned[part.seen]
        assert seen.size <= largest
        top, bottom, left, right = part.own
        seen[top:bottom, left:right] += 1
        for span, side in zip(part, (height, width), strict=True):
            assert span.start == max(0, span.first - reach.margin)
            assert span.stop == min(side, span.last + reach.margin)
            assert span.start % reach.stride == span.first % reach.stride == 0
            assert span.stop % reach.stride == 0 or span.stop == side
            assert span.last - span.first >= reach.stride
    assert (owned == 1).all()
    for stride in reach.strides.values():
        owned = np.zeros((height // stride, width // stride), int)
        for part in parts:
            owned[part.of_map(stride)] += 1
        assert (owned == 1).all()


def test_a_picture_that_fits_is_one_tile(judge):
    (part,) = tiling.cut(*SIZE, SIZE[0] * SIZE[1], judge._reach)
    assert part.own == [0, SIZE[0], 0, SIZE[1]]


def test_a_tile_without_room_for_margins_is_refused(judge):
    with pytest.raises(ValueError, match="room for margins"):
        tiling.cut(1000, 1000, 20_000, judge._reach)


def test_margins_are_as_wide_as_a_network_sees(judge):
    """By what moves when one pixel does, in a network whose convolutions pass everything on."""
    x = keras.Input((None, None, 3))
    model = keras.applications.VGG16(weights=None, include_top=False, input_tensor=x)
    model = keras.Model(x, {"last": model.get_layer("block5_conv2").output})
    positive = [np.abs(weights) for weights in model.get_weights()]
    model.set_weights([weights / max(1e-9, weights.sum()) for weights in positive])
    model = keras.Model(x, {"block5_conv2": model.get_layer("block5_conv2").output})
    dark = np.zeros((1, 16 * 15, 16, 3), np.float32)
    light = dark.copy()
    light[0, 16 * 7] = 1e30  # the first row of the place in the middle, which sees furthest up
    moved = np.flatnonzero((model(light)["block5_conv2"] != model(dark)["block5_conv2"]).numpy()
                           .any((0, 2, 3)))  # fmt: skip
    margin = tiling.reach(model).margin
    assert margin == 80
    assert 16 * (moved.max() - 7) <= margin
    assert 16 * (7 - moved.min()) <= margin


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(3, 3, strides=2, padding="same"),
        keras.layers.Conv2D(3, 3),
        keras.layers.Conv2D(3, 2, padding="same"),
        keras.layers.Conv2D(3, 3, dilation_rate=2, padding="same"),
        keras.layers.MaxPooling2D(3, strides=2),
        keras.layers.MaxPooling2D(2, padding="same"),
        keras.layers.GlobalAveragePooling2D(keepdims=True),
    ],
    ids=lambda layer: layer.name,
)
def test_only_plain_chains_are_cut(layer):
    x = keras.Input((None, None, 3))
    assert tiling.reach(keras.Model(x, {"layer": layer(x)})) is None


# Memory.


def test_the_estimate_grows_with_the_picture_and_stops_where_tiles_begin():
    whole = refine.estimate_bytes(1365, 2048)
    assert whole == pytest.approx(4 * refine.estimate_bytes(1365, 512), rel=1e-6)
    tiled = refine.estimate_bytes(1365, 2048, largest=500_000)
    assert tiled < whole / 1.5
    more = refine.estimate_bytes(2730, 2048, largest=500_000)
    kept = refine.estimate_bytes(1365, 2048, largest=0)
    assert more - tiled == pytest.approx(kept, rel=1e-6)
    assert refine.estimate_bytes(100, 100, largest=500_000) == refine.estimate_bytes(100, 100)
    assert refine.estimate_bytes(1365, 2048, precision="float32") > whole
    assert refine.estimate_bytes(1365, 2048, optimiser="adam") < whole


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_2048_pixels_paint_within_8_gigabytes(precision):
    options = refine.Options(rows=1365, precision=precision)
    style = np.zeros((1365, 1700, 3), np.uint8)
    app = 1.5e9  # with TensorFlow and networks
    for memory in (4e9, 6e9, 64e9):
        room = refine._room(1365, 2048, [style], options, int(memory))
        needed = refine.estimate_bytes(1365, 2048, precision=precision, largest=room)
        assert needed <= min(memory, 8e9 - app)


def test_what_does_not_fit_even_in_tiles_is_refused_in_one_sentence():
    options = refine.Options(rows=10_000)
    with pytest.raises(refine.TooLarge) as refused:
        refine._room(10_000, 10_000, [], options, 6 * 10**9)
    sentence = str(refused.value)
    assert "10000×10000 pixels" in sentence
    assert "6.0 GB are free, enough for about" in sentence
    assert sentence.endswith("rows: choose fewer rows.")
    rows = int(sentence.partition("about ")[2].partition("enough for about ")[2].split()[0])
    assert 2000 < rows < 4000
    assert refine._room(rows, rows, [], dataclasses.replace(options, rows=rows), 6 * 10**9)
    more = round(1.1 * rows)
    with pytest.raises(refine.TooLarge):
        refine._room(more, more, [], dataclasses.replace(options, rows=more), 6 * 10**9)


def test_a_style_picture_counts_too():
    options = refine.Options(rows=400, brush=10.0)
    wide = np.zeros((100, 5000, 3), np.uint8)
    assert refine._room(400, 600, [], options, 10**9)
    with pytest.raises(refine.TooLarge):
        refine._room(400, 600, [wide], options, 10**9)


def test_networks_that_cannot_be_cut_need_room_for_the_whole():
    options = refine.Options(network="resnet50", rows=1365)
    assert refine._room(1365, 2048, [], options, 64 * 10**9) is None
    with pytest.raises(refine.TooLarge, match=r"enough for about \d+ rows"):
        refine._room(1365, 2048, [], options, 4 * 10**9)
    assert refine._room(1365, 2048, [], refine.Options(rows=1365), 4 * 10**9)


def test_free_memory_is_that_of_the_container(tmp_path, monkeypatch):
    machine = refine.free_bytes()
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

    monkeypatch.setattr(refine.Path, "read_text", read)
    assert refine.free_bytes() == 1_750_000_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert refine.free_bytes() == 8_000_000 * 1024
    files.clear()
    assert refine.free_bytes() > 0
    assert machine > 0
