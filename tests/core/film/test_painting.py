"""A film from clip to file; what paints is replaced where that is not what is asked."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from core import images, jobs, monet
from core.errors import InvalidRequest
from core.files import OutputError
from core.film import easel, painting
from core.film.clips.clip import UnreadableClip
from core.film.clips.reading import Reader, look
from core.film.clips.stills import Stills
from core.film.painting import Film
from core.film.request import FilmRequest
from core.film.tasks import FILM, FilmOrder
from core.jobs import Progress, State, Uncontrolled
from core.settings import settings
from tests.core.film import scenes

LIMIT = 120  # seconds; a test that needs it has failed
MONET = FilmRequest(way="monet")


class Stopping(Uncontrolled):
    stopping = False


def run(
    request: FilmRequest,
    path: Path | Stills,
    out: Path,
    *styles: object,
    stop_at: int | None = None,
) -> tuple[list[Progress], Film | None]:
    control, told = Stopping(), []
    steps = painting.paint(request, path, styles, out, control=control)
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value
        control.stopping = stop_at is not None and told[-1].step >= stop_at


@pytest.fixture
def inverted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monet paints negatives, which takes no time."""

    def paint(frame: np.ndarray, direction: str, brush: str, **_: bool) -> monet.Painted:
        return monet.Painted("to-monet", frame, 255 - frame, 0.0)

    monkeypatch.setattr(monet, "paint", paint)


@pytest.mark.usefixtures("inverted")
def test_a_film_has_the_clips_frames_times_and_sound(tmp_path: Path):
    times = [0, 1, 2, 5, 6, 7, 9, 10, 11, 12, 14]
    path = scenes.write(tmp_path / "clip.mp4", times=times, sound="aac", rotation=90)
    told, film = run(MONET, path, tmp_path / "film.mp4")
    before, after = look(path), look(tmp_path / "film.mp4")
    assert film is not None
    assert (film.frames, film.complete, film.note) == (10, True, "")
    assert (after.width, after.height) == (before.width, before.height) == (48, 64)
    assert after.seconds == pytest.approx(before.seconds, abs=0.001)
    assert film.length == pytest.approx(14 / 12, abs=0.001)
    with Reader(tmp_path / "film.mp4") as reader:
        frames = list(reader.frames(64, 48))
    assert [float(frame.time * after.time_base * 12) for frame in frames] == pytest.approx(
        times[:-1], abs=0.01
    )
    negative = 255 - np.rot90(scenes.scene(9)).astype(float)
    assert np.abs(frames[-1].pixels - negative).mean() < 16
    assert scenes.sound_seconds(tmp_path / "film.mp4") == pytest.approx(
        scenes.sound_seconds(path), abs=0.05
    )
    assert [each.phase for each in told] == ["loading", *["painting"] * 10, "finishing"]
    assert [each.step for each in told[1:-1]] == list(range(1, 11))
    assert told[1].preview is not None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["clip.mp4", "film.mp4"]


@pytest.mark.usefixtures("inverted")
def test_a_gif_stays_one_with_transparent_parts_white(tmp_path: Path):
    path = scenes.gif(tmp_path / "clip.gif", transparent=True, size=(41, 29))
    _, film = run(MONET.changed(steadiness=0), path, tmp_path / "film.gif")
    clip = look(tmp_path / "film.gif")
    assert film is not None
    assert (clip.kind, clip.height, clip.width, clip.frames) == ("gif", 29, 41, 8)
    assert clip.seconds == pytest.approx(0.64)
    with Reader(tmp_path / "film.gif") as reader:
        last = list(reader.frames(29, 41))[-1]
    assert (last.pixels[20:] == 0).all()  # the negative of white


@pytest.mark.usefixtures("inverted")
def test_odd_sides_become_even_ones(tmp_path: Path):
    frames = [scenes.scene(number, 47, 63) for number in range(3)]
    path = scenes.write(tmp_path / "clip.webm", frames=frames, codec="libvpx-vp9")
    run(MONET, path, tmp_path / "film.mp4")
    clip = look(tmp_path / "film.mp4")
    assert (clip.height, clip.width) == (46, 64)


