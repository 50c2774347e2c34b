"""A scan remembers the right things whatever happens to it."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import images, jobs
from core.collection import duplicates, scan, store
from core.settings import ROOT, settings
from tests.core.collection.conftest import (
    BAD,
    Here,
    duplicate_files,
    errors,
    picture,
    plain,
    put,
    scanned,
)
from tests.fuzz import save

# Damage


def test_damaged_files_are_told_and_the_rest_goes_on(place, measured, monkeypatch):
    monkeypatch.setenv("ATELIER_MAX_PIXELS", "100000")
    monkeypatch.setenv("ATELIER_MAX_BYTES", "300000")
    settings.cache_clear()
    good = put(place, "a.png", "z.png", "T/1.png")
    whole = save(picture(9), "JPEG")
    broken = {
        "empty.jpg": b"",
        "cut.jpg": whole[: len(whole) // 3],
        "fake.png": b"<html>no picture</html>",
        "noise.jpg": np.random.default_rng(0).bytes(3000),
        "vast.png": save(np.zeros((400, 300, 3), np.uint8), "PNG"),
        "heavy.bmp": whole + bytes(300_000),
    }
    for name, data in broken.items():
        (place / name).write_bytes(data)
    scan.scan(place)
    found = errors(place)
    assert [file for file, error in found.items() if not error] == sorted(good)
    bad = {file: error for file, error in found.items() if error}
    assert set(bad) == set(broken)
    assert all(error[0].isupper() and error.endswith(".") for error in bad.values())
    assert bad["empty.jpg"] == "The file is empty."
    assert "too large" in bad["vast.png"]
    assert "too large" in bad["heavy.bmp"]
    assert scanned(place, measured) == []
    assert scan.is_complete(place)


def test_files_that_only_an_index_knows_are_told_too(place, measured):
    put(place, "a.png")
    (place / "folder.jpg").mkdir()
    (place / "circle.jpg").symlink_to("circle.jpg")
    os.mkfifo(place / "pipe.jpg")
    names = ["a.png", "gone.jpg", "folder.jpg", "circle.jpg", "pipe.jpg"]
    (place / "index.csv").write_text("file,artist\n" + "".join(f"{n},x\n" for n in names))
    reports = []
    scan.scan(place, on_progress=lambda done, of: reports.append((done, of)))
    assert reports[-1] == (5, 5)
    found = errors(place)
    assert found["a.png"] == ""
    assert found["gone.jpg"] == "The file cannot be opened: No such file or directory."
    assert "cannot be opened" in found["circle.jpg"]
    assert found["folder.jpg"].startswith("This is a folder, not a file")
    assert found["pipe.jpg"].startswith("This is a pipe, not a file")
    assert scan.is_complete(place)
    assert scanned(place, measured) == []
    put(place, "gone.jpg")  # a picture after all
    assert not scan.is_complete(place)
    assert scanned(place, measured) == ["gone.jpg"]
    assert errors(place)["gone.jpg"] == ""


def test_a_file_without_permission_is_told_and_read_once_there_is(place, measured, monkeypatch):
    put(place, "a.png", "locked.png")
    real = images.read

    def refuse(path: Path) -> bytes:
        if path.name == "locked.png":
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:  # root is never refused
        patch.setattr(images, "read", refuse)
        scan.scan(place)
        assert errors(place)["locked.png"] == "The file cannot be opened: Permission denied."
        assert scan.is_complete(place)
    (place / "locked.png").chmod(0o600)
    assert scanned(place, measured) == ["locked.png"]
    assert set(errors(place).values()) == {""}


def test_a_directory_of_nothing_but_damage_is_scanned_to_the_end(place, measured):
    (place / "a.jpg").write_bytes(b"x")
    scan.scan(place)
    assert scan.is_complete(place)
    assert duplicate_files(place) == []


def test_a_picture_that_crashes_its_decoder_costs_only_itself(place, measured):
    """Where the crash is played; `test_real_processes_die_of_one_picture_only` has a true one."""
    good = put(place, *(f"{n}.png" for n in range(7)))
    bad = put(place, f"{BAD}.png", f"2{BAD}/{BAD}.png", f"2{BAD}/{BAD}2.png", seed=50)
    scan.scan(place)
    found = errors(place)
    assert {file for file, error in found.items() if error} == set(bad)
    assert {found[file] for file in bad} == {"The picture crashes its decoder."}
    assert sorted(found) == sorted(good + bad)
    assert scan.is_complete(place)
    assert scanned(place, measured) == []


def test_no_picture_is_blamed_when_no_process_starts(place, measured, monkeypatch):
    """Say, for want of memory: it would be remembered against every picture."""

    class Broken(Here):
        def submit(self, function: Callable, *arguments: object) -> Future:
            future: Future = Future()
            future.set_exception(BrokenProcessPool())
            return future

    put(place, f"{BAD}.png", "a.png")
    with monkeypatch.context() as patch:
        patch.setattr(scan, "_pool", Broken)
        with pytest.raises(BrokenProcessPool):
            scan.scan(place)
    assert scan.known(place) == 0


# Remembering


def test_a_second_scan_measures_nothing(place, measured):
    files = put(place, *(f"{n}.png" for n in range(5)))
    assert scanned(place, measured) == files
    assert scanned(place, measured) == []
    assert scan.is_complete(place)


def test_progress_goes_from_what_is_known_to_all(place, measured):
    put(place, *(f"{n}.png" for n in range(5)))
    reports: list[tuple[int, int]] = []
    scan.scan(place, on_progress=lambda done, of: reports.append((done, of)))
    assert reports == [(0, 5), (2, 5), (4, 5), (5, 5)]
    put(place, "new.png")
    reports.clear()
    scan.scan(place, on_progress=lambda done, of: reports.append((done, of)))
    assert reports == [(5, 6), (6, 6)]


def test_a_cancelled_scan_goes_on_where_it_was(place, measured):
    files = put(place, *(f"{n}.png" for n in range(9)))
    asked = []
    scan.scan(place, cancelled=lambda: bool(asked.append(1)) or len(asked) == 2)
    assert len(measured) == 4
    assert scan.known(place) == 4
    assert len(scan.table(place)) == 4
    assert not scan.is_complete(place)
    assert scanned(place, measured) == files[4:]
    assert sorted(scan.table(place)["file"]) == files
    assert scan.is_complete(place)


def test_cancelled_while_duplicates_are_sought_is_not_complete(place, measured, monkeypatch):
    put(place, "a.png")
    put(place, "b.png")
    stop = threading.Event()
    real = duplicates.pairs

    def pairs(*arguments, **options):
        stop.set()
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(duplicates, "pairs", pairs)
        scan.scan(place, cancelled=stop.is_set)
    assert scan.known(place) == 2
    assert duplicate_files(place) == []
    assert not scan.is_complete(place)
    assert scanned(place, measured) == []
    assert duplicate_files(place) == [("a.png", "b.png")]
    assert scan.is_complete(place)


def test_a_changed_file_is_measured_again(place, measured):
    put(place, "a.png", "b.png")
    scan.scan(place)
    (place / "b.png").write_bytes(save(np.full((30, 50, 3), 255, np.uint8), "PNG"))
    assert not scan.is_complete(place)
    assert scanned(place, measured) == ["b.png"]
    row = scan.table(place).set_index("file").loc["b.png"]
    assert (row["width"], row["height"], row["brightness"]) == (50, 30, 1.0)


def test_a_change_that_keeps_size_and_date_is_seen(place, measured):
    """As copying programs leave it that set the date of the original."""
    path = place / "a.bmp"
    path.write_bytes(save(plain(255, 255, 255), "BMP"))
    scan.scan(place)
    before = path.stat()
    time.sleep(0.02)  # clocks of file systems tick
    path.write_bytes(save(plain(0, 0, 0), "BMP"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert scanned(place, measured) == ["a.bmp"]
    assert scan.table(place)["brightness"].tolist() == [0.0]


def test_a_removed_file_is_forgotten(place, measured):
    put(place, "a.png", "b.png", "c.png")
    scan.scan(place)
    (place / "b.png").unlink()
    assert not scan.is_complete(place)
    assert scan.table(place)["file"].tolist() == ["a.png", "c.png"]
    assert scanned(place, measured) == []
    assert scan.known(place) == 2
    assert scan.is_complete(place)


def test_duplicates_follow_the_files(place, measured):
    put(place, "a.png", "b.png")
    put(place, "T/a again.png")
    scan.scan(place)
    assert duplicate_files(place) == [("T/a again.png", "a.png")]
    assert scan.duplicate_pairs(place)["likeness"].tolist() == [1.0]
    put(place, "c.png", seed=1)  # as b
    assert not scan.is_complete(place)
    scan.scan(place)
    assert duplicate_files(place) == [("T/a again.png", "a.png"), ("b.png", "c.png")]
    put(place, "T/a again.png", seed=7)
    scan.scan(place)
    assert duplicate_files(place) == [("b.png", "c.png")]
    (place / "c.png").unlink()
    scan.scan(place)
    assert duplicate_files(place) == []


def test_duplicates_of_a_file_that_is_gone_are_gone_at_once(place, measured):
    put(place, "a.png")
    put(place, "b.png")
    put(place, "c.png")
    scan.scan(place)
    assert len(duplicate_files(place)) == 3
    (place / "b.png").unlink()
    scan.scan(place, cancelled=lambda: True)
    assert duplicate_files(place) == [("a.png", "c.png")]


def test_the_resized_copy_of_a_picture_is_no_duplicate(place, measured):
    put(place, "images/images/Titian/Titian_1.png")
    put(place, "resized/resized/Titian_1.png")
    put(place, "resized/resized/Titian_2.png")  # of which there is no other
    scan.scan(place)
    assert duplicate_files(place) == [
        ("images/images/Titian/Titian_1.png", "resized/resized/Titian_2.png")
    ]


def test_a_resized_copy_that_is_left_alone_is_a_picture_of_its_own(place, measured):
    put(place, "images/images/Titian/Titian_1.png")
    put(place, "resized/resized/Titian_1.png")
    put(place, "b.png")
    scan.scan(place)
    assert duplicate_files(place) == [("b.png", "images/images/Titian/Titian_1.png")]
    (place / "images/images/Titian/Titian_1.png").unlink()
    assert scanned(place, measured) == []
    assert duplicate_files(place) == [("b.png", "resized/resized/Titian_1.png")]


def test_the_table_joins_listing_and_figures(place, measured):
    put(place, "Titian/a.png", "_other/Jan Steen/b.png")
    assert scan.table(place).empty
    scan.scan(place)
    table = scan.table(place)
    assert list(table.columns) == [
        "file", "artist", "outside", "resized_copy", "style", "split", "bytes", "error", "sha256",
        "width", "height", "brightness", "colourfulness", "palette", "hash",
    ]  # fmt: skip
    assert table["artist"].tolist() == ["Titian", "Jan Steen"]
    assert table["outside"].tolist() == [False, True]
    assert table["width"].tolist() == [128, 128]
    assert all(json.loads(palette) for palette in table["palette"])
    assert list(scan.duplicate_pairs(place).columns) == ["file_a", "file_b", "likeness"]


def test_an_empty_table_has_the_same_columns(place, measured):
    put(place, "a.png")
    empty = scan.table(place)
    scan.scan(place)
    assert list(empty.columns) == list(scan.table(place).columns)


def test_directories_of_one_name_have_a_memory_each(place, measured):
    one, two = place / "1" / "same", place / "2" / "same"
    put(one, "a.png")
    put(two, "a.png", "b.png")
    scan.scan(one)
    assert scan.known(two) == 0
    scan.scan(two)
    assert (scan.known(one), scan.known(two)) == (1, 2)
    assert store.path(one).parent == settings().cache / "scans"


def test_a_directory_is_the_same_by_every_path_to_it(place, measured, monkeypatch):
    put(place, "a.png")
    scan.scan(place)
    (place.parent / "link").symlink_to(place)
    monkeypatch.chdir(place)
    for path in (place.parent / "link", place / ".." / place.name, Path(), Path("../paintings")):
        assert store.path(path) == store.path(place)
        assert scan.is_complete(path)


@pytest.mark.parametrize("name", ["é" * 120, "名画 集", "a'b\"c;--", "?mode=ro", "#%41"])
def test_any_directory_has_a_memory(place, measured, name):
    put(place / name, "a.png")
    scan.scan(place / name)
    assert scan.is_complete(place / name)


@pytest.mark.parametrize("look", [scan.scan, scan.is_complete, scan.table])
def test_a_missing_directory_is_an_error_and_leaves_no_memory(place, look):
    with pytest.raises(FileNotFoundError, match="There is no directory"):
        look(place / "gone")
    assert not store.path(place / "gone").exists()


# Several at once


def test_scans_at_the_same_time_end_right(place, measured):
    files = put(place, *(f"{n:02d}.png" for n in range(20)))
    put(place, "again.png")
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        scan.scan(place)

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for _ in range(4)]:
            future.result()
    assert scan.table(place)["file"].tolist() == [*files, "again.png"]
    assert duplicate_files(place) == [("00.png", "again.png")]
    assert scan.is_complete(place)


def test_duplicates_are_not_found_in_what_another_scan_has_changed_meanwhile(
    place, measured, monkeypatch
):
    put(place, "a.png", "b.png")
    real, inner = duplicates.pairs, []

    def pairs(*arguments, **options):
        if not inner:  # while the first scan compares, a second one comes and goes
            inner.append(1)
            put(place, "c.png")
            scan.scan(place)
        return real(*arguments, **options)

    monkeypatch.setattr(duplicates, "pairs", pairs)
    scan.scan(place)
    assert inner
    assert duplicate_files(place) == [("a.png", "c.png")]
    assert scan.is_complete(place)


def test_a_scan_that_overtakes_another_does_not_end_it(place, measured):
    """What the slower one measures afterwards has its duplicates, too."""
    put(place, "a.png", "b.png", "c.png")
    put(place, "z.png")
    overtaken = []

    def progress(done: int, of: int) -> None:
        if done == 2 and not overtaken:
            overtaken.append(1)
            (place / "z.png").rename(place / ".hidden")
            scan.scan(place)
            assert scan.is_complete(place)
            (place / ".hidden").rename(place / "z.png")

    scan.scan(place, on_progress=progress)
    assert overtaken
    assert duplicate_files(place) == [("a.png", "z.png")]
    assert scan.is_complete(place)


# Real processes


@pytest.fixture
def crashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets some pictures kill the process that measures them, as a decoder's bug would."""
    (tmp_path / "crashing.py").write_text(
        "import os, signal\n"
        "from core.collection import scan\n"
        "real = scan.measure\n"
        "def measure(directory, file):\n"
        f"    if file.startswith({BAD!r}):\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return real(directory, file)\n"
        "def measure_chunk(directory, chunk):\n"
        "    return [measure(directory, file) for file in chunk]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)  # which spawned processes are told
    import crashing

    monkeypatch.setattr(scan, "measure", crashing.measure)
    monkeypatch.setattr(scan, "_measure_chunk", crashing.measure_chunk)
    monkeypatch.setattr(scan, "_CHUNK", 2)


@pytest.mark.slow
def test_real_processes_die_of_one_picture_only(place, crashing):
    good = put(place, "a.png", "b.png", "c.png", "z.png")
    bad = put(place, f"{BAD}.png")
    reports = []
    scan.scan(place, on_progress=lambda done, of: reports.append(done))
    found = errors(place)
    assert [file for file, error in found.items() if not error] == good
    assert found[bad[0]] == "The picture crashes its decoder."
    assert scan.is_complete(place)
    assert reports == sorted(reports)
    assert reports[-1] == 5


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "core", "scan", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.slow
def test_the_command_tells_its_progress_a_line(place):
    put(place, *(f"{n}.png" for n in range(3)))
    (place / "broken.jpg").write_bytes(b"x")
    done = run(place, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"done": 0, "of": 4}
    assert lines[-1] == {"done": 4, "of": 4}
    assert scan.is_complete(place)
    done = run(place)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "4 of 4\n"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["missing", "empty", "unusable"])
