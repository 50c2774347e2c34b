"""Runs over folders: what is done stays done, and `results.csv` says what became of each."""

from __future__ import annotations

import csv
import os
import weakref
from pathlib import Path

import numpy as np
import pytest

from core import files, images
from core.__main__ import app
from core.cli.runs.folder import Folder
from core.processes import crew
from tests.core.cli.test_batches import draw, quick, run

__all__ = ["draw", "quick"]

assert app


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}


def stamps(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.iterdir()}


@pytest.fixture
def photos(draw, tmp_path: Path) -> Path:
    for seed, letter in enumerate("abc"):
        draw(f"photos/{letter}.png", seed=seed)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["monet", "stylize"])
def test_what_is_finished_and_unchanged_is_not_done_again(quick, draw, photos, tmp_path, name):
    out, style = tmp_path / "out", draw("style.png", seed=9)
    given = ["monet", photos] if name == "monet" else ["stylize", photos, style]
    more = [] if name == "monet" else ["--mode", "instant", "--rows", 48]
    done = run(*given, "-o", out, *more)
    assert done.exit_code == 3
    found = rows(out)
    assert [each for each, row in found.items() if row["output"]] == ["a.png", "b.png", "c.png"]
    assert found["broken.jpg"]["error"]
    assert images.load(out / "contact-sheet.jpg").pixels.shape[1] == 3 * 184
    before = stamps(out)

    again = run(*given, "-o", out, *more)
    assert again.exit_code == 3
    assert "3 of 4 are done already" in again.stderr
    assert stamps(out).keys() == before.keys()
    pictures = [row["output"] for row in found.values() if row["output"]]
    assert all(stamps(out)[each] == before[each] for each in pictures)

    draw("photos/a.png", seed=20)  # another picture under its name
    (out / found["b.png"]["output"]).write_bytes(b"changed by hand")
    third = run(*given, "-o", out, *more)
    assert "1 of 4 are done already" in third.stderr
    assert stamps(out)[pictures[0]] == before[pictures[0]]  # nothing is overwritten
    assert (out / pictures[1]).read_bytes() == b"changed by hand"
    assert rows(out)["a.png"]["output"] == pictures[0].replace(".png", "-2.png")

    fourth = run(
        *given, "-o", out, *more, *(["--brush", "fine"] if name == "monet" else ["--brush", 2])
    )
    assert "done already" not in fourth.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_with_line_ends_are_found_again(quick, draw, tmp_path):
    names = ["a\rb.png", "a\nb.png", "a\r\nb.png"]
    for seed, name in enumerate(names):
        draw(f"photos/{name}", seed=seed)
    out = tmp_path / "out"
    assert run("monet", tmp_path / "photos", "-o", out).exit_code == 0
    assert sorted(rows(out)) == sorted(names)
    outputs = {row["output"] for row in rows(out).values()}
    assert outputs == {name.replace(".png", "-to-monet.png") for name in names}
    again = run("monet", tmp_path / "photos", "-o", out)
    assert again.exit_code == 0
    assert "3 of 3 are done already" in again.stderr
    assert sorted(rows(out)) == sorted(names)


def test_a_kill_leaves_a_table_that_is_gone_on_with(quick, photos, tmp_path):
    out = tmp_path / "out"
    run("monet", photos, "-o", out)
    table = (out / "results.csv").read_bytes()
    cut = table[: table.rindex(b"c.png")]  # in the midst of a line
    (out / "results.csv").write_bytes(cut)
    with Folder(out, ["x"]) as kept:
        kept.failed(photos / "broken.jpg", "a line of its own")
        kept._changed = False  # killed again: the table is not put in order
    assert (out / "results.csv").read_bytes().startswith(cut + b"\n")
    done = run("monet", photos, "-o", out)
    assert "2 of 4 are done already" in done.stderr
    assert rows(out)["c.png"]["output"] == "c-to-monet-2.png"


def test_nothing_of_anybody_else_is_overwritten(quick, photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "contact-sheet.jpg").write_bytes(b"mine")
    run("monet", photos, "-o", out)
    run("monet", photos, "-o", out, "--brush", "fine")
    assert (out / "contact-sheet.jpg").read_bytes() == b"mine"
    assert (out / "contact-sheet-2.jpg").exists()
    (out / "results.csv").write_text("my,own,table\n")
    refused = run("monet", photos, "-o", out)
    assert refused.exit_code == 1
    assert "not a table of this command" in refused.stderr
    assert (out / "results.csv").read_text() == "my,own,table\n"


