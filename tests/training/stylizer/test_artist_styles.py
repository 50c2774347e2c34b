"""Learning styles of artists: the choice of paintings, low rank, and the whole command."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from core import artists, images
from core.stylize import artist_places as core_places
from core.stylize import artist_styles as core_styles
from core.stylize import color, extractors, instant
from tests.training.stylizer.tiny import TINY
from training.cli.styles import styles as command
from training.data.inputs import TrainingError
from training.stylizer import artist_places, artist_styles, choosing


def gram(channels: int, places: int, seed: int = 0) -> np.ndarray:
    """Of features, none of them negative, that fall off."""
    rng = np.random.default_rng(seed)
    features = np.abs(rng.normal(size=(places, channels))) @ np.diag(1 / np.arange(1, channels + 1))
    return features.T @ features / places


@pytest.mark.parametrize("lost", [0.1, 0.01, 0.001])
def test_low_rank_keeps_nearly_all_energy(lost):
    whole = gram(96, 500)
    options = artist_styles.Options(lost=lost, ranks=(1, 96))
    low = artist_styles.low_rank(whole, options)
    assert ((low.matrix() - whole) ** 2).sum() <= lost * (whole**2).sum()
    assert low.factor.shape[1] < 96
    assert (low.rest >= 0).all()
    energy = np.sort(np.linalg.eigvalsh(whole))[::-1] ** 2
    one_less = low.factor.shape[1] - 1
    assert energy[one_less:].sum() > lost * energy.sum()


def test_the_diagonal_is_kept_and_the_rank_is_bounded():
    whole = gram(64, 300)
    low = artist_styles.low_rank(whole, artist_styles.Options(lost=0.0, ranks=(2, 5)))
    assert low.factor.shape == (64, 5)
    np.testing.assert_allclose(np.diag(low.matrix()), np.diag(whole), rtol=0.05, atol=1e-6)
    assert artist_styles.low_rank(
        whole, artist_styles.Options(lost=0.5, ranks=(7, 9))
    ).factor.shape == (64, 7)


def test_a_black_picture_has_a_style_too():
    low = artist_styles.low_rank(np.zeros((8, 8)), artist_styles.Options(ranks=(1, 4)))
    assert not low.matrix().any()


def test_each_painting_has_the_same_share_of_the_mean():
    one, other = gram(8, 50, seed=1), gram(8, 50, seed=2)
    mean = artist_styles.mean_gram([one, 1e6 * other])
    expected = one / np.linalg.norm(one) + other / np.linalg.norm(other)
    np.testing.assert_allclose(mean / np.linalg.norm(mean), expected / np.linalg.norm(expected))
    np.testing.assert_allclose(artist_styles.mean_gram([one, one]), one)


def test_the_group_that_is_most_its_own_is_chosen():
    rng = np.random.default_rng(0)
    near_others = rng.normal(0, 0.1, (12, 5))  # the densest group, but everybody paints so
    own = rng.normal(4, 0.2, (8, 5))
    stray = rng.normal(0, 9, (10, 5))
    others = rng.normal(0, 0.2, (200, 5))
    vectors = np.concatenate([near_others, own, stray])
    chosen = choosing.choose(vectors, [others], artist_styles.Options(most=6))
    assert len(chosen) == len(set(chosen)) == 6
    assert set(chosen) <= set(range(12, 20))
    alone = choosing.choose(vectors, [], artist_styles.Options(most=6))
    assert set(alone) <= set(range(12))


@pytest.mark.parametrize(("there", "taken"), [(3, 3), (4, 3), (10, 5), (40, 8)])
def test_of_few_paintings_few_are_chosen(there, taken):
    vectors = np.random.default_rng(0).normal(size=(there, 4))
    assert len(choosing.choose(vectors, [np.ones((5, 4))], artist_styles.Options())) == taken


def test_drawings_are_known_by_their_want_of_colour(make_picture):
    painting = make_picture(64, 64)
    grey = np.repeat(painting.mean(-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    paper = np.clip(0.2 * grey + (190, 180, 160) + 0.05 * painting, 0, 255).astype(np.uint8)
    assert not choosing.is_drawing(painting)
    assert choosing.is_drawing(grey)
    assert choosing.is_drawing(paper)
    assert not choosing.is_drawing((0.3 * painting).astype(np.uint8))  # dark is not pale


@pytest.fixture(scope="module")
def extractor() -> artist_styles.Extractor:
    """Loaded and traced once, which takes longer than all that is done with it here."""
    return artist_styles.Extractor()


@pytest.fixture
def data(tmp_path, make_picture, extractor, monkeypatch):
    """Four painters: one too modern, one with a single painting, one outside the collection."""
    monkeypatch.setattr(artist_styles, "Extractor", lambda: extractor)
    rows, seed = [], 0
    for name, splits in {
        "Claude Monet": ["train", "train", "train", "train", "test"],
        "_other:Edvard Munch": ["train", "train", "val"],
        "Salvador Dali": ["train", "train", "train"],
        "Paul Cezanne": ["train"],
        "_other:Nobody In Particular": ["train", "train"],
    }.items():
        for split in splits:
            seed += 1
            file = f"{seed:03}.png"
            (tmp_path / file).write_bytes(images.encode(make_picture(64, 64, seed=seed)))
            rows.append({"file": file, "artist": name, "split": split})
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "artist", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def of_places(directory) -> set[str]:
    """Files that the catalogue of places names; all artists with a style have some."""
    found = core_places.catalogue(directory)
    styles = json.loads((directory / "styles.json").read_text())
    assert {each.artist for each in found.places} == {each["artist"] for each in styles}
    return {each.file for each in (found.basis, *found.places)}


def test_train_paintings_of_free_artists(data):
    found = artist_styles.by_artist(data)
    assert {name: [path.name for path in paths] for name, paths in found.items()} == {
        "claude-monet": ["001.png", "002.png", "003.png", "004.png"],
        "edvard-munch": ["006.png", "007.png"],
        "paul-cezanne": ["012.png"],
    }
    assert list(found) == [a.id for a in artists.catalogue() if a.id in found]


def test_folders_without_an_index(tmp_path, make_picture):
    for name in ("Claude_Monet", "Salvador_Dali"):
        (tmp_path / name).mkdir()
        for seed in range(20):
            path = tmp_path / name / f"{name}_{seed}.png"
            path.write_bytes(images.encode(make_picture(32, 32, seed=seed)))
    assert list(artist_styles.by_artist(tmp_path)) == ["claude-monet"]
    with pytest.raises(FileNotFoundError):
        artist_styles.by_artist(tmp_path / "Salvador_Dali")


def test_from_paintings_to_styles_that_load(data, tmp_path, monkeypatch):
    out = tmp_path / "styles"
    out.mkdir()
    for name in ("edgar-degas.npz", "edgar-degas-0a1b2c3d.npz"):
        (out / name).write_bytes(b"of an earlier run")
    (out / "state.npz").write_bytes(b"somebody else's")
    entries = artist_styles.publish(data, out, TINY)
    assert [(entry.artist, entry.paintings) for entry in entries] == [
        ("claude-monet", 2),
        ("edvard-munch", 2),
    ]
    there = {path.name for path in out.glob("*.npz")}
    assert there == {entry.file for entry in entries} | {"state.npz"} | of_places(out)
    for entry in entries:
        content = (out / entry.file).read_bytes()
        assert entry.bytes == len(content)
        assert entry.sha256 == hashlib.sha256(content).hexdigest()

    monkeypatch.setattr(core_styles, "ASSETS", out)
    core_styles._entries.cache_clear()
    try:
        assert core_styles.catalogue() == entries
        style = core_styles.load("edvard-munch")
    finally:
        core_styles._entries.cache_clear()
    assert set(style.grams) == {48, 32}
    assert set(style.at(48).grams) == set(extractors.get("vgg16").style)

    # The moments are those that instant computes, of the two paintings there are.
    pictures = [images.load(data / f"00{n}.png").pixels for n in (6, 7)]
    eye = instant.TensorFlowNetworks(extractors.load("vgg16"), None, batch=2)
    sized = np.stack([artist_places.sized(picture, 48) for picture in pictures])
    expected = eye.encode(sized).statistics.moments
    for name in instant.LAYERS:
        np.testing.assert_allclose(
            style.at_once.moments[name], expected[name].mean(0), rtol=1e-3, atol=1e-2
        )
    mean, covariance = color.statistics(np.concatenate(pictures))
    np.testing.assert_allclose(style.color_mean, mean, rtol=1e-4)
    np.testing.assert_allclose(style.color_covariance, covariance, rtol=1e-2, atol=1)

    again = tmp_path / "again"
    assert [e.sha256 for e in artist_styles.publish(data, again, TINY)] == [
        e.sha256 for e in entries
    ]


def test_command(data, tmp_path, monkeypatch):
    monkeypatch.setattr(artist_styles, "Options", lambda seed: TINY)
    import typer

    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, ["--data", str(data), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["artist"] for line in done.stdout.splitlines()] == [
        "claude-monet",
        "edvard-munch",
    ]
    assert (tmp_path / "out" / "styles.json").exists()


def test_of_several_directories_only_the_missing_styles_are_learned(data, tmp_path, make_picture):
    before = artist_styles.publish(data, tmp_path / "styles", TINY)
    more = tmp_path / "more"
    for name, seeds in (("Piet_Mondrian", range(60, 70)), ("Claude_Monet", range(80, 90))):
        (more / name).mkdir(parents=True)
        for seed in seeds:
            path = more / name / f"{name}_{seed}.png"
            path.write_bytes(images.encode(make_picture(64, 64, seed=seed)))
    both = [data, more]
    assert len(artist_styles.by_artist(both)["claude-monet"]) > 4
    (new,) = artist_styles.publish(both, tmp_path / "styles", TINY, missing=True)
    assert new.artist == "piet-mondrian"
    assert "--missing" in new.command
    listed = json.loads((tmp_path / "styles" / "styles.json").read_text())
    assert listed == [entry.model_dump() for entry in (*before, new)]
    there = {path.name for path in (tmp_path / "styles").glob("*.npz")}
    assert there == {entry["file"] for entry in listed} | of_places(tmp_path / "styles")
    with pytest.raises(TrainingError, match="nobody else"):
        artist_styles.publish(both, tmp_path / "styles", TINY, missing=True)


def test_styles_can_be_used_whenever_learning_them_again_fails(data, tmp_path, monkeypatch):
    before = artist_styles.publish(data, tmp_path, TINY)
    other, put = dataclasses.replace(TINY, rows=(40, 32)), artist_styles.write

    def failing(path, content):
        if path.name == "styles.json":
            raise KeyboardInterrupt
        put(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(artist_styles, "write", failing)
        with pytest.raises(KeyboardInterrupt):
            artist_styles.publish(data, tmp_path, other)
    listed = json.loads((tmp_path / "styles.json").read_text())
    assert listed == [entry.model_dump() for entry in before]
    for entry in before:
        content = (tmp_path / entry.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.sha256
    after = artist_styles.publish(data, tmp_path, other)
    there = {path.name for path in tmp_path.glob("*.npz")}
    assert there == {entry.file for entry in after} | of_places(tmp_path)
    assert {entry.sha256 for entry in after}.isdisjoint(entry.sha256 for entry in before)
