"""A film that goes on after its process was killed, and is the same, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from core import database, monet
from core.film import painting, scratch
from core.film.clips import encoding, writing
from core.film.clips.reading import look
from core.film.durable import FILM, ClipOrder
from core.film.request import FilmRequest
from core.jobs import State, checkpoint
from core.jobs.checkpoint import Checkpoint
from core.jobs.durable import DatabaseEngine, File
from core.jobs.durable import worker as workers
from core.jobs.durable.rows import CHECKPOINT, PIECE, BlobRow
from core.jobs.durable.worker import Worker
from core.settings import ROOT
from core.stylize.session.durable import Style
from tests.core.film import scenes

LIMIT = 120  # seconds; a test that needs them has failed
MONET = FilmRequest(way="monet")


def negative(frame: np.ndarray, direction: str, brush: str, **_: bool) -> monet.Painted:
    return monet.Painted("to-monet", frame, 255 - frame, 0.0)


@pytest.fixture
def inverted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monet paints negatives, as in `tests.film_that_dies`."""
    monkeypatch.setattr(monet, "paint", negative)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames with sound."""
    return scenes.write(tmp_path_factory.mktemp("clips") / "clip.mp4", sound="aac")


@pytest.fixture(scope="module")
def undisturbed(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Its film by nobody but this process; once a kind."""
    folder = tmp_path_factory.mktemp("films")

    @cache
    def film(kind: str, segment: int = encoding.SEGMENT) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(monet, "paint", negative)
            patch.setattr(writing, "SEGMENT", segment)
            list(painting.paint(MONET, clip, [], folder / f"film.{kind}"))
        return (folder / f"film.{kind}").read_bytes()

    return film


class Kept:
    """Checkpoints as a database keeps them."""

    def __init__(self, found: Checkpoint | None = None) -> None:
        self.checkpoint = found
        self.make: Callable[[], Checkpoint] | None = None

    def offer(self, make: Callable[[], Checkpoint], *, urgent: bool = False) -> None:
        self.make = make

    def reached(self) -> Checkpoint:
        assert self.make is not None
        made = self.make()
        arrays, state = checkpoint.unpacked(checkpoint.packed(made.arrays, made.state))
        pieces = {n: checkpoint.unpacked(checkpoint.packed(p))[0] for n, p in made.pieces.items()}
        return Checkpoint(state, arrays, pieces)


def painted(
    request: FilmRequest, clip: Path, out: Path, *styles: Any, deaths_after: int | None = None
) -> bytes:
    """A film, by processes that die after so many frames each."""
    found = None
    while True:
        kept, drawn = Kept(found), 0
        steps = painting.paint(request, clip, styles, out, checkpoints=kept)
        try:
            while drawn != deaths_after:
                drawn += next(steps).phase == "painting"
        except StopIteration:
            assert look(out).frames == 10
            return out.read_bytes()
        found = kept.reached()
        steps.close()
        assert not out.exists()


@pytest.mark.usefixtures("inverted")
@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
def test_a_film_in_pieces_is_that_of_one_piece(
    clip: Path, undisturbed: Callable[..., bytes], tmp_path: Path, kind: str, monkeypatch
):
    monkeypatch.setattr(writing, "SEGMENT", 4)
    out = tmp_path / f"film.{kind}"
    assert painted(MONET, clip, out, deaths_after=4) == undisturbed(kind, 4)


