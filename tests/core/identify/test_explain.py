"""Heat maps, and how they are shown."""

from __future__ import annotations

import numpy as np
import pytest

from core import examples, identify, images, models


def load_example(number: int) -> images.Picture:
    return images.load(examples.catalogue()[number].read(), enough=identify.ENOUGH)


@pytest.mark.parametrize("model", [entry.id for entry in models.classifiers()])
def test_the_explanation_points_at_the_evidence(model):
    """Greying what the heat map names costs the artist more than greying what it does not.

    For three of four paintings at least: grey itself may look like somebody's hand.
    """
    pointed = []
    for number in range(4):
        picture = load_example(number)
        artist = identify.identify(picture, model, top=1).guesses[0].artist.id
        heat = identify.explain(picture, model, artist_id=artist)
        assert heat.shape == picture.pixels.shape[:2]
        assert heat.min() >= 0
        assert heat.max() == pytest.approx(1, abs=0.05)
        without = [
            probability(greyed(picture, mask), model, artist)
            for mask in (heat >= np.quantile(heat, 0.75), heat <= np.quantile(heat, 0.25))
        ]
        pointed.append(without[0] < without[1])
    assert sum(pointed) >= 3


def greyed(picture: images.Picture, mask: np.ndarray) -> images.Picture:
    pixels = picture.pixels.copy()
    pixels[mask] = 128
    return images.Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))


def probability(picture: images.Picture, model: str, artist: str) -> float:
    guesses = identify.identify(picture, model, top=50).guesses
    return next(g.probability for g in guesses if g.artist.id == artist)


def test_an_artist_the_model_does_not_know_cannot_be_explained():
    with pytest.raises(KeyError, match="leonardo-da-vinci"):
        identify.explain(load_example(0), artist_id="leonardo-da-vinci")


def test_overlay_lights_what_is_hot_and_shades_the_rest(make_picture):
    pixels = make_picture()
    heat = np.zeros(pixels.shape[:2], np.float32)
    heat[:, :64] = 1
    lit = identify.overlay(pixels, heat)
    assert lit.shape == pixels.shape
    assert lit.dtype == np.uint8
    assert lit[:, 64:].mean() < 0.6 * pixels[:, 64:].mean()
    assert lit[:, :64].mean() > 0.8 * pixels[:, :64].mean()
