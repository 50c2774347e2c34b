"""Places of artists' paintings: what ships, what is refused, and how they are painted with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from core import models
from core.images.types import Floats, Pixels
from core.stylize import artist_places, artist_styles, objective, refine
from core.stylize.objective import forms, neighbors
from core.stylize.request import StylizeRequest
from core.stylize.style import StyleTarget

CHANNELS = 12
SMALL = StylizeRequest(rows=48, steps=6, scales=(0.75, 1.0), precision="float32", forms=0.5)
SHIPPED = artist_places.catalogue(artist_styles.ASSETS)


@pytest.fixture
def basis() -> artist_places.Basis:
    """All directions there are, so that nothing is lost but by steps."""
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(CHANNELS, CHANNELS)))[0]
    mean = np.full(CHANNELS, 0.2, np.float32)
    return artist_places.Basis(mean, directions.astype(np.float16))


@pytest.fixture
def columns() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 9, (30, CHANNELS)).astype(np.float32)


@pytest.fixture
def directory(tmp_path, basis, columns):
    """A catalogue of one artist."""

    def put(name: str, arrays) -> dict:
        path = tmp_path / name
        np.savez_compressed(path, **arrays)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return {"file": name, "sha256": digest, "bytes": path.stat().st_size}

    coded = {
        rows: artist_places.encode(rows * columns[:count], basis, 1 / 64)
        for rows, count in ((80, 30), (40, 20))
    }
    entry = put("claude-monet.places.npz", artist_places.pack(artist_places.Places(basis, coded)))
    entry |= {"artist": "claude-monet", "paintings": 3, "date": "2026-01-01", "seed": 1}
    listed = {
        "basis": put("basis.places.npz", {"mean": basis.mean, "directions": basis.directions}),
        "kept": 1.0,
        "places": [entry | {"command": "none"}],
    }
    (tmp_path / artist_places.LISTED).write_text(json.dumps(listed))
    yield tmp_path
    artist_places.read_basis.cache_clear()


@pytest.fixture(scope="module")
def painter() -> artist_styles.ArtistStyle:
    return artist_styles.load("claude-monet")


@pytest.fixture
def photo(make_picture):
    return make_picture(64, 80, seed=1)


# What ships.


def test_every_style_has_places():
    assert {each.artist for each in SHIPPED.places} == {
        each.artist for each in artist_styles.catalogue()
    }
    assert all(artist_styles.has_places(each.artist) for each in SHIPPED.places)
    assert not artist_styles.has_places("salvador-dali")
    assert SHIPPED.kept > 0.85


@pytest.mark.parametrize("entry", SHIPPED.places, ids=lambda entry: entry.artist)
def test_shipped_places_are_whole(entry):
    places = artist_places.load(artist_styles.ASSETS, entry.artist)
    assert set(places.coded) == {224, 112}
    for rows in (100, 400):
        columns = places.at(rows)
        assert columns.dtype == np.float32
        assert columns.shape[0] >= 250
        assert columns.shape[1] == 1728
        assert np.isfinite(columns).all()
        assert (columns >= 0).all()
        assert (np.square(columns).sum(1) > 0).all()


# Storing.


def test_what_is_read_is_what_was_written(directory, columns):
    places = artist_places.load(directory, "claude-monet")
    for rows, scale, count in ((100, 80, 30), (30, 40, 20)):
        found, wanted = places.at(rows), scale * columns[:count]
        assert found.shape == wanted.shape
        lengths = np.linalg.norm(wanted, axis=1, keepdims=True)
        assert np.abs(found - wanted).max() < 0.03 * lengths.max()


def test_nothing_is_no_error(tmp_path, directory):
    assert artist_places.load(directory, "edgar-degas") is None
    assert artist_places.load(tmp_path / "elsewhere", "claude-monet") is None


@pytest.mark.parametrize("name", ["claude-monet.places.npz", "basis.places.npz"])
def test_a_damaged_or_missing_file_is_refused(directory, name):
    path = directory / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(models.WeightsError, match="damaged"):
        artist_places.load(directory, "claude-monet")
    path.unlink()
    with pytest.raises(models.WeightsError, match="missing"):
        artist_places.load(directory, "claude-monet")


# Painting.


@pytest.mark.tensorflow
def test_places_are_matched_as_a_picture_is(photo, make_picture, painter):
    layers = tuple(forms.CONTENT.items()), tuple(forms.TEXTURE.items())
    judge = objective.objective("vgg16", "float32", *layers, True)
    bank = forms.Bank(painter.places.at(48))
    alone = judge.match(photo, [bank], [1.0])
    assert alone.bank.shape == bank.columns.shape
    assert alone.chosen.shape == (16, 20)
    assert len(np.unique(alone.chosen)) > 5
    both = judge.match(photo, [make_picture(60, 60, seed=5), bank], [0.5, 0.5])
    assert both.bank.shape[0] == 15 * 15 + len(bank.columns)
    assert (both.chosen < 15 * 15).mean() == pytest.approx(0.5, abs=0.02)
    same = judge.match(photo, [forms.Bank(columns_of(judge, photo), neighbors.HUBNESS)], [1.0])
    as_picture = judge.match(photo, [photo], [1.0])
    np.testing.assert_array_equal(same.chosen, as_picture.chosen)


@pytest.mark.tensorflow
def test_hubs_are_taken_less_of_a_painter_than_of_a_picture(photo, make_picture):
    layers = tuple(forms.CONTENT.items()), tuple(forms.TEXTURE.items())
    judge = objective.objective("vgg16", "float32", *layers, True)
    columns = columns_of(judge, make_picture(60, 60, seed=5))
    as_painter, as_picture = (
        judge.match(photo, [bank], [1.0]).chosen
        for bank in (forms.Bank(columns), forms.Bank(columns, neighbors.HUBNESS))
    )
    assert len(np.unique(as_painter)) > len(np.unique(as_picture))


def columns_of(judge: objective.Objective, picture: Pixels) -> Floats:
    """The hypercolumns of all places of a picture, `(places, channels)`."""
    seen = forms.hypercolumns(judge.features(picture.astype(np.float32))).numpy()
    return seen.reshape(-1, seen.shape[-1])


def test_of_many_places_a_sample_is_taken():
    bank = forms.Bank(np.arange(40, dtype=np.float32).reshape(20, 2))
    assert bank.sample(20, 0) is bank.columns
    one, two = bank.sample(5, 0), bank.sample(5, 0)
    np.testing.assert_array_equal(one, two)
    assert one.shape == (5, 2)


@pytest.mark.tensorflow
def test_a_painter_is_painted_with_forms_and_again_alike(photo, painter):
    assert refine.allowed(SMALL, [painter]) is SMALL
    one, two = (list(refine.refine(photo, [painter], SMALL)) for _ in range(2))
    np.testing.assert_array_equal(one[-1].pixels(), two[-1].pixels())
    assert one[-1].loss < one[-2].loss

    def first(share: float) -> refine.Step:
        request = SMALL.changed(forms=share, scales=(1.0,), steps=1)
        return next(refine.refine(photo, [painter], request, canvas=photo))

    by_forms, both = first(1.0), first(0.5)
    assert 0 < by_forms.style_loss < 1
    assert both.style_loss > 0.5 * by_forms.style_loss


@pytest.mark.tensorflow
def test_without_places_a_painter_is_painted_by_texture_as_before(photo, painter):
    bare = replace(painter, places=None)
    assert refine.allowed(SMALL, [painter, bare]).forms == 0
    assert refine.allowed(SMALL, [painter, StyleTarget("vgg16")]).forms == 0
    *_, asked = refine.refine(photo, [bare], SMALL)
    *_, wanted = refine.refine(photo, [bare], SMALL.changed(forms=0.0))
    *_, also = refine.refine(photo, [painter], SMALL.changed(forms=0.0))
    np.testing.assert_array_equal(asked.pixels(), wanted.pixels())
    np.testing.assert_array_equal(also.pixels(), wanted.pixels())


@pytest.mark.tensorflow
def test_a_painter_and_a_picture_mix_with_forms(photo, make_picture, painter):
    styles = [painter, make_picture(60, 60, seed=5)]
    assert refine.allowed(SMALL, styles) is SMALL
    steps = list(refine.refine(photo, styles, SMALL.changed(style_weights=(1.0, 2.0))))
    assert steps[-1].style_loss < steps[-2].style_loss


@pytest.mark.tensorflow
def test_brush_and_scale_choose_the_places(photo, painter, monkeypatch):
    asked = []
    original = artist_places.Places.at

    def at(self, rows):
        asked.append(rows)
        return original(self, rows)

    monkeypatch.setattr(artist_places.Places, "at", at)
    list(refine.refine(photo, [painter], SMALL.changed(brush=2.0, steps=2)))
    assert asked == [72, 96]
