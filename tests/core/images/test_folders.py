"""Which things in a folder are pictures."""

from __future__ import annotations

import os
import socket

import pytest

from core import images
from core.images import folders
from tests.fuzz import originals, pattern, save

JPEG = originals()["jpeg"]


def names(directory):
    pictures, left_out = folders.pictures_in(directory)
    return [path.name for path in pictures], {left.path.name: left.reason for left in left_out}


@pytest.mark.parametrize("ending", ["jpg", "JPG", "jpe", "jif", "jfif", "avif"])
def test_endings(tmp_path, ending):
    (tmp_path / f"a.{ending}").touch()
    assert names(tmp_path) == ([f"a.{ending}"], {})


@pytest.mark.parametrize("name", originals())
def test_without_an_ending_the_beginning_counts(tmp_path, name):
    (tmp_path / "picture").write_bytes(originals()[name])
    (tmp_path / "README").write_text("BMW, and other words")
    (tmp_path / "empty").touch()
    assert names(tmp_path) == (["picture"], {})


def test_what_only_looks_like_a_picture_is_told(tmp_path):
    (tmp_path / "good.jpg").write_bytes(JPEG)
    (tmp_path / "link.jpg").symlink_to("good.jpg")
    (tmp_path / "._good.jpg").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
    (tmp_path / ".jpg").write_bytes(JPEG)
    (tmp_path / ".hidden").write_bytes(JPEG)
    (tmp_path / "album.jpg").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "nowhere.png").symlink_to("gone")
    (tmp_path / "circle.png").symlink_to("circle.png")
    (tmp_path / "drawing.svg").write_text("<svg/>")
    (tmp_path / "notes.txt").write_text("none")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.jpg"))  # a whole path may be too long
        pictures, left_out = names(tmp_path)
    assert pictures == ["good.jpg", "link.jpg"]
    assert left_out == {
        "._good.jpg": "It is hidden, as its name begins with a dot.",
        ".jpg": "It is hidden, as its name begins with a dot.",
        "album.jpg": "It is a folder, not a file.",
        "circle.png": "It is a link that leads nowhere.",
        "device.jpg": "It is a device, not a file.",
        "drawing.svg": "Pictures of this kind (.svg) cannot be opened here.",
        "nowhere.png": "It is a link that leads nowhere.",
        "pipe.jpg": "It is a pipe, not a file.",
        "socket.jpg": "It is a socket, not a file.",
    }


def test_the_log_names_what_is_left_out(tmp_path, caplog):
    (tmp_path / "b.jpg").write_bytes(JPEG)
    (tmp_path / "a.jpg").mkdir()
    assert images.listed(tmp_path, tmp_path) == [tmp_path / "b.jpg"] * 2
    assert "a.jpg': It is a folder, not a file." in caplog.text


def test_a_file_that_may_not_be_read_is_listed(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    path.chmod(0)
    assert names(tmp_path) == (["a.jpg"], {})


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_nothing_waits_for_what_is_no_file(tmp_path, kind):
    path = tmp_path / "a.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(images.UnreadablePicture, match=f"This is a {kind}, not a file"):
        images.load(path)


def test_a_file_that_becomes_a_pipe_while_it_is_opened(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    path.write_bytes(save(pattern(), "JPEG"))
    real = os.open

    def swap(name, *arguments):
        path.unlink()
        os.mkfifo(path)
        return real(name, *arguments)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(images.UnreadablePicture, match="This is a pipe, not a file"):
        images.load(path)
