"""Learning places of artists: the basis, which places are kept, and the command that adds them."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from core import images
from core.stylize import artist_places as core_places
from core.stylize.objective.neighbors import unit
from tests.training.stylizer.tiny import TINY
from training.data.inputs import TrainingError
from training.stylizer import artist_places, artist_styles
from training.stylizer.choosing import Options


def columns(places: int, seed: int, channels: int = 20, rank: int = 6) -> np.ndarray:
    """Features of few causes, none negative."""
    rng = np.random.default_rng(seed)
    return (rng.gamma(1.0, 1.0, (places, rank)) @ rng.uniform(0, 1, (rank, channels))).astype(
        np.float32
    )


def test_the_basis_keeps_what_there_is():
    found = {"one": {48: columns(200, 0)}, "two": {48: 7 * columns(200, 0)}}
    basis, kept = artist_places.fit(found, Options(directions=8, fitted=150))
    assert kept > 0.99
    assert basis.directions.shape == (8, 20)
    coded = core_places.encode(found["two"][48], basis, 1 / 64)
    read = core_places.Places(basis, {48: coded}).at(48)
    assert (unit(read) * unit(found["two"][48])).sum(1).min() > 0.99
    np.testing.assert_allclose(
        np.linalg.norm(read, axis=1), np.linalg.norm(found["two"][48], axis=1), rtol=0.1
    )


def test_places_that_are_kept_cover_all_there_are():
    common, rare = columns(300, 1), columns(5, 2)
    everything = np.concatenate([common, rare])
    options = Options(directions=8, fitted=300, places=40)
    basis, _ = artist_places.fit({"one": {48: everything}}, options)
    kept = artist_places.cover(everything, basis, options)
    assert len(kept) <= 40
    assert (np.diff(kept) > 0).all()
    assert (kept >= 300).any()  # 5 of 305
    np.testing.assert_array_equal(kept, artist_places.cover(everything, basis, options))
    np.testing.assert_array_equal(artist_places.cover(common[:9], basis, options), np.arange(9))


@pytest.fixture
def data(tmp_path, make_picture):
    """Paintings of two painters in two directories."""
    for place, name, seeds in (
        ("first", "Claude_Monet", range(8)),
        ("more", "Edgar_Degas", range(20, 28)),
    ):
        (tmp_path / place / name).mkdir(parents=True)
        for seed in seeds:
            path = tmp_path / place / name / f"{name}_{seed}.png"
            path.write_bytes(images.encode(make_picture(64, 64, seed=seed)))
    return tmp_path


def test_places_are_added_to_styles_that_stay_as_they_are(data, monkeypatch, caplog):
    extractor = artist_styles.Extractor()
    monkeypatch.setattr(artist_styles, "Extractor", lambda: extractor)
    out, first, both = data / "styles", data / "first", [data / "first", data / "more"]
    artist_styles.publish(first, out, TINY)
    artist_styles.publish(both, out, TINY, missing=True)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for path in (out / core_places.LISTED, *out.glob("*.places.npz")):
        path.unlink()
    with caplog.at_level(logging.WARNING):
        (monet,) = artist_styles.publish_places(first, out, TINY)
        (degas,) = artist_styles.publish_places(both, out, TINY, missing=True)
    warned = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert not warned  # of the same paintings
    assert (monet.artist, degas.artist) == ("claude-monet", "edgar-degas")
    assert degas.command.endswith("--places --missing --seed 1")
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert after.keys() == before.keys()
    for name, content in before.items():
        assert after[name] == content or name == core_places.LISTED  # which names the command
    places = core_places.load(out, "edgar-degas")
    assert set(places.coded) == {48, 32}
    assert places.at(48).shape[0] <= 30
    with pytest.raises(TrainingError, match="nobody else"):
        artist_styles.publish_places(both, out, TINY, missing=True)
    with pytest.raises(TrainingError, match=r"Edgar Degas among them.* or --missing"):
        artist_styles.publish_places(first, out, TINY)
    assert core_places.load(out, "edgar-degas") is not None