def test_so_is_one_in_a_style_with_a_cut_and_changing_strength(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(writing, "SEGMENT", 4)
    frames = [scenes.scene(number, 32, 48) for number in range(6)]
    frames += [scenes.scene(number, 32, 48, seed=3) for number in range(4)]
    clip = scenes.write(tmp_path / "clip.mp4", frames=frames)
    request = FilmRequest(strength=0.3, strength_end=1.0, keep_colors=True)
    style = scenes.scene(0, seed=7)
    expected = painted(request, clip, tmp_path / "at-once.mp4", style)
    assert painted(request, clip, tmp_path / "film.mp4", style, deaths_after=4) == expected


def test_a_long_film_keeps_frames_of_the_open_segment_only(tmp_path: Path):
    with writing.Writer(
        tmp_path / "film", "mp4", 32, 48, Fraction(1, 12), 12.0, keeps=True
    ) as writer:
        for number in range(2 * encoding.SEGMENT + 6):
            writer.add(scenes.scene(number % 60, 32, 48), number)
        names = list(writer.checkpoint().pieces)
        writer.finish(number + 1)
    assert [name.split("-")[0] for name in names] == ["closed"] * 2 + ["frame"] * 5


def left(clip: Path, out: Path, frames: int) -> Checkpoint:
    """What a process that died after so many frames has left."""
    kept, drawn = Kept(), 0
    steps = painting.paint(MONET, clip, [], out, checkpoints=kept)
    while drawn < frames:
        drawn += next(steps).phase == "painting"
    steps.close()
    return kept.reached()


def steps_of(clip: Path, out: Path, found: Checkpoint) -> list[int]:
    """Those of a process that goes on."""
    told = painting.paint(MONET, clip, [], out, checkpoints=Kept(found))
    return [progress.step for progress in told if progress.phase == "painting"]


@pytest.mark.usefixtures("inverted")
def test_it_goes_on_from_a_checkpoint_of_the_release_before(clip: Path, tmp_path: Path, caplog):
    out = tmp_path / "film.mp4"
    found = left(clip, out, 4)
    anchors = {f"easel/tracker/{name}" for name in ("anchor", "far", "sure")}
    anchors.add("easel/steadied/anchor")
    assert anchors <= set(found.arrays)
    del found.state["easel"]["tracker"]["age"]
    old = {name: array for name, array in found.arrays.items() if name not in anchors}
    assert steps_of(clip, out, Checkpoint(found.state, old, found.pieces)) == list(range(5, 11))
    assert look(out).frames == 10
    assert not caplog.records


@pytest.mark.usefixtures("inverted")
@pytest.mark.parametrize(("broken", "kind"), [("easel", "gif"), ("writer", "mp4")])
def test_it_begins_anew_if_a_checkpoint_cannot_be_read(
    clip: Path, undisturbed: Callable[..., bytes], tmp_path: Path, caplog, broken: str, kind: str
):
    out = tmp_path / f"film.{kind}"
    found = left(clip, out, 4)
    pieces = dict(found.pieces)
    if broken == "writer":  # after a picture that goes into the file
        pieces["writer/frame-000000001"] = {"yuv": np.zeros(3, np.uint8)}
    else:
        del found.state[broken]
    assert steps_of(clip, out, Checkpoint(found.state, found.arrays, pieces)) == list(range(1, 11))
    assert out.read_bytes() == undisturbed(kind)
    assert "begins anew" in caplog.text


@pytest.mark.usefixtures("inverted")
def test_nothing_of_an_unreadable_checkpoint_is_left_in_the_database(
    clip: Path, undisturbed: Callable[..., bytes], tmp_path: Path, monkeypatch
):
    engine = DatabaseEngine(f"sqlite:///{tmp_path / 'jobs.db'}")
    job = engine.submit(FILM, ClipOrder(request=MONET, clip=clip.read_bytes()))
    leaves, original = 4, workers._Work._go_on

    def go_on(self: Any, progress: Any) -> bool:
        if progress.step == leaves:
            self._stop.set()
        return original(self, progress)

    monkeypatch.setattr(workers._Work, "_go_on", go_on)
    assert Worker(engine).work_one(threading.Event())
    assert job.state is State.waiting
    black = checkpoint.packed({"yuv": np.zeros((72, 64), np.uint8), "times": np.array([0, 1])})
    with database.writing(engine.url) as session:
        for name, data in ((CHECKPOINT, checkpoint.packed({})), (f"{PIECE}%", black)):
            session.execute(update(BlobRow).where(BlobRow.name.like(name)).values(data=data))
    leaves = 2
    assert Worker(engine).work_one(threading.Event())
    leaves = 99
    assert Worker(engine).work_one(threading.Event())
    film = job.result(0)
    assert isinstance(film, File)
    assert film.data == undisturbed("mp4")
    assert max(event.data["step"] for event in job.events() if event.kind == "progress") == 10


def test_a_worker_is_killed_and_the_film_is_the_same(
    clip: Path, undisturbed: Callable[..., bytes], tmp_path: Path
):
    engine = DatabaseEngine(f"sqlite:///{tmp_path / 'jobs.db'}")
    job = engine.submit(FILM, ClipOrder(request=MONET, clip=clip.read_bytes()))
    sign = tmp_path / "dies"
    sign.touch()
    surroundings = os.environ | {
        "ATELIER_EXTENSIONS": "tests.film_that_dies",
        "ATELIER_TEST_DIES": str(sign),
        "ATELIER_JOB_LEASE": "1",
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "core", "work", "--url", engine.url]
    first = subprocess.Popen(command, cwd=ROOT, env=surroundings, stderr=subprocess.DEVNULL)
    assert first.wait(LIMIT) == -signal.SIGKILL
    assert job.state is State.running
    second = subprocess.Popen(command, cwd=ROOT, env=surroundings, stderr=subprocess.DEVNULL)
    try:
        film = job.result(LIMIT)
    finally:
        second.terminate()
        assert second.wait(LIMIT) == 0
    assert isinstance(film, File)
    assert film.media_type == "video/mp4"
    assert film.data == undisturbed("mp4")
    events = list(job.events())
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [e.data["resumed"] for e in events if e.kind == "running"] == [False, True]


@pytest.mark.usefixtures("inverted")
def test_a_film_that_is_stopped_is_kept_as_far_as_it_is(clip: Path, tmp_path: Path, monkeypatch):
    engine = DatabaseEngine(f"sqlite:///{tmp_path / 'jobs.db'}")
    job = engine.submit(FILM, ClipOrder(request=MONET, clip=clip.read_bytes()))
    original = workers._Work._go_on

    def go_on(self: Any, progress: Any) -> bool:
        if progress.step == 4:
            self._cancellation.ask()
        return original(self, progress)

    monkeypatch.setattr(workers._Work, "_go_on", go_on)
    assert Worker(engine).work_one(threading.Event())
    assert job.state is State.cancelled
    film = job.result()
    assert isinstance(film, File)
    (tmp_path / "film.mp4").write_bytes(film.data)
    assert look(tmp_path / "film.mp4").frames == 4


def test_what_is_no_clip_fails_in_a_sentence(tmp_path: Path):
    engine = DatabaseEngine(f"sqlite:///{tmp_path / 'jobs.db'}")
    order = ClipOrder(
        request=FilmRequest(), clip=b"no clip", styles=(Style(artist="claude-monet"),)
    )
    job = engine.submit(FILM, order)
    assert Worker(engine).work_one(threading.Event())
    assert job.state is State.failed
    assert job.error is not None
    assert "not a clip that can be opened" in job.error.sentence


def test_folders_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = tmp_path / "atelier-film-dead"
    dead.mkdir()
    (dead / "lock").touch()
    monkeypatch.setattr(scratch, "_NEW", -1.0)
    with scratch.folder() as mine, scratch.folder():
        assert not dead.exists()
        assert mine.exists()
    assert list(tmp_path.iterdir()) == []
