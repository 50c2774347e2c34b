"""The choice of pairs, and what was chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.pictures import pairs
from benchmarks.pictures.deception import JUDGES
from core import images, models


@pytest.fixture
def found(tmp_path: Path, make_picture):
    """Photos, indexed paintings and well-known ones."""
    photos, paintings, known = (tmp_path / name for name in ("photos", "paintings", "known"))
    for directory in (photos, paintings, known):
        directory.mkdir()
    for n in range(15):
        (photos / f"{n:02}.png").write_bytes(images.encode(make_picture(32, 32, seed=n)))
    rows = ["file,artist,split"]
    for painter in ("Rembrandt", "Titian", "Claude Monet", "Edgar Degas", "Paul Cezanne",
                    "Mary Cassatt", "Vincent van Gogh", "Paul Gauguin"):  # fmt: skip
        for n in range(20):
            name = f"{painter.replace(' ', '_')}_{n}.png"
            (paintings / name).write_bytes(images.encode(make_picture(32, 32, seed=n)))
            rows += [f"{name},{painter},test"]
    (paintings / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    known_artists = ("vincent-van-gogh", "edvard-munch", "pablo-picasso", "pablo-picasso")
    well_known = {}
    for n, artist in enumerate(known_artists):
        path = known / f"known{n}.png"
        path.write_bytes(images.encode(make_picture(32, 32, seed=100 + n)))
        well_known[path] = artist
    return [photos], [paintings], well_known


def test_pairs_are_drawn_by_the_seed_and_found_again(found, tmp_path):
    photos, paintings, well_known = found
    chosen = pairs.choose(photos, paintings, well_known, lambda path, artist: True, 3)
    assert len(chosen.photos) == 12
    assert len({style.artist for style in chosen.styles}) == 10
    assert sum(style.file.startswith("known") for style in chosen.styles) == 3
    again = pairs.choose(photos, paintings, well_known, lambda path, artist: True, 3)
    assert again == chosen
    (tmp_path / "pairs.json").write_text(chosen.text(), encoding="utf-8")
    assert pairs.read(tmp_path / "pairs.json") == chosen
    for style in chosen.styles:
        assert pairs.find(style, [*paintings, next(iter(well_known)).parent]).is_file()


def test_only_paintings_whose_painter_is_named_are_drawn(found):
    photos, paintings, well_known = found

    def named(path: Path, artist: str) -> bool:
        return path.stem.endswith(("7", "1", "0", "2"))

    chosen = pairs.choose(photos, paintings, well_known, named, 0)
    assert all(named(Path(style.file), style.artist) for style in chosen.styles)
    with pytest.raises(pairs.PairsError, match="there are 0"):
        pairs.choose(photos, paintings, well_known, lambda path, artist: False, 0)


def test_another_picture_of_the_name_is_refused(found):
    photos, paintings, well_known = found
    chosen = pairs.choose(photos, paintings, well_known, lambda path, artist: True, 3)
    path = pairs.find(chosen.photos[0], photos)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(pairs.PairsError, match=re.escape(chosen.photos[0].file)):
        pairs.find(chosen.photos[0], photos)


def test_each_style_is_three_times_on_the_sheets_with_other_photos():
    chosen = pairs.read()
    some = chosen.for_sheets()
    assert len(set(some)) == len(some) == 30
    assert [style for _, style in some[:10]] == list(chosen.styles)
    for style in chosen.styles:
        assert sum(each == style for _, each in some) == 3
    counts = [sum(each == photo for each, _ in some) for photo in chosen.photos]
    assert max(counts) - min(counts) <= 1


def test_what_was_chosen_is_known_to_both_judges():
    chosen = pairs.read()
    assert (len(chosen.photos), len(chosen.styles)) == (12, 10)
    for judge in JUDGES:
        assert {style.artist for style in chosen.styles} <= set(models.get(judge).artists)
