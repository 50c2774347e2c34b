"""A slow journey: a loop without a seam."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidRequest
from core.film import journey
from core.film.clips.reading import Reader, look
from core.film.painting import Film
from core.film.request import JourneyRequest
from core.jobs import Progress, Uncontrolled
from core.jobs.checkpoint import Checkpoint
from tests.core.cli.test_batches import run as command
from tests.core.film import scenes
from tests.core.film.test_durable import Kept

SHORT = JourneyRequest(rows=48, seconds=1, fps=8)


class Stopping(Uncontrolled):
    stopping = False


def run(
    out: Path, *styles: object, request: JourneyRequest = SHORT, stop_at: int | None = None
) -> tuple[list[Progress], Film | None]:
    control, told = Stopping(), []
    steps = journey.paint(request, scenes.scene(0), styles, out, control=control)
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value
        control.stopping = stop_at is not None and told[-1].step >= stop_at


def frames(path: Path) -> list[np.ndarray]:
    with Reader(path) as reader:
        return [frame.pixels.astype(float) for frame in reader.frames(48, 64)]


def far(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_from_the_photo_to_its_painting_and_back(tmp_path: Path, kind: str):
    told, film = run(tmp_path / f"loop.{kind}", "claude-monet")
    assert film is not None
    assert (film.frames, film.length, film.complete) == (8, 1.0, True)
    clip = look(tmp_path / f"loop.{kind}")
    assert (clip.frames, clip.seconds) == (8, pytest.approx(1.0, abs=0.02))
    shown = frames(tmp_path / f"loop.{kind}")
    assert far(shown[0], scenes.scene(0)) < 8  # the photo itself
    away = [far(shown[0], each) for each in shown]
    assert max(away) == away[4]
    for there, back in ((1, 7), (2, 6), (3, 5)):
        assert far(shown[there], shown[back]) < away[4] / 3
    assert away[7] < away[4] / 2  # the last one leads into the first
    assert [each.step for each in told] == list(range(9))
    assert told[1].preview is not None


def test_what_is_too_much_to_keep_is_painted_twice(tmp_path: Path, monkeypatch):
    run(tmp_path / "kept.gif", "claude-monet")
    monkeypatch.setattr(journey, "_HELD", 0)
    run(tmp_path / "twice.gif", "claude-monet")
    for one, other in zip(
        *map(frames, (tmp_path / "kept.gif", tmp_path / "twice.gif")), strict=True
    ):
        assert far(one, other) < 1


def test_round_several_painters(tmp_path: Path):
    run(tmp_path / "loop.mp4", "claude-monet", scenes.scene(0, seed=7), "edgar-degas")
    shown = frames(tmp_path / "loop.mp4")
    steps = [far(one, other) for one, other in zip(shown, [*shown[1:], shown[0]], strict=True)]
    assert max(steps) < max(far(one, other) for one in shown for other in shown)


def test_stopped_it_leaves_what_was_there(tmp_path: Path):
    (tmp_path / "loop.mp4").write_bytes(b"of before")
    _, film = run(tmp_path / "loop.mp4", "claude-monet", stop_at=2)
    assert film is None
    assert (tmp_path / "loop.mp4").read_bytes() == b"of before"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_in_pieces_it_is_the_one_of_one_piece(tmp_path: Path, kind: str, caplog):
    run(tmp_path / f"at-once.{kind}", "claude-monet")
    out, found, pieces = tmp_path / f"loop.{kind}", None, 0
    while not out.exists():
        kept = Kept(found)
        steps = journey.paint(SHORT, scenes.scene(0), ["claude-monet"], out, checkpoints=kept)
        drawn = [each.step for each in itertools.islice(steps, 1 + 3)]  # the first is loading
        assert drawn[1] == 3 * pieces + 1
        steps.close()
        found, pieces = kept.reached(), pieces + 1
    assert pieces == 3
    assert out.read_bytes() == (tmp_path / f"at-once.{kind}").read_bytes()
    assert not caplog.records


def test_it_begins_anew_if_a_checkpoint_cannot_be_read(tmp_path: Path, caplog):
    unreadable = Kept(Checkpoint({"journey": {"made": 3}}))
    steps = journey.paint(
        SHORT, scenes.scene(0), ["claude-monet"], tmp_path / "loop.gif", checkpoints=unreadable
    )
    assert [each.step for each in steps] == list(range(9))
    assert "begins anew" in caplog.text


def test_what_cannot_be_is_refused(tmp_path: Path):
    with pytest.raises(InvalidRequest, match="one to 6 styles"):
        run(tmp_path / "loop.mp4")
    with pytest.raises(InvalidRequest, match="written as"):
        run(tmp_path / "loop.avi", "claude-monet")


def test_on_the_command_line(tmp_path: Path):
    from core import images

    photo = tmp_path / "photo.png"
    photo.write_bytes(images.encode(scenes.scene(0)))
    more = ("--rows", 32, "--seconds", 1, "--fps", 2)
    done = command("journey", photo, "claude-monet", "-o", tmp_path / "loop.gif", *more)
    assert done.exit_code == 0, done.stderr
    assert "2 frames" in done.stdout
    refused = command("journey", photo, "claude-monet", "-o", photo, *more)
    assert refused.exit_code == 2
    missing = command("journey", tmp_path / "no.png", "nobody", "-o", tmp_path / "a.gif", *more)
    assert missing.exit_code == 1
