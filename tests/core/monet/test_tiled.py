"""Canvases of any size: no seams, the right shape, the same picture as in one piece."""

from __future__ import annotations

import numpy as np
import pytest

from core.models import architectures
from core.monet import tiled
from core.monet.keras_network import KerasNetwork
from core.monet.tiled import Painter, Stopped


@pytest.fixture(scope="module")
def network():
    """A narrow generator as deep as the shipped ones, with lively random weights."""
    model = architectures.monet_generator(filters=4)
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            rng.normal(1 if "gamma" in v.path else 0, 0.1 if v.shape[-1] == 3 else 0.3, v.shape)
            for v in model.weights
        ]
    )
    return model


def canvas(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width]


def as_given(network, picture: np.ndarray) -> np.ndarray:
    """What a network makes of a picture, written without the painter."""
    painted = np.asarray(network(picture[None].astype(np.float32)))[0]
    return np.rint((painted + 1) * 127.5).clip(0, 255).astype(np.uint8)


def difference(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


def test_tiles_cover_everything_once():
    for height, width in ((150, 150), (1000, 1484), (145, 3000), (784, 1424)):
        seen = np.zeros((height, width), int)
        for top, left, bottom, right in tiled._tiles(height, width):
            assert 0 <= top < bottom <= height
            assert 0 <= left < right <= width
            m = tiled.MARGIN
            seen[top + m : bottom - m, left + m : right - m] += 1
        m = tiled.MARGIN
        assert (seen[m : height - m, m : width - m] == 1).all()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (61, 90), (3, 200), (1, 1)])
def test_any_shape_comes_back(network, height: int, width: int):
    assert Painter(KerasNetwork(network)).paint(canvas(height, width)).shape == (height, width, 3)


def test_a_small_canvas_is_painted_as_the_network_does(network):
    picture = canvas(90, 120)
    wide = tiled._reflected(picture)
    expected = as_given(network, wide)[tiled.MARGIN :, tiled.MARGIN :][:90, :120]
    assert difference(Painter(KerasNetwork(network)).paint(picture), expected) <= 1
    assert np.std(expected.astype(float) - picture) > 5  # it does paint


@pytest.mark.parametrize(("margin", "seams"), [(tiled.MARGIN, False), (16, True)])
def test_tiles_fit_without_a_seam(network, monkeypatch, margin, seams):
    """In tiles of 64 and in one tile the same pixels; a narrower margin would show."""
    picture = canvas(210, 300)
    monkeypatch.setattr(tiled, "WHOLE", 40_000)
    monkeypatch.setattr(tiled, "TILE", 1000)
    at_once = Painter(KerasNetwork(network)).paint(picture)
    monkeypatch.setattr(tiled, "TILE", 64)
    assert len(list(tiled._tiles(*tiled._reflected(picture).shape[:2]))) == 4 * 5
    monkeypatch.setattr(tiled, "MARGIN", margin)
    apart = difference(Painter(KerasNetwork(network)).paint(picture), at_once)
    assert apart > 3 if seams else apart <= 1


def test_fixed_statistics_of_the_whole_give_what_the_network_gives(network, monkeypatch):
    """Where the reduced copy is the canvas itself, tiles and one piece are the same."""
    picture = canvas(160, 250)
    one_piece = Painter(KerasNetwork(network)).paint(picture)
    monkeypatch.setattr(tiled, "WHOLE", 160 * 250 - 1)
    monkeypatch.setattr(tiled, "TILE", 64)
    monkeypatch.setattr(tiled.images, "preview", lambda pixels, side: pixels)
    assert difference(Painter(KerasNetwork(network)).paint(picture), one_piece) <= 1


def test_it_stops_between_tiles(network, monkeypatch):
    monkeypatch.setattr(tiled, "WHOLE", 1000)
    monkeypatch.setattr(tiled, "TILE", 64)
    asked = iter([False, False, True])
    painter_ = Painter(KerasNetwork(network))
    with pytest.raises(Stopped):
        painter_.paint(canvas(200, 200), lambda: next(asked))
    assert painter_.paint(canvas(20, 20)).shape == (20, 20, 3)  # and can be used again


def test_softening_takes_the_detail_of_pixel_pairs():
    """By a network that changes nothing: a board of two greys keeps the share that it should."""
    unchanged = architectures.monet_generator(filters=4, blocks=1)
    board = (100 + 80 * (np.indices((64, 64)).sum(axis=0) % 2)).astype(np.uint8)
    picture = np.repeat(board[:, :, None], 3, axis=2)
    for soften, contrast in ((0.0, 80), (0.5, 40), (1.0, 0)):
        painted = Painter(KerasNetwork(unchanged), soften=soften).paint(picture).astype(int)
        assert abs(int(painted.max()) - int(painted.min()) - contrast) <= 1
        assert abs(painted.mean() - 140) < 1
