"""Files of a run: pictures, held-out ones, sample sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core import images
from training import runs


@pytest.fixture
def pictures(tmp_path: Path, make_picture) -> list[Path]:
    for seed in range(2):
        path = tmp_path / f"{seed}.png"
        path.write_bytes(images.encode(make_picture(80, 72, seed=seed)))
    return sorted(tmp_path.iterdir())


def test_small_pictures_are_enlarged_and_none_at_all_is_told(pictures):
    as_they_are = runs.pictures(pictures)
    (height, width, _) = as_they_are[0].shape
    assert sorted((height, width)) == [72, 80]
    found = runs.pictures(pictures, 144)
    assert [picture.shape for picture in found] == [(2 * height, 2 * width, 3)] * 2
    assert abs(found[0].mean() - as_they_are[0].mean()) < 2
    with pytest.raises(ValueError, match="no pictures"):
        runs.pictures([], 144)


def test_a_crop_is_part_of_a_picture_or_of_its_mirror(make_picture):
    picture = make_picture(40, 40)
    crop = runs.crop([picture], 40, np.random.default_rng(0))
    assert crop.dtype == np.float32
    assert np.array_equal(crop, picture) or np.array_equal(crop, picture[:, ::-1])
    assert runs.crop([picture], 16, np.random.default_rng(1)).shape == (16, 16, 3)


def test_a_sheet_is_as_wide_as_its_narrowest_row(tmp_path):
    rows = [[np.full((8, side, 3), 300.0)] * 2 for side in (16, 20)]
    runs.write_sheet(tmp_path / "samples" / "1.jpg", rows)
    sheet = images.load(tmp_path / "samples" / "1.jpg").pixels
    assert sheet.shape == (16, 32, 3)
    assert sheet.min() > 250


def test_the_same_photos_are_held_out_wherever_they_lie():
    names = [f"{i:04}.jpg" for i in range(500)]
    train, test = runs.held_out([Path("a") / name for name in names])
    _, again = runs.held_out([Path("b") / name for name in reversed(names)])
    assert {p.name for p in test} == {p.name for p in again}
    assert not {p.name for p in train} & {p.name for p in test}
    assert 30 < len(test) < 70
