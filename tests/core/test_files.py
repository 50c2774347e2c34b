"""Files appear whole or not at all, and never over another."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from core import files


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "made" / "a.txt"
    files.write(path, "one")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert _names(path.parent) == ["a.txt"]


def test_a_failure_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "a.weights.h5"
    path.write_bytes(b"good")

    def fail() -> None:
        with files.replacing(path) as part:
            assert part.name.endswith(".weights.h5")
            part.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"good"
    assert _names(tmp_path) == ["a.weights.h5"]


def test_what_appeared_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def come_late() -> None:
        with files.replacing(path, overwrite=False) as part:
            part.write_text("mine")
            path.write_text("theirs")

    with pytest.raises(FileExistsError):
        come_late()
    assert path.read_text() == "theirs"
    assert files.write_beside(path, "mine") == tmp_path / "a-2.txt"
    assert path.read_text() == "theirs"


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.write_text("one")
    path.chmod(0o640)
    link.symlink_to(path)
    files.write(link, "two")
    assert link.is_symlink()
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_equal_file_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert files.write_if_new(path, "one")
    assert not files.write_if_new(path, "one")
    assert files.write_if_new(path, "two")


def test_every_input_gets_its_own_output(tmp_path: Path) -> None:
    (tmp_path / "p1.png").touch()
    inputs = [Path("x/p1.png"), Path("y/P1.jpg"), Path("y/p2.jpg")]
    names = [path.name for path in files.outputs(inputs, tmp_path)]
    assert names == ["p1-2.png", "P1.png", "p2.png"]
    names = [path.name for path in files.outputs(inputs, tmp_path / "new")]
    assert names == ["p1.png", "P1-2.png", "p2.png"]  # not every file system tells cases apart
    named = files.outputs(inputs[2:], tmp_path, added="-to-monet", ending=".jpg")
    assert named == [tmp_path / "p2-to-monet.jpg"]


def test_what_cannot_be_written_is_found_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    files.check_output(tmp_path / "new" / "a.png")
    files.check_output(tmp_path / "file")
    for wrong, reason in (
        (tmp_path / "folder.png", "a folder"),
        (tmp_path / "pipe.png", "not a regular file"),
        (tmp_path / "file" / "a.png", "is not a folder"),
        (tmp_path / ("a" * 256), "too long"),
    ):
        with pytest.raises(files.OutputError, match=reason):
            files.check_output(wrong)
    with pytest.raises(files.OutputError, match="could not be written"):
        files.write(tmp_path / "folder.png" / ("b" * 256), "x")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_found_before(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(files.OutputError, match="no permission"):
        files.check_output(tmp_path / "a.png")


def test_names_of_other_encodings_are_shown(tmp_path: Path) -> None:
    path = Path(os.fsdecode(b"caf\xe9.jpg"))
    assert files.printable(path) == "caf\\xe9.jpg"
    assert files.same(tmp_path / "." / "a", tmp_path / "a")


def test_a_table_gives_back_names_with_line_ends_and_ends_its_own_alike() -> None:
    rows = [["file", "artist"], ["a\rb.jpg", "Monet, Claude"], ["a\nb.jpg", '"'], ["a\r\n", "\r"]]
    text = files.csv_text(rows)
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == rows
    assert files.csv_text([["a", 1], ["b", 0.5]]) == "a,1\nb,0.5\n"
