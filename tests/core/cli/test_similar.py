"""`python -m core similar`, and the scan with `--similar`, as scripts use them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core import examples, images
from tests.core.cli.test_command_line import run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    directory = tmp_path / "paintings"
    for example in examples.catalogue():
        path = directory / "Somebody" / f"{example.file}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(example.read())
    (directory / "Somebody" / "torn.jpg").write_bytes(b"no picture")
    return directory


@pytest.mark.slow
def test_the_index_is_built_once_and_broken_pictures_are_told(place: Path, tmp_path: Path):
    wave = examples.catalogue()[2]
    mirrored = tmp_path / "mirrored.png"
    pixels = np.ascontiguousarray(images.load(wave.read()).pixels[:, ::-1])
    mirrored.write_bytes(images.encode(pixels, "PNG"))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"x")
    done = run("similar", mirrored, broken, "--collection", place, "--json", "--top", 2)
    assert done.returncode == 3, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert list(first) == ["image", "similar", "seconds"]
    assert [list(each) for each in first["similar"]] == [["file", "painter", "distance"]] * 2
    assert first["similar"][0]["file"] == f"Somebody/{wave.file}"
    assert first["similar"][0]["painter"] == "Somebody"
    assert 0 <= first["similar"][0]["distance"] < 0.1 < first["similar"][1]["distance"] <= 1.3
    assert second["image"] == str(broken)
    assert second["error"].endswith(".")
    assert "5 of 5 described" in done.stderr
    again = run("similar", mirrored, ATELIER_COLLECTION=str(place))
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert f"Somebody/{wave.file}" in again.stdout.splitlines()[1]


@pytest.mark.slow
def test_a_scan_describes_when_asked_to(place: Path):
    done = run("scan", place, "--similar", "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0] == {"done": 0, "of": 6}
    assert rows[-1] == {"done": 5, "of": 5, "phase": "describing"}


def test_without_a_collection_it_is_wrong_usage():
    done = run("similar", "a.jpg")
    assert done.returncode == 2
    assert "ATELIER_COLLECTION" in done.stderr
    assert done.stdout == ""


def test_a_collection_that_is_not_there_is_a_failure_in_a_sentence(tmp_path: Path):
    done = run("similar", "a.jpg", "--collection", tmp_path / "nothing")
    assert done.returncode == 1
    assert done.stderr.strip() == f"There is no directory {tmp_path / 'nothing'}."


def test_more_than_fifty_is_wrong_usage(tmp_path: Path):
    done = run("similar", "a.jpg", "--collection", tmp_path, "--top", 51)
    assert done.returncode == 2
    assert "50" in done.stderr
