"""`python -m core identify` over many pictures: tables, lists, URLs, and after a kill."""

from __future__ import annotations

import csv
import errno
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import files, identify
from core.cli.runs import found
from core.cli.runs import rows as tables
from core.settings import ROOT
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


@pytest.mark.parametrize("ending", tables.ENDINGS)
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("ending", tables.ENDINGS)
def test_names_with_line_ends_are_found_again(quick, draw, tmp_path, ending):
    paths = [str(draw(f"{name}.png", seed=5)) for name in ("a\rb", "a\nb", "a\r\nb")]
    out = tmp_path / f"found{ending}"
    assert run("identify", *paths, "-o", out).exit_code == 0
    assert sorted(row.file for row in tables.read(out)) == sorted(paths)
    again = run("identify", *paths, "-o", out)
    assert again.exit_code == 0
    assert "3 of 3 are done already" in again.stderr


def test_after_a_kill_it_goes_on_with_what_was_written_down(quick, paintings, tmp_path):
    out = tmp_path / "found.parquet"
    run("identify", paintings, "-o", out)
    lines = [tables.line(row).decode().strip() for row in tables.read(out)]
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


def test_of_two_runs_on_one_table_the_second_is_refused(quick, paintings, tmp_path):
    out = tmp_path / "found.csv"
    with found.Table(out, ["another run"]) as first:
        refused = run("identify", paintings, "-o", out)
        assert refused.exit_code == 1
        assert refused.stderr.count("\n") == 1
        assert "is being written by another run" in refused.stderr
        first.failed(paintings / "a.png", "of the first run")
    assert rows(out)["a.png"]["error"] == "of the first run"
    assert run("identify", paintings, "-o", out).exit_code == 3
    assert len(rows(out)) == 4


def test_the_lock_of_a_run_that_is_killed_holds_nobody_up(quick, paintings, tmp_path):
    out = tmp_path / "found.csv"
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.cli.runs import found\n"
        "with found.Table(Path(sys.argv[1]), []) as table:\n"
        "    table.failed(Path('gone.png'), 'of the first run')\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, out], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout.readline() == b"locked\n"
        assert "another run" in run("identify", paintings, "-o", out).stderr
        first.kill()
    assert run("identify", paintings, "-o", out).exit_code == 3
    assert sorted(rows(out)) == ["a.png", "b.png", "broken.jpg", "c.png", "gone.png"]


@pytest.mark.parametrize("ending", tables.ENDINGS)
def test_a_table_that_cannot_be_written_is_told_and_its_rows_stay(
    quick, paintings, tmp_path, monkeypatch, ending
):
    out = tmp_path / f"found{ending}"

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "_settle", full)
        patch.setattr(pq, "write_table", full)
        failed = run("identify", paintings, "-o", out)
    assert failed.exit_code == 1
    (said,) = [line for line in failed.stderr.splitlines() if "No space" in line]
    assert "kept in" in said
    assert not out.exists()
    again = run("identify", paintings, "-o", out)
    assert "3 of 4 are done already" in again.stderr
    assert len(rows(out)) == 4


def test_a_row_that_is_cut_off_takes_no_other_along(paintings, tmp_path, monkeypatch):
    out, beside = tmp_path / "found.csv", tmp_path / f"found.csv{found.ADDED}"

    class Full:
        """A file that takes five bytes, and no more until the disk has room again."""

        def __init__(self, file: io.FileIO) -> None:
            self.file, self.room = file, 5

        def write(self, data: bytes) -> int:
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            count = self.file.write(data[: self.room])
            self.room -= count
            return count

    with found.Table(out, []) as table:
        table.failed(Path("a"), "one")
        file, table._file = table._file, Full(table._file)
        with pytest.raises(files.OutputError, match="No space left on device"):
            table.failed(Path("b"), "two")
        table._file.room = 10_000
        table.failed(Path("c"), "three")
        table._file = file
        kept = tables.of_lines(beside.read_bytes())
        assert [row.file for row in kept] == ["a", "c"]
    assert sorted(rows(out)) == ["a", "c"]


def test_a_table_of_other_columns_stays_even_if_it_has_no_rows(quick, paintings, tmp_path):
    foreign = pa.table({"my": pa.array([], pa.string())})
    pq.write_table(foreign, tmp_path / "x.parquet")
    columns = {name: pa.array([{"x": 1}]) for name in tables._HEAD}  # theirs, but of another kind
    pq.write_table(pa.table(columns), tmp_path / "y.parquet")
    (tmp_path / "x.csv").write_text("my,own,table\n")
    (tmp_path / "y.csv").write_text(",".join(tables._HEAD[:-1]) + "\n")
    for name in ("x.parquet", "y.parquet", "x.csv", "y.csv"):
        before = (tmp_path / name).read_bytes()
        refused = run("identify", paintings, "-o", tmp_path / name)
        assert refused.exit_code == 1, name
        assert "not a table of this command" in refused.stderr
        assert (tmp_path / name).read_bytes() == before
        assert not (tmp_path / f"{name}{found.ADDED}").exists()


def test_what_lies_beside_a_table_and_is_of_somebody_else_stays(quick, paintings, tmp_path):
    out, beside = tmp_path / "found.csv", tmp_path / f"found.csv{found.ADDED}"
    beside.write_text("one line of mine\n")
    refused = run("identify", paintings, "-o", out)
    assert refused.exit_code == 1
    assert "in the way" in refused.stderr
    assert beside.read_text() == "one line of mine\n"
    (tmp_path / "empty.csv").touch()
    assert run("identify", paintings, "-o", tmp_path / "empty.csv").exit_code == 3


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
