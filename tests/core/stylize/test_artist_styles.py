"""Styles by artist: what ships, what is refused, and how they are painted with."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import numpy as np
import pytest

from core import artists, models
from core.stylize import artist_places, artist_styles, extractors, instant, refine
from core.stylize.canvas import first_canvas
from core.stylize.request import StylizeRequest
from core.stylize.style import CORRELATED, mix

LAYERS = {"block1_conv1": 64, "block2_conv1": 128}
SMALL = StylizeRequest(
    rows=48,
    steps=6,
    scales=(0.75, 1.0),
    precision="float32",
    content_layers={"block2_conv1": 1.0},
    style_layers=dict.fromkeys(LAYERS, 1.0),
)


def made_up(seed: int, artist_id: str = "claude-monet") -> artist_styles.ArtistStyle:
    """A style of nobody, at 40 and at 80 rows."""
    rng = np.random.default_rng(seed)

    def gram(channels: int, size: float) -> artist_styles.LowRank:
        factor = size * rng.normal(size=(channels, 3))
        return artist_styles.LowRank(
            factor.astype(np.float32), rng.uniform(0, size, channels).astype(np.float32)
        )

    return artist_styles.ArtistStyle(
        artists.get(artist_id),
        "vgg16",
        {rows: {name: gram(n, rows) for name, n in LAYERS.items()} for rows in (80, 40)},
        {name: rng.uniform(0, 9, (2, n)).astype(np.float32) for name, n in LAYERS.items()},
        np.array([150, 120, 90], np.float32),
        np.diag([900, 400, 100]).astype(np.float32),
    )


def write(
    style: artist_styles.ArtistStyle, directory, monkeypatch, **changes
) -> artist_styles.Entry:
    """The only style of a catalogue of its own."""
    path = directory / f"{style.artist.id}.npz"
    with path.open("wb") as file:
        np.savez_compressed(file, **artist_styles.pack(style))
    entry = artist_styles.Entry(
        artist=style.artist.id,
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        bytes=path.stat().st_size,
        paintings=3,
        network="vgg16",
        date="2026-01-01",
        seed=1,
        command="none",
    )
    (directory / "styles.json").write_text(json.dumps([entry.model_dump() | changes]))
    monkeypatch.setattr(artist_styles, "ASSETS", directory)
    artist_styles._entries.cache_clear()
    return entry


@pytest.fixture(autouse=True)
def forgotten():
    """No test sees what another has loaded."""
    yield
    artist_styles._entries.cache_clear()
    artist_styles._read.cache_clear()


# What ships.


def test_at_least_twenty_artists_who_died_over_seventy_years_ago():
    shipped = artist_styles.catalogue()
    assert len({entry.artist for entry in shipped}) == len(shipped) >= 20
    for entry in shipped:
        assert artists.get(entry.artist).died + 70 < date.fromisoformat(entry.date).year
        assert entry.paintings >= 3


def test_what_ships_is_small_and_all_of_it_is_listed():
    listed = {entry.file: entry.bytes for entry in artist_styles.catalogue()}
    places = artist_places.catalogue(artist_styles.ASSETS)
    listed |= {entry.file: entry.bytes for entry in (places.basis, *places.places)}
    there = {path.name: path.stat().st_size for path in artist_styles.ASSETS.glob("*.npz")}
    assert listed == there
    assert sum(path.stat().st_size for path in artist_styles.ASSETS.iterdir()) <= 12_000_000


@pytest.mark.parametrize("entry", artist_styles.catalogue(), ids=lambda entry: entry.artist)
def test_shipped_styles_are_whole(entry):
    style = artist_styles.load(entry.artist)
    assert style.artist.id == entry.artist
    row = extractors.get(entry.network)
    for rows in (100, 400):
        target = style.at(rows)
        assert set(target.grams) == set(row.style)
        assert not target.moments
        for gram in target.grams.values():
            assert gram.dtype == np.float32
            np.testing.assert_array_equal(gram, gram.T)
            assert np.isfinite(gram).all()
            assert np.linalg.eigvalsh(gram).min() > -1e-4 * np.linalg.norm(gram)
            assert gram.trace() > 0
    assert set(style.at_once.moments) == set(instant.LAYERS)
    for values in style.at_once.moments.values():
        assert values.shape[0] == 2
        assert np.isfinite(values).all()
        assert (values >= 0).all()  # means and deviations of what a ReLU gives
    assert set(style.at_once.correlations) == set(CORRELATED)
    for values in style.at_once.correlations.values():
        np.testing.assert_allclose(values, values.T, atol=1e-6)
        np.testing.assert_allclose(np.diag(values), 1, rtol=1e-4)
        assert np.linalg.eigvalsh(values).min() > -1e-4
    assert ((style.color_mean > 0) & (style.color_mean < 255)).all()
    assert np.linalg.eigvalsh(style.color_covariance).min() > 0


def test_a_style_is_loaded_once():
    first = artist_styles.catalogue()[0].artist
    assert artist_styles.load(first) is artist_styles.load(first)


def test_correlations_follow_from_gram_matrix_and_moments():
    rng = np.random.default_rng(0)
    flat = rng.gamma(1.0, 9.0, (400, 5)) @ rng.normal(0.5, 0.4, (5, 5))
    flat[:, 2] = 0  # a channel that sees nothing
    gram = flat.T @ flat / len(flat)
    moments = np.stack([flat.mean(0), np.sqrt(flat.var(0) + 1)])
    expected = np.cov(flat.T, bias=True) + np.eye(5)
    expected /= np.outer(moments[1], moments[1])
    for size in (1.0, 7.0):  # the Gram matrices of a group of paintings have one of their own
        np.testing.assert_allclose(
            artist_styles.correlation(size * gram, moments), expected, atol=1e-5
        )


# What is refused.


def test_unknown_artists():
    with pytest.raises(KeyError, match="claude-monet"):
        artist_styles.load("bob-ross")


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    entry = write(made_up(0), tmp_path, monkeypatch)
    path = tmp_path / entry.file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(models.WeightsError, match="damaged"):
        artist_styles.load(entry.artist)


def test_a_missing_file_is_refused(tmp_path, monkeypatch):
    entry = write(made_up(0), tmp_path, monkeypatch)
    (tmp_path / entry.file).unlink()
    with pytest.raises(models.WeightsError, match="missing"):
        artist_styles.load(entry.artist)


# Storing.


def test_what_is_read_is_what_was_written(tmp_path, monkeypatch):
    style = made_up(0)
    write(style, tmp_path, monkeypatch)
    read = artist_styles.load("claude-monet")
    for rows, grams in style.grams.items():
        for name, gram in grams.items():
            whole = gram.matrix()
            error = read.grams[rows][name].matrix() - whole
            assert np.linalg.norm(error) < 1e-3 * np.linalg.norm(whole)
    for name, values in style.described.items():
        np.testing.assert_array_equal(read.at_once.moments[name], values)
    np.testing.assert_array_equal(read.color_covariance, style.color_covariance)


@pytest.mark.parametrize("size", [1e-7, 1e7])
def test_values_beyond_the_range_of_float16_are_kept(size):
    style = made_up(0)
    large = {
        rows: {n: artist_styles.LowRank(g.factor * size, g.rest * size) for n, g in grams.items()}
        for rows, grams in style.grams.items()
    }
    stored = artist_styles.pack(
        artist_styles.ArtistStyle(
            style.artist, "vgg16", large, {}, style.color_mean, style.color_covariance
        )
    )
    read = artist_styles.unpack(style.artist, "vgg16", stored)
    for name in LAYERS:
        expected = large[40][name].factor
        np.testing.assert_allclose(
            read.grams[40][name].factor, expected, atol=1e-3 * np.abs(expected).max()
        )


@pytest.mark.parametrize(
    ("rows", "nearest"), [(1, 40), (40, 40), (56, 40), (57, 80), (80, 80), (4000, 80)]
)
def test_the_scale_nearest_to_the_painting_is_taken(rows, nearest):
    style = made_up(0)
    target = style.at(rows)
    for name, gram in style.grams[nearest].items():
        expected = gram.factor @ gram.factor.T
        expected[np.diag_indices_from(expected)] += gram.rest
        np.testing.assert_allclose(target.grams[name], expected, rtol=1e-5)


# Painting.


@pytest.fixture
def photo(make_picture):
    return make_picture(64, 80, seed=1)


def test_an_artist_is_painted_like_his_grams(photo):
    style = made_up(0)
    *_, by_artist = refine.refine(photo, [style], SMALL)
    assert by_artist.style_loss < 0.9 * losses_at_start(photo, style)


def losses_at_start(photo: np.ndarray, style: artist_styles.ArtistStyle) -> float:
    """The style loss of the photo as it is, at full size."""
    options = SMALL.changed(steps=1, keep_colors=True, scales=(1.0,))
    (step,) = refine.refine(photo, [style], options)
    return step.style_loss


def test_the_canvas_is_first_in_the_colours_of_the_artist(photo):
    style = made_up(0)
    canvas = first_canvas(photo.astype(np.float32), [style], SMALL)
    np.testing.assert_allclose(canvas.mean((0, 1)), style.color_mean, atol=3)
    spread = canvas.reshape(-1, 3).std(0)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(style.color_covariance)), rtol=0.2)


def test_brush_and_scale_choose_the_grams(photo, monkeypatch):
    asked = []
    original = artist_styles.ArtistStyle.at
    monkeypatch.setattr(
        artist_styles.ArtistStyle,
        "at",
        lambda self, rows: asked.append(rows) or original(self, rows),
    )
    options = SMALL.changed(brush=2.0, steps=2)
    list(refine.refine(photo, [made_up(0)], options))
    assert asked == [72, 96]


def test_two_artists_and_a_picture_mix(photo, make_picture):
    one, other = made_up(0), made_up(1, "edgar-degas")
    mixed = mix([one.at(48), other.at(48)], [1, 3])
    for name in LAYERS:
        expected = 0.25 * one.at(48).grams[name] + 0.75 * other.at(48).grams[name]
        np.testing.assert_allclose(mixed.grams[name], expected, rtol=1e-4, atol=1e-2)
    described = mix([one.at_once, other.at_once])
    expected = (one.described["block1_conv1"] + other.described["block1_conv1"]) / 2
    np.testing.assert_allclose(described.moments["block1_conv1"], expected, rtol=1e-5)
    steps = list(
        refine.refine(
            photo, [one, make_picture(60, 60, seed=5)], SMALL.changed(style_weights=[1, 1])
        )
    )
    assert steps[-1].style_loss < steps[0].style_loss
    alone, first = refine.refine, {}
    for weights in ([1, 0], [0, 1]):
        request = SMALL.changed(steps=1, scales=(1.0,), style_weights=weights)
        (step,) = alone(photo, [one, other], request)
        first[tuple(weights)] = step.style_loss
    assert first[1, 0] != pytest.approx(first[0, 1], rel=1e-3)


def test_only_the_layers_in_use_are_compared(photo, make_picture):
    """A picture is described by them alone, and mixes with nothing else."""
    options = SMALL.changed(steps=1, style_layers={"block2_conv1": 1.0})
    (step,) = refine.refine(photo, [made_up(0), make_picture(60, 60, seed=5)], options)
    assert np.isfinite(step.style_loss)


def test_another_network_is_refused_in_words(photo):
    style = made_up(0)
    foreign = artist_styles.ArtistStyle(
        style.artist, "vgg19", style.grams, {}, style.color_mean, style.color_covariance
    )
    with pytest.raises(ValueError, match="vgg19"):
        next(refine.refine(photo, [foreign], SMALL))