def test_of_two_runs_into_one_folder_the_second_is_refused(quick, photos, tmp_path):
    out = tmp_path / "out"
    with Folder(out, ["another run"]) as first:
        refused = run("monet", photos, "-o", out)
        assert refused.exit_code == 1
        assert refused.stderr.count("\n") == 1
        assert "is being written by another run" in refused.stderr
        first.left([photos / "a.png"])
        first.failed(photos / "a.png", "of the first run")
    assert rows(out)["a.png"]["error"] == "of the first run"
    assert run("monet", photos, "-o", out).exit_code == 3


def test_a_table_that_cannot_be_put_in_order_is_told_and_has_its_rows(
    quick, photos, tmp_path, monkeypatch
):
    out, write = tmp_path / "out", files.write

    def full(path: Path, *rest: object, **more: object) -> None:
        if path.name == "results.csv" and path.exists():
            raise files.OutputError("The table could not be written: No space left on device.")
        write(path, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        failed = run("monet", photos, "-o", out)
    assert failed.exit_code == 1
    assert failed.stderr.splitlines()[-1].endswith("No space left on device.")
    assert "3 of 4 are done already" in run("monet", photos, "-o", out).stderr


def test_what_came_of_a_folder_is_not_taken_for_its_pictures(quick, photos):
    run("monet", photos, "-o", photos)
    before = set(photos.iterdir())
    again = run("monet", photos, "-o", photos)
    assert "3 of 4 are done already" in again.stderr
    assert set(photos.iterdir()) == before


def test_what_came_of_it_by_other_settings_is_not_taken_for_its_pictures_either(quick, photos):
    (photos / "contact-sheet.jpg").write_bytes((photos / "a.png").read_bytes())  # somebody else's
    fine = ["monet", photos, "-o", photos, "--brush", "fine"]
    run("monet", photos, "-o", photos)
    run(*fine)
    before = set(photos.iterdir())
    assert photos / "contact-sheet-to-monet.png" in before
    assert "4 of 5 are done already" in run(*fine).stderr
    assert "4 of 5 are done already" in run("monet", photos, "-o", photos).stderr
    assert set(photos.iterdir()) == before


def test_a_picture_that_changes_meanwhile_is_done_again(draw, photos, tmp_path):
    photo, out = photos / "a.png", tmp_path / "out"
    for number in range(2):
        with Folder(out, ["x"]) as kept:
            assert kept.left([photo]) == [photo]
            if number == 0:
                draw("photos/a.png", seed=20)
            (out / "a.png").write_bytes(b"painted")
            kept.done(photo, out / "a.png", b"painted", 1.0)
    with Folder(out, ["x"]) as kept:
        assert kept.left([photo]) == []


@pytest.mark.parametrize("name", ["monet", "stylize"])
def test_a_folder_that_is_named_like_a_picture_is_refused(quick, photos, tmp_path, name):
    style = [] if name == "monet" else [photos / "b.png"]
    refused = run(name, photos, *style, "-o", tmp_path / "painted.png")
    assert refused.exit_code == 2
    assert "the name of one picture" in refused.stderr
    assert not (tmp_path / "painted.png").exists()


def test_a_full_disk_says_so_and_ends_nothing(photos, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise files.OutputError("full")

    monkeypatch.setattr(files, "write", full)
    with Folder(tmp_path / "out", ["x"]) as kept, pytest.raises(files.OutputError):
        kept.left([photos / "a.png"])


@pytest.mark.slow
def test_several_processes_make_what_one_makes(photos, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert run("monet", photos, "-o", one).exit_code == 3
    assert run("monet", photos, "-o", two, "--jobs", 2).exit_code == 3
    assert sorted(path.name for path in one.iterdir()) == sorted(p.name for p in two.iterdir())
    first, second = rows(one), rows(two)
    assert {name: row["output_digest"] for name, row in first.items()} == {
        name: row["output_digest"] for name, row in second.items()
    }
    assert first["broken.jpg"]["error"] == second["broken.jpg"]["error"]


def _halve(common: int, item: int) -> float:
    if item == 3:
        raise files.OutputError("three")
    if item == 4:
        import os

        os._exit(1)
    return common / item


def test_a_crew_works_in_processes_and_tells_what_failed():
    results = {}
    for number, result in crew.work(_halve, 12, [1, 2, 3], 2):
        try:
            results[number] = result()
        except files.OutputError as error:
            results[number] = str(error)
    assert results == {0: 12.0, 1: 6.0, 2: "three"}
    (one,) = crew.work(_halve, 12, [4], 2)
    with pytest.raises(crew.ProcessDied, match="memory was short"):
        one[1]()


def _picture(common: int, item: int) -> np.ndarray:
    return np.full(common, item)


def test_a_crew_keeps_no_result_that_was_told_of():
    told: list[weakref.ref] = []
    most = 0
    for _, result in crew.work(_picture, 8, range(16), 2):
        told.append(weakref.ref(result()))
        del result
        most = max(most, sum(each() is not None for each in told))
    assert len(told) == 16
    assert most <= 2