def test_the_size_follows_the_rows_but_is_never_larger(tmp_path: Path):
    clip = look(scenes.write(tmp_path / "clip.mp4"))
    assert painting.size(clip, FilmRequest(rows=33), "mp4") == (32, 44)
    assert painting.size(clip, FilmRequest(rows=2000), "mp4") == (48, 64)


def test_what_is_too_large_for_one_piece_is_made_smaller(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(painting.instant, "LARGEST", 48 * 64 // 4)
    path = scenes.write(tmp_path / "clip.mp4")
    assert painting.size(look(path), FilmRequest(), "mp4") == (24, 32)


@pytest.mark.usefixtures("inverted")
def test_a_folder_of_frames_becomes_a_film(tmp_path: Path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(12):  # by name, 10 comes before 2
        (folder / f"frame{number}.png").write_bytes(images.encode(scenes.scene(number)))
    _, film = run(MONET, Stills(folder, 24), tmp_path / "film.mp4")
    assert film is not None
    assert (film.frames, film.length) == (12, 0.5)
    with Reader(tmp_path / "film.mp4") as reader:
        last = list(reader.frames(48, 64))[-1]
    assert np.abs(last.pixels.astype(float) - (255 - scenes.scene(11))).mean() < 16
    (folder / "frame3.png").write_bytes(images.encode(scenes.scene(3, 64, 64)))
    with pytest.raises(UnreadableClip, match=r"frame3\.png has another shape"):
        run(MONET, Stills(folder, 24), tmp_path / "film.mp4")
    (folder / "frame3.png").write_bytes(b"no picture")
    with pytest.raises(UnreadableClip, match=r"frame3\.png cannot be read"):
        run(MONET, Stills(folder, 24), tmp_path / "film.mp4")
    with pytest.raises(UnreadableClip, match="no pictures"):
        Stills(tmp_path, 24)


@pytest.mark.usefixtures("inverted")
def test_stopped_it_keeps_what_is_there(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4", sound="aac")
    _, film = run(MONET, path, tmp_path / "film.mp4", stop_at=4)
    assert film is not None
    assert (film.frames, film.complete) == (4, False)
    clip = look(tmp_path / "film.mp4")
    assert (clip.frames, clip.seconds) == (4, pytest.approx(4 / 12, abs=0.001))
    assert scenes.sound_seconds(tmp_path / "film.mp4") == pytest.approx(4 / 12, abs=0.06)


@pytest.mark.usefixtures("inverted")
@pytest.mark.parametrize("name", ["film.mp4", "film.gif"])
def test_stopped_before_the_first_frame_it_leaves_nothing(tmp_path: Path, name: str):
    path = scenes.write(tmp_path / "clip.mp4")
    (tmp_path / name).write_bytes(b"of before")
    _, film = run(MONET, path, tmp_path / name, stop_at=0)
    assert film is None
    assert (tmp_path / name).read_bytes() == b"of before"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.usefixtures("inverted")
def test_a_film_whose_sound_cannot_be_read_is_not_lost(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4", sound="aac")
    with av.open(str(path)) as container:
        heard = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    data = bytearray(path.read_bytes())
    for place, size in heard[len(heard) // 2 :]:
        data[place : place + size] = b"\xff" * size
    path.write_bytes(data)
    _, film = run(MONET, path, tmp_path / "film.webm")  # which takes no AAC
    assert film is not None
    assert film.note == "The sound of the clip could not be added: this is without."
    clip = look(tmp_path / "film.webm")
    assert (clip.frames, clip.sound) == (10, "")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["clip.mp4", "film.webm"]


def test_an_error_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no paint")

    monkeypatch.setattr(monet, "paint", fail)
    with pytest.raises(RuntimeError, match="no paint"):
        run(MONET, scenes.write(tmp_path / "clip.mp4"), tmp_path / "film.mp4")
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.usefixtures("inverted")
def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path):
    resource = pytest.importorskip("resource")
    path = scenes.write(tmp_path / "clip.mp4")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"film\.mp4 could not be written: File too large"):
            run(MONET, path, tmp_path / "film.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.usefixtures("inverted")
def test_a_disk_that_is_full_when_sound_comes_to_it_is_told_too(tmp_path: Path):
    resource = pytest.importorskip("resource")
    silent = scenes.write(tmp_path / "silent.mp4")
    run(MONET, silent, tmp_path / "film.mp4")
    room = (tmp_path / "film.mp4").stat().st_size + 1000
    (tmp_path / "film.mp4").unlink()
    heard = scenes.write(tmp_path / "heard.mp4", sound="aac")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(OutputError, match="could not be written: File too large"):
            run(MONET, heard, tmp_path / "film.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["heard.mp4", "silent.mp4"]


@pytest.mark.usefixtures("inverted")
def test_more_frames_than_were_announced_have_a_limit(tmp_path: Path, monkeypatch):
    path = scenes.write(tmp_path / "clip.mp4")
    steps = painting.paint(MONET, path, [], tmp_path / "film.mp4")
    next(steps)
    monkeypatch.setenv("ATELIER_FILM_FRAMES", "5")
    settings.cache_clear()
    with pytest.raises(UnreadableClip, match="at most 5 frames"):
        list(steps)


def test_what_cannot_be_is_refused_before_the_work(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4")
    for request, styles, out, sentence in (
        (FilmRequest(), (), "film.mp4", "needs a style"),
        (MONET, ("claude-monet",), "film.mp4", "no further style"),
        (MONET, (), "film.avi", "written as"),
    ):
        with pytest.raises(InvalidRequest, match=sentence):
            run(request, path, tmp_path / out, *styles)
    with pytest.raises(InvalidRequest, match="not all of them zero"):
        FilmRequest(style_weights=(0.0,))
    with pytest.raises(InvalidRequest, match="Steadiness"):
        FilmRequest(steadiness=1)


def test_strength_may_change_over_time():
    request = FilmRequest(strength=0.2, strength_end=1.0)
    assert [request.strength_at(share) for share in (-1, 0, 0.5, 1, 2)] == pytest.approx(
        [0.2, 0.2, 0.6, 1.0, 1.0]
    )
    assert FilmRequest(strength=0.4).strength_at(0.7) == 0.4


def test_painted_in_a_style_it_flickers_less_than_its_frames_do():
    frames = [scenes.scene(number, 64, 96) for number in range(6)]
    styled = FilmRequest()

    def flicker(steadiness: float) -> float:
        at_work = easel.Easel(
            styled.changed(steadiness=steadiness), [scenes.scene(0, seed=7)], 64, 96
        )
        painted = [at_work.paint(frame, 1.0).astype(float) for frame in frames]
        pairs = itertools.pairwise(painted)
        # The clip goes a pixel to the right each time.
        return float(np.mean([np.abs(b[16:, 17:] - a[16:, 16:-1]).mean() for a, b in pairs]))

    assert flicker(0.7) < 0.7 * flicker(0.0)


def test_a_cut_in_a_clip_is_found(inverted: None):
    at_work = easel.Easel(MONET, [], 96, 128)
    frames = [scenes.scene(n, 96, 128) for n in range(3)]
    frames += [scenes.scene(n, 96, 128, seed=5) for n in range(3)]
    painted = [at_work.paint(frame, 1.0) for frame in frames]
    assert at_work.cuts == 1
    assert np.array_equal(painted[3], 255 - frames[3])  # nothing of the frame before
    at_work.release()


@pytest.mark.usefixtures("inverted")
def test_a_job_paints_as_the_library_does(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4")
    job = jobs.submit(FILM, FilmOrder(MONET, path, [], tmp_path / "film.mp4"))
    film = job.result(LIMIT)
    assert job.state is State.done
    assert isinstance(film, Film)
    run(MONET, path, tmp_path / "other.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == (tmp_path / "other.mp4").read_bytes()


@pytest.mark.usefixtures("inverted")
def test_the_last_frame_has_the_strength_of_the_end(tmp_path: Path, monkeypatch):
    strengths, paint = [], easel.Easel.paint

    def noted(self: easel.Easel, frame: np.ndarray, strength: float) -> np.ndarray:
        strengths.append(strength)
        return paint(self, frame, strength)

    monkeypatch.setattr(easel.Easel, "paint", noted)
    clip = scenes.write(tmp_path / "clip.mp4", frames=[scenes.scene(n) for n in range(3)])
    request = FilmRequest(way="monet", strength=0.0, strength_end=1.0)
    run(request, clip, tmp_path / "film.mp4")
    assert strengths == pytest.approx([0, 0.5, 1], abs=0.01)
