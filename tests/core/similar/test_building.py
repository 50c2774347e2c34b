"""An index follows its collection, and computes nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import similar
from core.collection import scan
from core.similar import building, descriptor, index_file
from tests.core.similar.conftest import indexed, put


def known(place: Path) -> list[str]:
    index = index_file.read(index_file.path(place), descriptor.signature())
    return [] if index is None else list(index.states)


def test_a_second_scan_describes_only_what_is_new(place: Path, described: list[int]):
    put(place, "a.png", "b.png", "Monet/c.png")
    assert not similar.is_complete(place)
    indexed(place)
    assert similar.is_complete(place)
    assert known(place) == ["Monet/c.png", "a.png", "b.png"]
    assert len(described) == 3
    before = index_file.path(place).stat().st_mtime_ns
    indexed(place)
    assert len(described) == 3
    assert index_file.path(place).stat().st_mtime_ns == before  # not even written
    put(place, "d.png", seed=7)
    put(place, "b.png", seed=8)  # another picture
    (place / "a.png").unlink()
    assert not similar.is_complete(place)
    indexed(place)
    assert known(place) == ["Monet/c.png", "b.png", "d.png"]
    assert len(described) == 5
    assert similar.is_complete(place)


def test_what_only_goes_leaves_the_index(place: Path, described: list[int]):
    put(place, "a.png", "b.png")
    indexed(place)
    (place / "a.png").unlink()
    indexed(place)
    assert known(place) == ["b.png"]


def test_damaged_files_and_resized_copies_are_left_out(place: Path, described: list[int]):
    put(place, "images/Claude_Monet/Claude_Monet_1.png", "resized/Claude_Monet_1.png")
    (place / "images" / "torn.jpg").write_bytes(b"no picture")
    indexed(place)
    assert known(place) == ["images/Claude_Monet/Claude_Monet_1.png"]
    assert similar.is_complete(place)


def test_what_could_be_scanned_and_not_described_is_not_tried_again(
    place: Path, described: list[int]
):
    put(place, "a.png", "b.png")
    scan.scan(place)
    whole = (place / "b.png").read_bytes()
    (place / "b.png").write_bytes(whole[:40])  # after the scan
    similar.build(place)
    assert known(place) == ["a.png"]
    assert not similar.is_complete(place)  # it has changed
    (place / "b.png").write_bytes(whole)
    indexed(place)
    assert known(place) == ["a.png", "b.png"]
    assert similar.is_complete(place)


def test_a_stopped_build_goes_on_where_it_was(place: Path, described: list[int], monkeypatch):
    monkeypatch.setattr(building, "_AT_A_TIME", 2)
    put(place, *(f"{n}.png" for n in range(6)))
    scan.scan(place)
    reports: list[tuple[int, int]] = []
    similar.build(
        place,
        on_progress=lambda done, of: reports.append((done, of)),
        cancelled=lambda: len(described) >= 4,
    )
    assert reports == [(0, 6), (2, 6), (4, 6)]
    assert len(known(place)) == 4
    assert not similar.is_complete(place)
    similar.build(place)
    assert len(described) == 6
    assert similar.is_complete(place)


def test_ctrl_c_keeps_what_was_described(place: Path, described: list[int], monkeypatch):
    monkeypatch.setattr(building, "_AT_A_TIME", 2)
    put(place, *(f"{n}.png" for n in range(6)))
    scan.scan(place)

    def interrupt(done: int, of: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        similar.build(place, on_progress=interrupt)
    assert len(known(place)) == 4


def test_a_kill_costs_little(place: Path, described: list[int], monkeypatch):
    """What was described is kept now and then, before the end."""
    monkeypatch.setattr(building, "_AT_A_TIME", 1)
    monkeypatch.setattr(building, "_KEEP_AFTER", 0.0)
    monkeypatch.setattr(building, "_SHARE", 0)
    put(place, *(f"{n}.png" for n in range(4)))
    scan.scan(place)
    kept: list[int] = []
    similar.build(place, on_progress=lambda done, of: kept.append(len(known(place))))
    assert kept == [0, 1, 2, 3, 4]


def test_a_damaged_index_and_one_of_other_weights_are_made_anew(
    place: Path, described: list[int], monkeypatch
):
    put(place, "a.png", "b.png")
    indexed(place)
    path = index_file.path(place)
    path.write_bytes(path.read_bytes()[:-1])
    assert not similar.is_complete(place)
    assert similar.count(place) == 0
    indexed(place)
    assert len(described) == 4
    monkeypatch.setattr(descriptor, "signature", lambda: "others")
    assert not similar.is_complete(place)
    assert similar.count(place) == 0
    indexed(place)
    assert len(described) == 6
    assert similar.is_complete(place)


def test_a_collection_of_nothing_but_damage_has_an_empty_index(place: Path, described: list[int]):
    (place / "a.jpg").write_bytes(b"x")
    indexed(place)
    assert similar.is_complete(place)
    assert similar.count(place) == 0
