"""Pictures decoded in a process of its own: limits, deaths, many threads."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core import images
from core.images import loading, sandbox

# 3.5 kB: its header says 100 x 100, its bitstream holds 16,384 x 16,384 flat pixels.
BOMB = Path(__file__).parents[2] / "data" / "bomb.avif"


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch):
    """A decoder of the test's own."""
    decoder = sandbox.Decoder()
    monkeypatch.setattr(loading, "_decoder", decoder)
    yield decoder
    decoder.close()


def avif(pixels: np.ndarray) -> bytes:
    return images.encode(pixels, "AVIF", quality=100)


def most_memory(decoder: sandbox.Decoder) -> int:
    """Bytes that the process held at its worst moment."""
    assert decoder._child is not None
    status = Path(f"/proc/{decoder._child.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def test_a_picture_comes_back_whole(decoder: sandbox.Decoder, make_picture):
    pixels = make_picture(70, 90)
    picture = images.load(avif(pixels))
    assert picture.format == "AVIF"
    assert picture.original_size == (90, 70)
    assert np.abs(picture.pixels.astype(int) - pixels).mean() < 6
    assert not picture.pixels.flags.writeable


def test_one_process_serves_many_pictures(decoder: sandbox.Decoder, make_picture):
    images.load(avif(make_picture()))
    child = decoder._child
    images.load(avif(make_picture(40, 50)))
    with pytest.raises(images.UnreadablePicture):
        images.load(avif(make_picture())[:-40])
    images.load(avif(make_picture(50, 40)))
    assert decoder._child is child


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_bomb_is_refused_and_costs_little(decoder: sandbox.Decoder, make_picture):
    with pytest.raises(images.UnreadablePicture):
        images.load(BOMB)
    assert most_memory(decoder) < 400_000_000
    images.load(avif(make_picture()))


def test_a_process_that_died_is_replaced(decoder: sandbox.Decoder, make_picture):
    images.load(avif(make_picture()))
    child = decoder._child
    assert child is not None
    child.process.kill()
    child.process.wait()
    images.load(avif(make_picture()))
    assert decoder._child is not child


def test_a_picture_that_kills_its_process_gets_a_sentence(
    decoder: sandbox.Decoder, make_picture, monkeypatch: pytest.MonkeyPatch
):
    start = sandbox._start

    def doomed():
        child = start()
        child.process.kill()
        return child

    monkeypatch.setattr(sandbox, "_start", doomed)
    with pytest.raises(images.UnreadablePicture, match="saving it as JPEG or PNG"):
        images.load(avif(make_picture()))
    monkeypatch.setattr(sandbox, "_start", start)
    images.load(avif(make_picture()))


@pytest.mark.parametrize(
    ("thrown", "told"),
    [
        (MemoryError(), "^The picture is too large for this machine.$"),
        (KeyboardInterrupt(), "^$"),
    ],
)
def test_an_answer_that_is_not_read_to_its_end_is_not_that_of_the_next_picture(
    decoder: sandbox.Decoder,
    make_picture,
    monkeypatch: pytest.MonkeyPatch,
    thrown: BaseException,
    told: str,
):
    def interrupted(file):
        file.readline()
        raise thrown

    images.load(avif(make_picture()))
    child = decoder._child
    assert child is not None
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "_read_reply", interrupted)
        with pytest.raises((images.UnreadablePicture, KeyboardInterrupt), match=told):
            images.load(avif(make_picture()))
    assert child.process.poll() is not None
    assert images.load(avif(make_picture(50, 40))).pixels.shape == (50, 40, 3)


def test_a_picture_that_takes_forever_is_given_up(
    decoder: sandbox.Decoder, make_picture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sandbox, "_SECONDS", 0.001)
    with pytest.raises(images.UnreadablePicture):
        images.load(avif(make_picture(400, 400)))


def test_many_threads_get_their_own_pictures(decoder: sandbox.Decoder):
    def one(grey: int) -> float:
        return float(images.load(avif(np.full((30, 30, 3), grey, np.uint8))).pixels.mean())

    with ThreadPoolExecutor(8) as pool:
        for grey, mean in zip(range(0, 250, 10), pool.map(one, range(0, 250, 10)), strict=True):
            assert abs(mean - grey) < 3


def test_limits_of_this_process_count(
    decoder: sandbox.Decoder, make_picture, monkeypatch: pytest.MonkeyPatch
):
    from core.settings import settings

    images.load(avif(make_picture()))  # the process is there, with the limits of before
    monkeypatch.setenv("ATELIER_MAX_PIXELS", "100")
    settings.cache_clear()
    with pytest.raises(images.UnreadablePicture, match="too large"):
        images.load(avif(make_picture()))
