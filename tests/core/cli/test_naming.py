"""`python -m core identify` over many pictures: tables, lists, URLs, and after a kill."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core import identify
from core.cli.runs import found
from tests.core.cli.test_batches import draw, quick, run

__all__ = ["draw", "quick"]


@pytest.fixture
def paintings(draw, tmp_path: Path) -> Path:
    for seed, letter in enumerate("abc"):
        draw(f"paintings/{letter}.png", seed=seed)
    (tmp_path / "paintings" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "paintings"


def rows(path: Path) -> dict[str, dict]:
    if path.suffix == ".parquet":
        read = pq.read_table(path).to_pylist()
    else:
        read = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    return {Path(row["file"]).name: row for row in read}


@pytest.mark.parametrize("ending", found.ENDINGS)
def test_a_table_has_a_row_a_picture_and_what_is_in_it_is_not_done_again(
    quick, draw, paintings, tmp_path, monkeypatch, ending
):
    out = tmp_path / f"found{ending}"
    done = run("identify", paintings, "-o", out)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert "4 of 4" in done.stderr
    table = rows(out)
    assert sorted(table) == ["a.png", "b.png", "broken.jpg", "c.png"]
    assert table["a.png"]["name"]
    assert table["a.png"]["error"] == ""
    assert table["broken.jpg"]["error"]
    assert table["broken.jpg"]["artist"] == ""
    assert [path.name for path in tmp_path.iterdir() if "found" in path.name] == [out.name]
    before = out.read_bytes()

    draw("paintings/a.png", seed=20)  # another picture under its name
    asked = []
    answer = identify.identify

    def counted(picture, *rest, **more):
        asked.append(picture)
        return answer(picture, *rest, **more)

    monkeypatch.setattr(identify, "identify", counted)
    again = run("identify", paintings, "-o", out)
    assert "2 of 4 are done already" in again.stderr
    assert len(asked) == 1
    assert out.read_bytes() != before
    assert "done already" not in run("identify", paintings, "-o", out, "--top", 2).stderr


def test_after_a_kill_it_goes_on_with_what_was_written_down(quick, paintings, tmp_path):
    out = tmp_path / "found.parquet"
    run("identify", paintings, "-o", out)
    kept = found.Table(out, ["anything"])
    lines = [json.dumps(found.asdict(row)) for row in kept._rows.values()]
    out.unlink()
    beside = tmp_path / f"found.parquet{found.ADDED}"
    beside.write_text("\n".join(lines)[:-5])  # in the midst of a line, of c.png
    again = run("identify", paintings, "-o", out)
    assert "2 of 4 are done already" in again.stderr
    assert len(rows(out)) == 4
    assert not beside.exists()


def test_a_table_of_somebody_else_stays(quick, paintings, tmp_path):
    for name, data in (("x.csv", b"my,own,table\n1,2,3\n"), ("x.parquet", b"nothing of the kind")):
        (tmp_path / name).write_bytes(data)
        refused = run("identify", paintings, "-o", tmp_path / name)
        assert refused.exit_code == 1
        assert "not a table of this command" in refused.stderr
        assert (tmp_path / name).read_bytes() == data
    assert run("identify", paintings, "-o", tmp_path / "x.xlsx").exit_code == 2


def test_urls_and_lists_are_read_and_named(quick, draw, tmp_path):
    here, there = draw("a.png"), draw("b c.png", seed=1)
    (tmp_path / "list.txt").write_text(f"{here}\nfile://{there}\n\nfile:///gone.png\nno://x\n")
    done = run("identify", "--list", tmp_path / "list.txt", "--json")
    assert done.exit_code == 3
    told = {each["image"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert list(told) == [str(here), f"file://{there}", "file:///gone.png", "no://x"]
    assert told[f"file://{there}"]["artists"]
    assert told["file:///gone.png"]["error"] == "There is nothing at this URL."
    assert "Protocol not known" in told["no://x"]["error"]

    out = tmp_path / "found.csv"
    assert run("identify", f"file://{there}", "-o", out).exit_code == 0
    assert "1 of 1 are done" in run("identify", f"file://{there}", "-o", out).stderr
    assert run("identify", "--list", tmp_path / "none.txt").exit_code == 1
    assert run("identify").exit_code == 2


@pytest.mark.slow
def test_several_processes_find_what_one_finds(paintings, tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    assert run("identify", paintings, "-o", one).exit_code == 3
    assert run("identify", paintings, "-o", two, "--jobs", 2).exit_code == 3
    first, second = rows(one), rows(two)
    for table in (first, second):
        for row in table.values():
            row.pop("seconds")
    assert first == second


def test_without_ray_one_sentence_says_what_to_install(quick, paintings, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    done = run("identify", paintings, "--engine", "ray")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "requirements-ray.txt" in done.stderr
