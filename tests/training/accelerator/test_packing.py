"""Paintings come out of their packed files as they went in, those of the test split never."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from core import images
from training.accelerator import packing
from training.data import dataset, trained_on
from training.data.inputs import TrainingError


@pytest.fixture
def data(tmp_path):
    first, more = tmp_path / "first", tmp_path / "more"
    rng = np.random.default_rng(1)
    rows = {
        first: [
            ("a/0.jpg", "Claude Monet", "train"),
            ("a/1.jpg", "Claude Monet", "val"),
            ("a/2.jpg", "Claude Monet", "test"),
            ("_other/0.jpg", "Edvard Munch", "train"),
            ("_other/1.jpg", "A. Stranger", "train"),
        ],
        more: [("b/0.png", "Albrecht Durer", "train"), ("b/1.jpg", "Edvard Munch", "val")],
    }
    for directory, listed in rows.items():
        for file, *_ in listed:
            path = directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            side = 224 if path.suffix == ".jpg" else 300
            Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8)).save(path)
        lines = ["file,artist,split", *(",".join(row) for row in listed)]
        (directory / "index.csv").write_text("\n".join(lines))
    (more / "relabel.csv").write_text("file,artist,split\n_other/0.jpg,Edvard Munch,train\n")
    return [first, more]


def test_several_directories_are_read_as_one_and_strangers_get_names(data):
    paintings = dataset.read(data)
    assert dataset.artists(paintings) == ["Albrecht Durer", "Claude Monet", "Edvard Munch"]
    munch = [p for p in paintings if p.artist == "Edvard Munch"]
    assert [p.split for p in munch] == ["train", "val"]
    assert sum(p.artist is None for p in paintings) == 1
    assert dataset.title(data) == "first and more"
    assert dataset.relative(munch[1].path, data).as_posix() == "b/1.jpg"
    assert len(dataset.read(data[0])) == 5, "one directory alone has no relabel.csv"


def test_paintings_come_out_as_they_went_in(data, tmp_path):
    parts = packing.pack(data, tmp_path / "packed", part_bytes=60_000)
    assert len(parts) > 1
    found = packing.unpack(tmp_path / "packed", workers=2)
    paintings = [p for p in dataset.read(data) if p.split != "test"]
    assert found.pictures.shape == (len(paintings), 224, 224, 3)
    assert found.artists == dataset.artists(paintings)
    assert found.data == "first and more"
    assert found.validation.sum() == sum(p.split == "val" for p in paintings)
    assert sorted(found.y.tolist()) == [0, 1, 1, 2, 2, 3]
    test = images.load(data[0] / "a/2.jpg").pixels
    assert not any((picture == test).all() for picture in found.pictures)
    train = images.load(data[0] / "a/0.jpg").pixels
    assert any((picture == train).all() for picture in found.pictures)


def test_what_is_to_be_trained_with_is_kept_in_fingerprints(data, tmp_path):
    packing.pack(data, tmp_path / "packed")
    found = packing.unpack(tmp_path / "packed")
    every = dataset.read(data)
    train = trained_on.fingerprints([p for p in every if p.split == "train"])
    assert sorted(found.trained_on) == sorted(train)
    held_out = trained_on.fingerprints([p for p in every if p.split != "train"])
    assert sorted(found.held_out) == sorted(held_out)
    trained_on.keep(found.trained_on, tmp_path / "run")
    trained_on.check_held_out(tmp_path / "run", every)
    contents = tmp_path / "packed" / packing.CONTENTS  # as they were packed before
    contents.write_text(contents.read_text().replace("fingerprints", "of_no_use"))
    assert packing.unpack(tmp_path / "packed").trained_on is None


def test_what_goes_on_from_a_run_was_trained_with_its_paintings_too(data, tmp_path):
    train, held_out = trained_on.divided(dataset.read(data))
    run = tmp_path / "before"
    assert trained_on.with_earlier(train, held_out, run) is train  # which kept nothing
    trained_on.keep(np.array([7], np.uint64), run)
    assert {*trained_on.with_earlier(train, held_out, run)} == {7, *train}
    trained_on.keep(held_out[:1], run)
    with pytest.raises(TrainingError, match="before was trained with, 1 are now in the splits"):
        trained_on.with_earlier(train, held_out, run)


def test_a_painting_to_train_and_to_measure_with_is_not_packed(data, tmp_path):
    shutil.copy(data[0] / "a/0.jpg", data[0] / "a/2.jpg")
    with pytest.raises(TrainingError, match=r"1 are now .*2\.jpg is the first.*dataset split"):
        packing.pack(data, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()


def test_a_part_that_is_not_there_is_named(data, tmp_path):
    parts = packing.pack(data, tmp_path / "packed", part_bytes=60_000)
    parts[1].unlink()
    with pytest.raises(TrainingError, match=r"part-1\.npz"):
        packing.unpack(tmp_path / "packed")