def test_the_command_refuses_in_one_sentence(place, kind):
    if kind == "unusable":
        (place / "index.csv").write_text("file,artist\n../a.jpg,x\n")
    done = run(place / "gone" if kind == "missing" else place, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(".\n")
    assert str(place) in done.stderr


def many(place: Path, count: int) -> list[str]:
    """Pictures large enough for a scan of them to take a while."""
    rng = np.random.default_rng(0)
    files = []
    for n in range(count):
        noise = rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
        image = Image.fromarray(noise).resize((900, 600), Image.Resampling.BICUBIC)
        files.append(f"{n:03d}.jpg")
        (place / files[-1]).write_bytes(save(image, "JPEG", quality=95))
    return files


def descendants(process: int) -> Iterator[int]:
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        yield int(child)
        yield from descendants(int(child))


def is_alive(process: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
@pytest.mark.parametrize("how", ["killed", "Ctrl-C"])
def test_an_ended_scan_goes_on_where_it_was_and_leaves_no_process(place, how):
    files = many(place, 400)
    with subprocess.Popen(
        command(place, "--json"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # A shell that starts tests in the background has them ignore Ctrl-C, children included.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["done"]:
                break
        workers = list(descendants(process.pid))
        if how == "killed":
            process.kill()
        else:  # a terminal tells all
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    assert process.returncode != 0
    known = scan.known(place)
    assert 0 < known < len(files)
    assert workers
    deadline = time.monotonic() + 60
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_alive, workers))
    done = run(place, "--json")
    assert json.loads(done.stdout.splitlines()[0]) == {"done": known, "of": len(files)}
    assert scan.table(place)["file"].tolist() == files
    assert set(errors(place).values()) == {""}
    assert scan.is_complete(place)


@pytest.mark.slow
def test_two_commands_at_the_same_time_end_right(place):
    files = many(place, 80)
    processes = [
        subprocess.Popen(command(place, "--json"), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        lines = process.communicate(timeout=300)[0].splitlines()
        assert process.returncode == 0
        assert json.loads(lines[-1]) == {"done": 80, "of": 80}
    assert scan.table(place)["file"].tolist() == files
    assert scan.is_complete(place)


# In the background


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.slow
def test_a_scan_in_the_background_is_a_job(place):
    put(place, "a.png", "b.png")
    job = scan.in_background(place)
    assert scan.in_background(place) is job
    assert jobs.find(scan.job_key(place)) is job
    job.result(120)
    assert (job.progress.step, job.progress.of, job.progress.fraction) == (2, 2, 1.0)
    assert scan.is_complete(place)


@pytest.mark.slow
def test_a_scan_in_the_background_fails_with_what_the_command_said(place):
    job = scan.in_background(place)
    with pytest.raises(RuntimeError, match="There are no pictures in"):
        job.result(120)


def test_libraries_may_complain_as_much_as_they_like(place, tmp_path, monkeypatch):
    """A pipe that nobody reads would stop the scan."""
    talk = 'i=0; while [ $i -lt 3000 ]; do echo "$0 complains about a tag, as libtiff does" >&2; '
    talk += 'i=$((i+1)); done; echo \'{"done": 1, "of": 1}\''
    monkeypatch.setattr(scan.sys, "executable", script(tmp_path / "python", talk))
    job = scan.in_background(place)
    job.result(60)
    assert (job.progress.step, job.progress.of) == (1, 1)


def test_a_cancelled_scan_in_the_background_ends(place, tmp_path, monkeypatch):
    wait = 'echo \'{"done": 0, "of": 9}\'; exec sleep 60'
    monkeypatch.setattr(scan.sys, "executable", script(tmp_path / "python", wait))
    job = scan.in_background(place)
    while job.progress is None:
        time.sleep(0.01)
    job.cancel()
    job.result(30)
    assert job.state == jobs.State.cancelled
    assert (job.progress.step, job.progress.of, job.progress.fraction) == (0, 9, 0.0)


def test_the_payload_of_a_scan_is_plain_data(place):
    payload = scan.Directory(place)
    assert pickle.loads(pickle.dumps(payload)) == payload  # noqa: S301 - our own bytes
