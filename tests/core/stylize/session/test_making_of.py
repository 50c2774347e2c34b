"""Films: what the file holds, frame by frame."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core import images
from core.stylize.session import making_of


def frames(number: int) -> list[bytes]:
    """A white bar that moves: frames too much like the one before are left out of a film."""
    found = []
    for place in range(number):
        pixels = np.full((40, 100, 3), 40, np.uint8)
        pixels[:, place : place + 20] = 250
        found.append(images.encode(pixels, "JPEG", quality=90))
    return found


@pytest.mark.parametrize("number", [2, 3, 80])
def test_a_film_shows_its_frames_in_order_and_holds_the_last(number):
    with Image.open(io.BytesIO(making_of.animate(frames(number)))) as found:
        assert (found.format, found.size) == ("WEBP", (100, 40))
        assert found.n_frames == number
        assert found.info["loop"] == 0
        places, durations = [], []
        for place in range(number):
            found.seek(place)
            found.load()
            places.append(int((np.asarray(found.convert("L"))[20] > 145).argmax()))
            durations.append(found.info["duration"])
    np.testing.assert_allclose(places, np.arange(number), atol=1)
    assert durations[-1] == 2500
    assert all(40 <= each <= 600 for each in durations[:-1])


def test_one_frame_makes_a_picture():
    assert images.load(making_of.animate(frames(1))).pixels.shape == (40, 100, 3)


def test_no_frame_makes_no_film():
    with pytest.raises(ValueError, match=r"\.$"):
        making_of.animate([])
