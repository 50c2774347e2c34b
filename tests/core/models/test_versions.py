"""Tests for `core.models.versions`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core import identify, images, models
from core.errors import UnknownName
from core.models import NotHere, Version, VersionError, WeightsError, versions
from core.settings import settings
from tests.versions import make

SHIPS = versions.shipped(models.DEFAULT)


def test_a_version_is_twelve_digits_and_the_same_whoever_reads_the_entry():
    assert len(SHIPS.id) == versions.LENGTH
    again = models.Entry.model_validate_json(SHIPS.entry.model_dump_json())
    assert Version(again, None, None).id == SHIPS.id


@pytest.mark.parametrize(
    "change", [{"side": 288}, {"views": 1}, {"version": "3"}, {"known": None}, {"artists": ()}]
)
def test_another_entry_is_another_version(change: dict):
    assert Version(SHIPS.entry.model_copy(update=change), None, None).id != SHIPS.id


def test_other_weights_are_another_version_those_of_the_base_included():
    vgg = versions.shipped("vgg16")
    assert vgg.base is not None
    other = vgg.base.file.model_copy(update={"sha256": "0" * 64})
    base = vgg.base.model_copy(update={"file": other})
    assert Version(vgg.entry, base, None).id != vgg.id
    entry = vgg.entry.model_copy(update={"file": other})
    assert Version(entry, vgg.base, None).id != vgg.id


def test_figures_that_are_measured_again_make_no_other_version():
    entry = SHIPS.entry.model_copy(update={"figures": {}})
    assert Version(entry, None, None).id == SHIPS.id


def test_all_models_that_ship_are_different_versions():
    assert len({each.id for each in versions.listed()}) == len(models.catalogue())


def test_a_name_that_several_have_names_none():
    one, other = make(3.0, version="tried"), make(4.0)
    assert versions.named(models.DEFAULT, "tried") == one
    assert versions.named(models.DEFAULT, SHIPS.id) == SHIPS
    with pytest.raises(UnknownName, match=rf"{SHIPS.id}, {other.id}"):
        versions.named(models.DEFAULT, SHIPS.entry.version)


def test_a_version_is_kept_with_all_its_files_and_found_again():
    made = make(3.0)
    assert made.directory == settings().versions / made.id
    assert {file.name for file in made.files} <= {path.name for path in made.directory.iterdir()}
    assert (made.directory / models.DEFAULT / "evaluation.json").is_file()
    assert versions.find(models.DEFAULT, made.id) == made
    assert versions.find(models.DEFAULT) == SHIPS
    assert versions.find(models.DEFAULT, SHIPS.id) == SHIPS
    assert [each.id for each in versions.listed(models.DEFAULT)] == [SHIPS.id, made.id]
    versions.check(made)


def test_a_version_with_a_base_holds_the_weights_of_both():
    made = make(3.0, "vgg16")
    assert (made.directory / "vgg16_base.weights.h5").is_file()
    assert made.base is not None
    assert [row["id"] for row in json.loads((made.directory / "models.json").read_text())] == [
        "vgg16",
        "vgg16_base",
    ]
    loaded = models.load("vgg16", version=made.id)
    assert loaded.entry.calibration.temperature == 3.0


def test_the_same_version_again_changes_nothing():
    made = make(3.0)
    before = (made.directory / "models.json").stat().st_ino
    assert make(3.0) == made
    assert (made.directory / "models.json").stat().st_ino == before
    assert [path.name for path in settings().versions.iterdir()] == [made.id]


@pytest.mark.parametrize("version", ["0" * 12, "../../etc", "", "x", "A" * 12])
def test_an_unknown_version_is_refused_with_those_there_are(version: str):
    made = make(3.0)
    with pytest.raises(UnknownName, match=f"there are: {SHIPS.id}, {made.id}"):
        versions.find(models.DEFAULT, version)


def test_a_version_of_another_model_is_none_of_this_one():
    made = make(3.0, "custom_cnn_improved")
    with pytest.raises(UnknownName):
        versions.find(models.DEFAULT, made.id)


def test_an_entry_that_was_changed_is_no_version(tmp_path: Path):
    made = make(3.0)
    rows = json.loads((made.directory / "models.json").read_text())
    rows[0]["calibration"]["temperature"] = 4.0
    other = settings().versions / ("0" * 12)
    shutil.copytree(made.directory, other)
    (other / "models.json").write_text(json.dumps(rows))
    with pytest.raises(VersionError, match="was changed"):
        versions.find(models.DEFAULT, other.name)
    assert other.name not in {each.id for each in versions.listed()}


def test_files_that_were_changed_are_not_adopted():
    made = make(3.0)
    with versions.staged() as folder:
        versions.keep(made, folder)
        with (folder / made.entry.file.name).open("ab") as file:
            file.write(b"x")
        with pytest.raises(WeightsError, match="damaged"):
            versions.adopt(folder, models.DEFAULT)
    with versions.staged() as folder:
        versions.keep(made, folder)
        (folder / made.entry.file.name).unlink()
        with pytest.raises(NotHere, match="lacks its file"):
            versions.adopt(folder, models.DEFAULT)


def test_a_damaged_version_is_mended_by_getting_it_again():
    made = make(3.0)
    with versions.staged() as good:
        versions.keep(made, good)
        place = made.directory / made.entry.file.name
        place.write_bytes(b"damaged")
        with pytest.raises(WeightsError):
            versions.check(made)
        versions.check(versions.adopt(good, models.DEFAULT))
    with versions.staged() as good:
        versions.keep(made, good)
        (made.directory / "models.json").write_text("{")
        versions.adopt(good, models.DEFAULT)
    versions.check(versions.find(models.DEFAULT, made.id))


@pytest.mark.parametrize("name", ["../x.weights.h5", "/etc/passwd", ".hidden"])
def test_a_file_elsewhere_belongs_to_no_version(name: str):
    with versions.staged() as folder:
        versions.keep(SHIPS, folder)
        rows = json.loads((folder / "models.json").read_text())
        rows[0]["file"]["name"] = name
        (folder / "models.json").write_text(json.dumps(rows))
        with pytest.raises(VersionError, match="lies elsewhere"):
            versions.adopt(folder, models.DEFAULT)


@pytest.mark.parametrize("content", [None, "{", "[]", '[{"id": "x"}]', "null"])
def test_a_folder_that_holds_none_is_told(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "models.json").write_text(content)
    with pytest.raises(VersionError, match="holds no version"):
        versions.read(tmp_path)


def test_a_version_answers_beside_the_one_that_ships(make_picture):
    made = make(9.0)
    pixels = make_picture(64, 64)
    picture = images.Picture(pixels, "PNG", (64, 64))
    ships = identify.identify(picture)
    other = identify.identify(picture, version=made.id)
    assert (ships.version, other.version) == (SHIPS.id, made.id)
    assert other.guesses[0].probability < ships.guesses[0].probability
    assert models.is_loaded(models.DEFAULT, made.id)
    assert not models.is_loaded(models.DEFAULT, "0" * 12)
    artist = ships.guesses[0].artist.id
    same = identify.explain(picture, artist_id=artist, version=made.id)
    np.testing.assert_allclose(same, identify.explain(picture, artist_id=artist), atol=1e-5)


def test_what_is_in_memory_goes_on_without_its_folder(fresh, make_picture):
    made = make(9.0)
    models.load(version=made.id)
    shutil.rmtree(made.directory)
    picture = images.Picture(make_picture(64, 64), "PNG", (64, 64))
    assert identify.identify(picture, version=made.id).version == made.id


def test_versions_that_are_not_needed_are_let_go(fresh):
    one, two = make(3.0), make(4.0)
    for version in (None, one.id, two.id):
        models.load(version=version)
    models.unload(models.DEFAULT, {one.id})
    assert models.is_loaded(models.DEFAULT)
    assert models.is_loaded(models.DEFAULT, one.id)
    assert not models.is_loaded(models.DEFAULT, two.id)
