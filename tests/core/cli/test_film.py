from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.film import painting
from core.film.clips.reading import look
from core.film.painting import Film
from core.jobs import Progress
from tests.core.film import scenes


def run(*arguments: object):
    return CliRunner().invoke(app, ["film", *map(str, arguments)])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    frames = [scenes.scene(number, 36, 48) for number in range(3)]
    return scenes.write(tmp_path / "clip.mp4", frames=frames, sound="aac")


def test_a_clip_is_painted_with_its_sound(clip: Path, tmp_path: Path):
    found = run(clip, "claude-monet", "-o", tmp_path / "film.mp4", "--json")
    assert found.exit_code == 0, found.stderr
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line["step"] for line in lines[:-1]] == [1, 2, 3]
    assert lines[-1] | {"seconds": 0} == {
        "clip": str(clip),
        "output": str(tmp_path / "film.mp4"),
        "seconds": 0,
        "size": [48, 36],
        "frames": 3,
        "shots": 1,
        "length": 0.25,
    }
    assert "3 of 3, 100%" in found.stderr
    assert look(tmp_path / "film.mp4").sound == "aac"


def test_monet_paints_without_a_style(clip: Path, tmp_path: Path):
    found = run(clip, "--monet", "-o", tmp_path / "film.gif", "--rows", 32)
    assert found.exit_code == 0, found.stderr
    assert "42×32, 3 frames" in found.stdout or "43×32, 3 frames" in found.stdout
    assert look(tmp_path / "film.gif").kind == "gif"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "film.mp4"], "Name a style, or --monet"),
        (["claude-monet", "--monet", "-o", "film.mp4"], "Name a style, or --monet"),
        (["claude-monet", "-o", "film.avi"], "written as .mp4"),
        (["claude-monet", "-o", "clip.mp4"], "would be overwritten"),
        (["claude-monet", "-o", "film.mp4", "--mix", "1,2"], "one each is needed"),
        (["claude-monet", "-o", "film.mp4", "--steadiness", "2"], "steadiness"),
    ],
)
def test_wrong_usage_is_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
):
    monkeypatch.chdir(clip.parent)
    found = run("clip.mp4", *arguments)
    assert found.exit_code == 2
    assert sentence in found.stderr


def test_what_is_no_clip_or_style_fails_in_a_sentence(clip: Path, tmp_path: Path):
    (tmp_path / "text.mp4").write_text("no clip")
    for arguments, sentence in (
        ((tmp_path / "text.mp4", "claude-monet"), "not a clip"),
        ((tmp_path / "missing.mp4", "claude-monet"), "cannot be opened"),
        ((clip, "nobody"), "neither a picture nor an artist"),
    ):
        found = run(*arguments, "-o", tmp_path / "film.mp4")
        assert found.exit_code == 1
        assert sentence in found.stderr
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize("kept", [True, False])
def test_ctrl_c_keeps_what_is_there(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
):
    before = signal.getsignal(signal.SIGINT)

    def paint(request, path, styles, out, *, control):
        yield Progress(phase="loading")
        os.kill(os.getpid(), signal.SIGINT)
        yield Progress(phase="painting", step=1, of=3)
        assert control.stopping
        return Film(out, 48, 36, 1, 1, 0.1, 0.2, complete=False) if kept else None

    monkeypatch.setattr(painting, "paint", paint)
    found = run(clip, "--monet", "-o", tmp_path / "film.mp4", "--json")
    assert found.exit_code == 130
    said = "holds what was painted" if kept else "There is no film"
    assert said in found.stderr
    assert ('"complete": false' in found.stdout) is kept
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_leaves_nothing(clip: Path, tmp_path: Path, monkeypatch):
    def paint(request, path, styles, out, *, control):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            yield Progress(phase="loading")

    monkeypatch.setattr(painting, "paint", paint)
    found = run(clip, "--monet", "-o", tmp_path / "film.mp4")
    assert found.exit_code == 130
    assert "There is no film" in found.stderr


def test_a_frame_that_is_read_is_not_overwritten(tmp_path: Path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(2):
        scenes.gif(frames / f"{number}.gif", size=(41, 33))
    before = (frames / "1.gif").read_bytes()
    refused = run(frames, "--monet", "-o", frames / "1.gif")
    assert refused.exit_code == 2
    assert "would be overwritten" in refused.stderr
    assert (frames / "1.gif").read_bytes() == before
