"""Tests for `core.teaching`: lessons, what they keep, and how they are forgotten."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import artists, identify, images, models
from core.errors import InvalidRequest, UnknownName
from core.jobs import Progress, Uncontrolled
from core.models import versions
from core.monitoring import reference
from core.releases import rows
from core.settings import settings
from core.teaching import AT_LEAST, Lesson, TeachingError, TeachRequest, forget, teach
from core.teaching.lesson import Stopped

NAME = "Grandma Móses"


def folder(path: Path, count: int) -> Path:
    """Pictures of one kind, each another: bright checks of one color on black."""
    path.mkdir()
    for seed in range(count):
        rng = np.random.default_rng(seed)
        checks = rng.integers(0, 2, (8, 8, 1)) * np.array([250, 40, 160])
        pixels = np.kron(checks, np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(path / f"{seed:02}.png")
    return path


def taught(where: Path, control: Uncontrolled | None = None, **asked) -> Lesson:
    steps: Generator[Progress, None, Lesson] = teach(
        TeachRequest(**asked), where, control or Uncontrolled()
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return taught(folder(tmp_path / "moses", AT_LEAST), name=NAME)


def test_a_lesson_makes_a_version_that_names_the_painter_and_what_ships_stays(lesson, tmp_path):
    assert lesson.artist.id == "grandma-moses"
    assert lesson.accuracy == 1.0
    assert lesson.others_before - lesson.others_after < 0.01
    assert lesson.upon == versions.shipped(models.DEFAULT).id != lesson.version
    picture = images.load(folder(tmp_path / "more", AT_LEAST + 1) / f"{AT_LEAST}.png")
    found = identify.identify(picture, version=lesson.version)
    assert found.guesses[0].artist.name == NAME
    assert found.guesses[0].artist.years == ""
    assert not found.guesses[0].artist.public_domain
    ships = identify.identify(picture)
    assert "grandma-moses" not in {guess.artist.id for guess in ships.guesses}
    # Where the picture speaks for a painter whom no layer of the network knows.
    heat = identify.explain(picture, artist_id="grandma-moses", version=lesson.version)
    assert heat.shape == picture.pixels.shape[:2]
    assert heat.max() > 0
    with pytest.raises(UnknownName):
        identify.explain(picture, artist_id="grandma-moses")
    # The journal's logits, and those of the reference, are read like those of any version.
    kept = versions.find(models.DEFAULT, lesson.version)
    assert found.observation is not None
    assert len(found.observation.logits) == len(kept.entry.artists) + 1
    known = reference.load(kept.entry, kept.directory)
    assert known is not None
    assert (known.painters == len(kept.entry.artists) - 1).sum() == AT_LEAST
    card = (kept.directory / f"{models.DEFAULT}.md").read_text(encoding="utf-8")
    assert f"## {NAME} was taught" in card
    seen = np.load(kept.directory / models.DEFAULT / "trained_on.npy")
    before = np.load(models.ASSETS / models.DEFAULT / "trained_on.npy")
    assert len(seen) == len(before) + AT_LEAST


def test_a_version_with_a_painter_more_is_released_and_cannot_be_forgotten_meanwhile(lesson):
    rows.release(models.DEFAULT, lesson.version, who="a test")
    with pytest.raises(TeachingError, match="withdraw it first"):
        forget(NAME, models.DEFAULT)
    rows.rollback(models.DEFAULT, who="a test")
    assert [each.id for each in forget("grandma moses", models.DEFAULT)] == [lesson.version]
    assert list(settings().versions.iterdir()) == []
    with pytest.raises(UnknownName):
        versions.find(models.DEFAULT, lesson.version)
    with pytest.raises(TeachingError, match="Nobody called"):
        forget(NAME, models.DEFAULT)


def test_another_painter_is_taught_to_a_version_with_a_painter_more(lesson, tmp_path):
    where = folder(tmp_path / "gray", AT_LEAST)
    for path in where.iterdir():
        Image.open(path).convert("L").rotate(45).save(path)
    second = taught(where, name="Francisco Goya", version=lesson.version)
    kept = versions.find(models.DEFAULT, second.version).entry
    assert kept.artists[-2:] == ("grandma-moses", "francisco-goya")
    assert artists.get("francisco-goya").born  # of the catalogue
    assert kept.outputs == models.get(models.DEFAULT).outputs
    picture = images.load(next((tmp_path / "moses").iterdir()))
    found = identify.identify(picture, version=second.version)
    assert found.guesses[0].artist.name == NAME
    forget(NAME, models.DEFAULT)
    assert list(settings().versions.iterdir()) == []


def test_damaged_pictures_and_copies_are_left_out_each_with_a_reason(tmp_path):
    where = folder(tmp_path / "moses", AT_LEAST)
    (where / "bad.jpg").write_bytes(b"\xff\xd8\xff no picture")
    Image.open(where / "00.png").resize((80, 80)).save(where / "again.jpg")
    found = taught(where, name=NAME)
    assert found.paintings == AT_LEAST
    assert set(found.left_out) == {"bad.jpg", "again.jpg"} or set(found.left_out) == {
        "bad.jpg",
        "00.png",
    }
    assert "same painting" in found.left_out[max(set(found.left_out) - {"bad.jpg"})]


def test_too_few_paintings_teach_nobody(tmp_path):
    where = folder(tmp_path / "moses", AT_LEAST)
    (where / "14.png").unlink()
    (where / "13.png").write_bytes(b"")
    with pytest.raises(TeachingError, match=r"15 different paintings .* there are 13; left out"):
        taught(where, name=NAME)
    assert not list(settings().versions.glob("*"))
    with pytest.raises(TeachingError, match="no directory"):
        taught(tmp_path / "nowhere", name=NAME)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"name": "monet, claude"}, TeachingError),
        ({"name": "葛飾"}, InvalidRequest),
        ({"name": ""}, InvalidRequest),
        ({"name": NAME, "model": "instant_style"}, InvalidRequest),
        ({"name": NAME, "model": "nobody"}, UnknownName),
        ({"name": NAME, "version": "0" * 12}, UnknownName),
        ({"name": NAME, "model": "vgg16"}, TeachingError),  # without a reference
    ],
)
def test_a_lesson_that_cannot_be_held_is_refused_before_a_picture_is_read(tmp_path, asked, error):
    with pytest.raises(error):
        taught(tmp_path / "nowhere", **asked)


def test_of_a_lesson_that_is_stopped_nothing_is_kept(tmp_path):
    class Stopping(Uncontrolled):
        stopping = True

    with pytest.raises(Stopped):
        taught(folder(tmp_path / "moses", AT_LEAST), Stopping(), name=NAME)
    assert not list(settings().versions.glob("*"))
