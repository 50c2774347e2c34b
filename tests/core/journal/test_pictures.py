"""Kept pictures: copies alone, only as long as they may be, and gone when they are to go."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from sqlalchemy import update

from core import database, images, journal
from core.journal import KeptPicture, pictures
from core.settings import settings


@pytest.fixture
def upload(make_picture) -> bytes:
    """A picture larger than a copy, that says where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "at home, 52.5 N 13.4 E"
    return images.encode(make_picture(1100, 60), "JPEG", exif=exif)


def age(days: float) -> None:
    with database.writing(settings().journal_url) as session:
        session.execute(update(KeptPicture).values(time=datetime.now(UTC) - timedelta(days=days)))


def files() -> list[str]:
    return sorted(path.name for path in settings().kept.glob("*"))


def test_a_copy_has_the_pixels_and_nothing_else_of_the_file(answered, upload):
    number = answered()
    pictures.keep(number, upload)
    kept = pictures.read(number)
    assert images.load(kept).pixels.shape == (1024, 56, 3)
    assert b"at home" in upload
    assert b"at home" not in kept
    assert len(files()) == 1
    pictures.keep(number, upload)
    assert len(files()) == 1


def test_of_a_picture_that_is_kept_again_nothing_of_before_is_left(answered, upload):
    number = answered()
    pictures.keep(number, upload)
    before = files()
    part = images.load(upload).pixels[:48]
    pictures.keep(number, images.encode(part, "PNG"))
    assert len(files()) == 1
    assert files() != before


def test_what_is_not_a_picture_is_not_kept(answered):
    with pytest.raises(images.UnreadablePicture):
        pictures.keep(answered(), b"GIF89a no")
    assert files() == []


def test_who_thinks_again_has_it_deleted_at_once(answered, upload):
    number, other = answered(), answered()
    pictures.keep(number, upload)
    pictures.keep(other, upload)
    pictures.drop(number)
    assert pictures.read(number) is None
    assert files() == [name for name in files() if name.startswith(f"{other}-")] != []
    pictures.drop(number)  # twice is not too often


def test_its_time_is_up_after_the_days_of_the_setting(answered, upload):
    number = answered()
    pictures.keep(number, upload)
    age(149)
    assert pictures.expire() == 0
    assert pictures.read(number) is not None
    age(151)
    assert pictures.read(number) is None  # though nobody has deleted it yet
    assert pictures.expire() == 1
    (path,) = settings().kept.iterdir()
    old = time.time() - 151 * 86_400
    os.utime(path, (old, old))  # as old as its row was
    strange = settings().kept / "holiday.jpg"
    strange.write_bytes(b"of somebody else")
    os.utime(strange, (old, old))
    pictures.expire()
    assert files() == ["holiday.jpg"]


def test_what_is_forgotten_is_forgotten_with_its_picture(answered, upload):
    number = answered()
    pictures.keep(number, upload)
    assert journal.forget(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert files() == []
    assert pictures.read(number) is None
    pictures.keep(number, upload)  # too late: nobody knows of it
    assert pictures.read(number) is None


@pytest.mark.parametrize(
    ("keepers", "days", "asked"),
    [("a" * 64, "150", True), ("", "150", False), ("a" * 64, "0", False)],
)
def test_nobody_is_asked_for_what_nobody_would_look_at(monkeypatch, keepers, days, asked):
    monkeypatch.setenv("ATELIER_SERVICE_KEEPERS", keepers)
    monkeypatch.setenv("ATELIER_KEPT_DAYS", days)
    settings.cache_clear()
    assert pictures.may_be_asked() is asked
