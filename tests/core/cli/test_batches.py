"""`python -m core` on several pictures: nothing is lost, and one bad input ends nothing."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from core import files, identify, images, models, monet
from core.__main__ import app
from core.cli.runs import folder
from core.identify import classify
from core.images import encoding
from core.settings import ROOT
from core.stylize import refine
from core.stylize.session import painting
from tests.versions import make

INSTANT = ("--mode", "instant", "--rows", 48)
REFINE = ("--rows", 48, "--steps", 2)


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def names(directory: Path) -> list[str]:
    """What lies there, but what a run over a folder adds."""
    return sorted({path.name for path in directory.iterdir()} - {folder.RESULTS, folder.SHEET})


@pytest.fixture
def draw(make_picture, tmp_path) -> Callable[..., Path]:
    """Makes a picture file, and the folder around it."""

    def make(name: str | bytes, height: int = 48, width: int = 64, seed: int = 0) -> Path:
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.encode(make_picture(height, width, seed)))
        return path

    return make


@pytest.fixture
def quick(monkeypatch):
    """In place of networks, so that a picture takes no time."""
    for load in ("load", "load_keras"):
        monkeypatch.setattr(models, load, lambda *_, **__: None)
    monkeypatch.setattr(painting, "sketched", lambda request, photo, styles, layout: photo // 2)
    monkeypatch.setattr(
        monet, "paint", lambda pixels, way, brush: monet.Painted(way, pixels, pixels // 2, 0.0)
    )
    guess = identify.Guess(classify.artists.catalogue()[0], 1.0)
    found = identify.Identification(models.DEFAULT, "0123456789ab", (guess,), True, 1.0, 0.0)
    monkeypatch.setattr(identify, "identify", lambda *_, **__: found)
    monkeypatch.setattr(
        identify,
        "explain",
        lambda picture, *_, **__: np.ones(picture.pixels.shape[:2], np.float32),
    )


def command(name: str, inputs: list[Path], out: Path, style: Path) -> list[object]:
    """A command that writes a picture for each input into a folder."""
    if name == "identify":
        return ["identify", *inputs, "--explain", out]
    if name == "monet":
        return ["monet", *inputs, "-o", out]
    return ["stylize", inputs[0].parent, style, "-o", out, *INSTANT]


COMMANDS = pytest.mark.parametrize("name", ["identify", "monet", "stylize"])


@COMMANDS
def test_what_lies_in_the_folder_stays_as_it_is(name, quick, draw, tmp_path):
    style = draw("style.png", seed=3)
    photos = [draw("photos/a.png"), draw("photos/a.jpg", seed=1), draw("photos/b.png", seed=2)]
    added = "-to-monet" if name == "monet" else ""
    draw(f"photos/a{added}-3.png", seed=4)
    before = {path: path.read_bytes() for path in (tmp_path / "photos").iterdir()}
    arguments = command(name, photos, tmp_path / "photos", style)
    done = run(*arguments)
    assert done.exit_code == 0, done.stderr
    for path, data in before.items():
        assert path.read_bytes() == data
    made = set(names(tmp_path / "photos")) - {path.name for path in before}
    count = 4 if name == "stylize" else 3  # in a folder, each picture is an input
    assert len(made) == count
    if name == "monet":
        assert made == {"a-to-monet.png", "a-to-monet-2.png", "b-to-monet.png"}
    else:
        assert {"a-2.png", "a-4.png", "b-2.png"} <= made
    run(*command(name, photos, tmp_path / "photos", style))
    assert all(path.read_bytes() == data for path, data in before.items())


@pytest.mark.parametrize("name", ["identify", "monet"])
def test_pictures_of_one_name_do_not_share_an_output(name, quick, draw, tmp_path):
    photos = [draw("x/p1.png"), draw("y/p1.jpg", seed=1)]
    done = run(*command(name, photos, tmp_path / "out", photos[0]), "--json")
    assert done.exit_code == 0, done.stderr
    made = [images.load(path).pixels for path in sorted((tmp_path / "out").iterdir())]
    assert len(made) == 2
    assert (made[0] != made[1]).any()
    if name == "monet":
        told = [json.loads(line)["output"] for line in done.stdout.splitlines()]
        assert sorted(told) == sorted(map(str, (tmp_path / "out").iterdir()))


@pytest.mark.parametrize("way", ["itself", "spelled otherwise", "a link"])
@pytest.mark.parametrize("name", ["content", "style", "photo"])
def test_a_picture_that_is_read_is_never_written(name, way, quick, draw, tmp_path):
    content, style = draw("content.png"), draw("style.png", seed=1)
    victim = style if name == "style" else content
    out = victim
    if way == "spelled otherwise":
        out = tmp_path / "." / "nowhere" / ".." / victim.name
        (tmp_path / "nowhere").mkdir()
    elif way == "a link":
        out = tmp_path / "link.png"
        out.symlink_to(victim)
    before = victim.read_bytes()
    if name == "photo":
        done = run("monet", content, "-o", out)
    else:
        done = run("stylize", content, style, "-o", out, *INSTANT)
    assert done.exit_code == 2
    assert "would be overwritten" in done.stderr
    assert victim.read_bytes() == before


def test_a_file_that_is_named_is_replaced(quick, draw, tmp_path):
    photo, out = draw("a.png"), draw("out.png", seed=1)
    for arguments in (["monet", photo], ["stylize", photo, photo, *INSTANT]):
        out.write_bytes(b"earlier")
        done = run(*arguments, "-o", out)
        assert done.exit_code == 0, done.stderr
        assert images.load(out).pixels.shape == (48, 64, 3)
    assert names(tmp_path) == ["a.png", "out.png"]


def test_what_appears_while_it_is_painted_stays(quick, draw, tmp_path, monkeypatch):
    def meddle(pixels, way, brush):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "a-to-monet.png").write_bytes(b"somebody else's")
        return monet.Painted(way, pixels, pixels, 0.0)

    monkeypatch.setattr(monet, "paint", meddle)
    done = run("monet", draw("a.png"), "-o", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "a-to-monet.png").read_bytes() == b"somebody else's"
    assert json.loads(done.stdout)["output"] == str(tmp_path / "out" / "a-to-monet-2.png")


@COMMANDS
def test_each_failure_is_a_line_and_the_others_are_done(name, quick, draw, tmp_path, monkeypatch):
    """An output whose name is too long, a damaged file, and a fault of the program."""
    long = f"{'x' * 245}.jpeg" if name == "monet" else f"{'x' * 251}.avif"[-255:]
    photos = [draw("in/a.png"), draw("in/c.png", seed=2), draw("in/d.png", width=65, seed=3)]
    style = draw("style.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no picture")
    inputs = [photos[0], tmp_path / "in" / "b.png", *photos[1:]]
    if name == "monet":
        inputs.append(draw(f"in/{long}"))
    broken = {"identify": identify, "monet": monet, "stylize": painting}[name]
    attribute = {"identify": "explain", "monet": "paint", "stylize": "sketched"}[name]
    works = getattr(broken, attribute)

    def fail_for_one(given, *rest, **more):
        pixels = given if name == "monet" else getattr(given, "pixels", None)
        pixels = rest[0] if name == "stylize" else pixels
        if pixels.shape[1] == 65:
            raise IndexError("a fault")
        return works(given, *rest, **more)

    monkeypatch.setattr(broken, attribute, fail_for_one)
    done = run(*command(name, inputs, tmp_path / "out", style))
    assert done.exit_code == 3
    said = {Path(line.partition(": ")[0]).name: line for line in done.stderr.splitlines()}
    assert len(said) == len(done.stderr.splitlines())
    assert "not a picture" in said.pop("b.png")
    assert "incident" in said.pop("d.png")
    if name == "monet":
        assert "too long" in said.pop(long)
    assert not said
    assert len(names(tmp_path / "out")) == 2

    as_json = run(*command(name, inputs, tmp_path / "again", style), "--json")
    assert as_json.exit_code == 3
    assert as_json.stderr == ""
    rows = [json.loads(line) for line in as_json.stdout.splitlines()]
    failed = [Path(row["image"]).name for row in rows if "error" in row]
    assert failed == ["b.png", "d.png", long][: len(failed)]
    assert len(failed) == (3 if name == "monet" else 2)


def test_a_traceback_is_shown_only_if_it_is_asked_for(quick, draw, tmp_path, monkeypatch):
    monkeypatch.setattr(monet, "paint", lambda *_, **__: {}["nothing"])
    photo = draw("a.png")
    assert "Traceback" not in run("monet", photo, "-o", tmp_path).stderr
    asked = run("--verbose", "monet", photo, "-o", tmp_path)
    assert asked.exit_code == 3
    assert "KeyError: 'nothing'" in asked.stderr
    run("models")  # which sets the log up as it is without


@COMMANDS
def test_a_file_in_place_of_the_folder_is_told_before_the_work(name, draw, tmp_path, monkeypatch):
    for module, attribute in ((identify, "identify"), (monet, "paint"), (painting, "sketched")):
        monkeypatch.setattr(module, attribute, lambda *_, **__: pytest.fail("it was worked on"))
    photo = draw("in/a.png")
    (tmp_path / "file").write_text("kept")
    for out in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        done = run(*command(name, [photo], out, photo))
        assert done.exit_code == 1
        assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("out", ["folder.png", f"{'x' * 252}.png", "file/x.png"])
def test_an_output_that_cannot_be_is_told_before_the_work(out, draw, tmp_path, monkeypatch):
    monkeypatch.setattr(painting, "sketched", lambda *_: pytest.fail("it was painted"))
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    photo = draw("a.png")
    done = run("stylize", photo, photo, "-o", tmp_path / out, *INSTANT)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


@COMMANDS
def test_a_full_disk_costs_one_picture(name, quick, draw, tmp_path, monkeypatch):
    photos = [draw("in/a.png"), draw("in/b.png", seed=1), draw("in/c.png", seed=2)]
    written, write = [], Path.write_bytes
    second = 3 if name == "stylize" else 2  # of the pictures: of a folder, a table comes first

    def full(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) == second:
            write(path, data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    done = run(*command(name, photos, tmp_path / "out", photos[0]))
    assert done.exit_code == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith(str(photos[1]))
    assert "No space left" in line
    stems = {path.partition("-to-")[0].partition(".")[0] for path in names(tmp_path / "out")}
    assert stems == {"a", "c"}


def test_a_full_disk_leaves_the_earlier_file(quick, draw, tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    photo, out = draw("a.png"), tmp_path / "out.png"
    out.write_bytes(b"earlier")
    monkeypatch.setattr(os, "fsync", full)
    done = run("stylize", photo, photo, "-o", out, *INSTANT)
    assert done.exit_code == 3
    assert "No space left" in done.stderr
    assert out.read_bytes() == b"earlier"
    assert names(tmp_path) == ["a.png", "out.png"]


@pytest.mark.tensorflow
def test_a_strip_in_a_folder_is_named_and_the_rest_is_refined(draw, tmp_path):
    for name, shape in (("a.png", (48, 64)), ("b.png", (640, 8)), ("c.png", (64, 48))):
        draw(f"in/{name}", *shape)
    done = run("stylize", tmp_path / "in", draw("style.png"), "-o", tmp_path / "out", *REFINE)
    assert done.exit_code == 3
    assert names(tmp_path / "out") == ["a.png", "c.png"]
    (line,) = [line for line in done.stderr.splitlines() if "b.png" in line]
    assert line.startswith(f"{tmp_path / 'in' / 'b.png'}: ")


@pytest.mark.tensorflow
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_the_smallest_styles_are_painted_with(shape, draw, tmp_path):
    photo, style = draw("a.png"), draw("style.png", *shape)
    for mode in ("refine", "instant"):
        done = run("stylize", photo, style, "-o", tmp_path / "o.png", *REFINE, "--mode", mode)
        assert done.exit_code == 0, done.stderr
        assert images.load(tmp_path / "o.png").pixels.shape == (48, 64, 3)


def test_a_strip_that_no_memory_can_hold_is_refused_at_once(draw, tmp_path, monkeypatch):
    monkeypatch.setattr(refine, "free_bytes", lambda: 2 * 10**9)
    photo = draw("strip.png", 2, 4000)
    done = run(
        "stylize", photo, photo, "-o", tmp_path / "o.png", "--mode", "instant", "--rows", 10_000
    )
    assert done.exit_code == 3
    assert "choose fewer rows" in done.stderr


def interrupt(monkeypatch, after: int) -> None:
    """Ctrl-C when so many steps of a refinement are done."""
    whole = refine.refine

    def stopped(*given, **more):
        for step in whole(*given, **more):
            yield step
            if step.step == after:
                raise KeyboardInterrupt

    monkeypatch.setattr(refine, "refine", stopped)


@pytest.mark.tensorflow
def test_a_refinement_that_is_stopped_is_kept_at_full_size(draw, tmp_path, monkeypatch, remembered):
    photos = [draw(f"in/{name}.png", 192, 256) for name in "abc"]
    interrupt(monkeypatch, after=2)
    done = run(
        "stylize", tmp_path / "in", draw("style.png"), "-o", tmp_path / "out", "--rows", 192,
        "--steps", 6, "--json",
    )  # fmt: skip
    assert done.exit_code == 130
    assert names(tmp_path / "out") == ["a.png"]
    data = (tmp_path / "out" / "a.png").read_bytes()
    assert images.load(data).pixels.shape == (192, 256, 3)
    made = remembered(data)
    assert made is not None
    assert (made["steps_made"], made["steps"], made["complete"]) == (2, 6, False)
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["complete"], told["steps_made"], told["size"]) == (False, 2, [256, 192])
    assert done.stderr.splitlines()[-2:] == [f"{path}: not done." for path in photos[1:]]


@pytest.mark.tensorflow
def test_what_a_stop_has_left_is_no_photo_of_the_next_run(draw, tmp_path, monkeypatch):
    photo, style = draw("in/a.png"), draw("style.png")
    given = ("stylize", tmp_path / "in", style, "-o", tmp_path / "in", *REFINE)
    with monkeypatch.context() as stopping:
        interrupt(stopping, after=1)
        assert run(*given).exit_code == 130
    assert names(tmp_path / "in") == ["a-2.png", "a.png"]
    assert run(*given).exit_code == 0
    assert names(tmp_path / "in") == ["a-2.png", "a-3.png", "a.png"]
    with (tmp_path / "in" / folder.RESULTS).open(encoding="utf-8", newline="") as file:
        rows = [(row["file"], row["output"], row["error"]) for row in csv.DictReader(file)]
    assert sorted(rows) == [
        (str(photo), "a-2.png", "Stopped before its end."),
        (str(photo), "a-3.png", ""),
    ]


@pytest.mark.tensorflow
def test_a_stop_ends_the_run_also_where_it_cannot_be_written_down(draw, tmp_path, monkeypatch):
    for letter in "ab":
        draw(f"in/{letter}.png")
    interrupt(monkeypatch, after=1)

    def full(self, row):
        raise files.OutputError("There is no room.")

    monkeypatch.setattr(folder.Folder, "_add", full)
    done = run("stylize", tmp_path / "in", draw("s.png"), "-o", tmp_path / "out", *REFINE)
    assert (done.exit_code, names(tmp_path / "out")) == (130, ["a.png"])


@pytest.mark.tensorflow
def test_a_refinement_that_ends_says_so(draw, tmp_path, remembered):
    photo = draw("a.png")
    assert run("stylize", photo, photo, "-o", tmp_path / "o.jpg", *REFINE).exit_code == 0
    data = (tmp_path / "o.jpg").read_bytes()
    assert images.load(data).format == "JPEG"
    made = remembered(data)
    assert made is not None
    assert (made["steps"], made["complete"]) == (2, True)


@COMMANDS
def test_after_ctrl_c_what_is_left_is_named(name, quick, draw, tmp_path, monkeypatch):
    photos = [draw(f"in/{letter}.png", width=64 + (letter == "b")) for letter in "abc"]
    load = images.load

    def stop(source, **more):
        if source in (photos[1], photos[1].read_bytes()):
            raise KeyboardInterrupt
        return load(source, **more)

    monkeypatch.setattr(images, "load", stop)
    done = run(*command(name, photos, tmp_path / "out", draw("style.png")))
    assert done.exit_code == 130
    assert done.stderr.splitlines() == ["Stopped.", *(f"{path}: not done." for path in photos[1:])]
    assert len(names(tmp_path / "out")) == 1


@pytest.mark.parametrize(("name", "load"), [("identify", "load"), ("monet", "load_graph")])
def test_ctrl_c_while_the_model_is_loaded(name, load, draw, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(models, load, stop)
    photo = draw("a.png")
    done = run(*command(name, [photo], tmp_path, photo))
    assert done.exit_code == 130
    assert done.stderr.splitlines() == ["Stopped.", f"{photo}: not done."]


def test_ctrl_c_in_a_scan_says_how_many_are_left(draw, tmp_path, monkeypatch):
    from core.collection import scan

    def stop(*_, **__):
        raise KeyboardInterrupt
        yield

    draw("in/a.png")
    monkeypatch.setattr(scan, "_measure_all", stop)
    done = run("scan", tmp_path / "in")
    assert done.exit_code == 130
    assert "1 of 1 pictures" in done.stderr.splitlines()[-1]


def test_ctrl_c_in_a_terminal_reaches_the_processes_of_a_scan_without_a_traceback(draw, tmp_path):
    for number in range(500):  # so many, and so large, that the signal arrives before the last
        draw(f"in/{number}.png", 160, 160, number)
    with subprocess.Popen(
        [sys.executable, "-m", "core", "scan", str(tmp_path / "in")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "0 of 500\n"
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Stopped. " in rest
    assert "Traceback" not in rest


@pytest.mark.parametrize("model", ["nonsense", "vgg16_base", "photo_to_monet", "instant_style"])
def test_a_model_that_names_nobody_is_wrong_usage(model, draw):
    done = run("identify", draw("a.png"), "--model", model)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert all(entry.id in line for entry in models.classifiers())


def test_a_version_is_asked_for_by_digest_or_by_name(draw):
    ships, made = models.versions.shipped(models.DEFAULT), make(9.0, version="tried")
    sure = {}
    for name in (None, ships.id, made.id, "tried"):
        asked = ["--version", name] if name else []
        done = run("identify", draw("a.png"), "--json", *asked)
        assert done.exit_code == 0
        found = json.loads(done.stdout)
        sure[name] = found["artists"][0]["probability"]
        assert found["version"] == (made.id if name in (made.id, "tried") else ships.id)
    assert sure[None] == sure[ships.id] > sure[made.id] == sure["tried"]
    done = run("identify", draw("a.png"), "--version", "nonsense")
    assert done.exit_code == 2
    assert made.id in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["monet", "a.png", "-o", "out", "--strength", "nan"],
        ["monet", "a.png", "-o", "out", "--strength", "inf"],
        ["monet", "a.png", "-o", "out.gif"],
        ["monet", "a.png", "a.png", "-o", "out.png"],
        ["identify", "a.png", "--top", "0"],
        ["stylize", "a.png", "a.png", "-o", "out.pdf"],
        ["stylize", "a.png", "a.png", "-o", "out"],
        ["stylize", "in", "a.png", "-o", "out.png"],
    ],
)
def test_wrong_usage_is_told_before_the_work(arguments, draw, tmp_path, monkeypatch):
    draw("a.png")
    draw("in/a.png")
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["a.png", "in"]


@pytest.mark.parametrize("style", ["nobody-known", "gone.png", "in", "broken.png"])
def test_a_style_that_cannot_be_had_ends_the_command(style, draw, tmp_path, monkeypatch):
    draw("in/a.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    done = run("stylize", "in", style, "-o", "out", *INSTANT)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{style}: ")


def test_help_tells_the_exit_statuses_and_what_an_output_is_called():
    for name in ("identify", "monet", "stylize", "scan", "models", "styles"):
        shown = run(name, "--help").stdout
        assert "Exit status: 0 done" in shown
        if name in ("identify", "monet", "stylize"):
            assert "-2.png" in shown
            assert "130 stopped by Ctrl-C" in " ".join(shown.split())


def test_every_ending_is_written_as_what_it_says(quick, draw, tmp_path, remembered):
    photo = draw("a.png")
    for ending in encoding.ENDINGS:
        for arguments in (["stylize", photo, photo, *INSTANT], ["monet", photo]):
            out = tmp_path / f"out{ending}"
            done = run(*arguments, "-o", out)
            assert done.exit_code == 0, done.stderr
            assert images.load(out).format == encoding.format_of(out).name
            made = remembered(out.read_bytes())
            assert (made is None) == (ending == ".bmp")
            assert made is None or made["content"] == "a.png"


def test_a_folder_named_like_a_picture_is_a_folder(quick, draw, tmp_path):
    (tmp_path / "out.png").mkdir()
    assert run("monet", draw("a.png"), "-o", tmp_path / "out.png").exit_code == 0
    assert names(tmp_path / "out.png") == ["a-to-monet.png"]


@pytest.mark.parametrize("encoding_of_terminal", ["utf-8:strict", "ascii:strict"])
def test_names_that_are_no_text(encoding_of_terminal, draw, tmp_path, remembered):
    """In a process of its own, whose terminal takes no other bytes; nothing else is said."""
    photo, broken = draw(b"in/caf\xe9.jpg"), tmp_path / "in" / os.fsdecode(b"z\xe8.jpg")
    broken.write_bytes(b"no picture")
    environment = {name: value for name, value in os.environ.items() if "LOG" not in name}

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "core", *map(os.fspath, map(str, arguments))],
            cwd=ROOT,
            env=environment | {"PYTHONIOENCODING": encoding_of_terminal, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    painted = call("stylize", tmp_path / "in", photo, "-o", tmp_path / "out", *INSTANT, "--json")
    assert painted.returncode == 3, painted.stderr
    assert painted.stderr == ""
    rows = [json.loads(line) for line in painted.stdout.splitlines()]
    assert rows[0]["output"].endswith("/out/caf\\xe9.png")
    assert rows[1]["image"].endswith("/in/z\\xe8.jpg")
    written = tmp_path / "out" / os.fsdecode(b"caf\xe9.png")
    made = remembered(written.read_bytes())
    assert made is not None
    assert (made["content"], made["styles"]) == ("caf\\xe9.jpg", ["caf\\xe9.jpg"])

    named = call("identify", photo, broken, "--explain", tmp_path / "out")
    assert named.returncode == 3, named.stderr
    assert "caf\\xe9.jpg" in named.stdout
    (line,) = named.stderr.splitlines()  # among them none of TensorFlow's
    assert "z\\xe8.jpg: " in line
    assert (tmp_path / "out" / os.fsdecode(b"caf\xe9-2.png")).exists()

    both = call("monet", photo, broken, "-o", tmp_path / "monets", "--json")
    assert both.returncode == 3, both.stderr
    assert both.stderr == ""
    assert (tmp_path / "monets" / os.fsdecode(b"caf\xe9-to-monet.png")).exists()
