from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.film.clips import upright
from core.film.clips.clip import Clip, Frame, UnreadableClip
from core.film.clips.reading import Reader, look
from core.settings import settings
from tests.core.film import scenes


def read(path: Path, height: int = 0, width: int = 0) -> tuple[Clip, list[Frame]]:
    with Reader(path) as reader:
        size = (height or reader.clip.height, width or reader.clip.width)
        return reader.clip, list(reader.frames(*size))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("clip.mp4", "libx264"), ("clip.mov", "libx264"), ("clip.webm", "libvpx-vp9")],
)
def test_frames_come_out_as_they_went_in(tmp_path: Path, name: str, codec: str):
    clip, frames = read(scenes.write(tmp_path / name, codec=codec))
    assert (clip.width, clip.height, clip.frames) == (64, 48, 10)
    assert clip.seconds == pytest.approx(10 / 12, abs=0.002)
    assert clip.rate == pytest.approx(12, abs=0.05)
    for number, frame in enumerate(frames):
        assert float(frame.time * clip.time_base) == pytest.approx(number / 12, abs=0.001)
        difference = np.abs(frame.pixels.astype(float) - scenes.scene(number))
        assert difference[:, 16:].mean() < 12  # chroma is halved, and the corner bleeds
    assert len(frames) == 10


def test_the_names_of_files_do_not_matter(tmp_path: Path):
    scenes.write(tmp_path / "clip.mp4").rename(tmp_path / "clip.gif")
    assert look(tmp_path / "clip.gif").kind == "mp4"


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_turned_clip_is_upright(tmp_path: Path, rotation: int):
    clip, frames = read(scenes.write(tmp_path / "clip.mp4", rotation=rotation))
    upright = np.rot90(scenes.scene(0), rotation // 90)
    assert (clip.height, clip.width) == upright.shape[:2]
    assert np.abs(frames[0].pixels.astype(float) - upright).mean() < 12


@pytest.mark.parametrize(
    ("across", "down", "upright"),
    [
        ((-1, 0), (0, 1), lambda stored: stored[:, ::-1]),  # mirrored
        ((1, 0), (0, -1), lambda stored: stored[::-1]),
        ((0, 1), (1, 0), lambda stored: stored.swapaxes(0, 1)),
        ((0, -1), (-1, 0), lambda stored: np.rot90(stored, 2).swapaxes(0, 1)),
        ((0, -1), (1, 0), lambda stored: np.rot90(stored)),  # only turned
        ((0, 0), (0, 0), lambda stored: stored),  # says nothing
    ],
)
def test_a_mirrored_clip_is_shown_as_it_was_meant(
    tmp_path: Path,
    across: tuple[int, int],
    down: tuple[int, int],
    upright: Callable[[np.ndarray], np.ndarray],
):
    matrix = (*across, 0, *down, 0, 0, 0, 1)
    clip, frames = read(scenes.write(tmp_path / "clip.mov", matrix=matrix))
    expected = upright(scenes.scene(0))
    assert (clip.height, clip.width) == expected.shape[:2]
    assert np.abs(frames[0].pixels.astype(float) - expected).mean() < 12


def test_frames_that_were_shown_leave_the_sandbox(tmp_path: Path):
    frames = [scenes.scene(0)] * 120  # some 17 MB each, of what converts it
    _, found = read(scenes.write(tmp_path / "clip.mp4", frames=frames, rotation=180))
    assert len(found) == 120


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_what_has_no_name_beside_the_matrix_is_no_reason_to_lie_down(rotation: int):
    class Odd:
        width, height = 64, 48

        @property
        def side_data(self) -> None:
            raise ValueError("31 is not a valid Type")

    frame = Odd()
    frame.rotation = rotation
    assert upright.size(frame, None) == ((48, 64) if rotation % 180 else (64, 48))


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path):
    times = [0, 1, 3, 4, 8, 9, 12]
    frames = [scenes.scene(number) for number in range(6)]
    clip, found = read(scenes.write(tmp_path / "clip.mp4", frames=frames, times=times))
    assert [frame.time * clip.time_base * 12 for frame in found] == times[:-1]
    assert clip.seconds == pytest.approx(1.0)


def test_transparency_is_white(tmp_path: Path):
    clip, frames = read(scenes.gif(tmp_path / "clip.gif", transparent=True, size=(41, 29)))
    assert (clip.kind, clip.width, clip.height, clip.time_base) == ("gif", 41, 29, Fraction(1, 100))
    for number, frame in enumerate(frames):
        assert (frame.pixels[20:] == 255).all()
        assert (frame.pixels[5:13, number + 1 : number + 9] == 0).all()
    assert len(frames) == 8


def test_frames_come_in_the_size_that_is_asked_for(tmp_path: Path):
    _, frames = read(scenes.write(tmp_path / "clip.mp4", rotation=90), 32, 24)
    assert {frame.pixels.shape for frame in frames} == {(32, 24, 3)}


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4", aspect=Fraction(4, 3))
    assert (look(path).width, look(path).height) == (85, 48)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"no clip at all, but text", "This is not a clip that can be opened here"),
        (b"\0\0\0\x18ftypmp42" + bytes(200), "damaged or incomplete"),
        (b"GIF89a" + bytes(40), "damaged or incomplete"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "damaged or incomplete"),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(tmp_path: Path, content: bytes, sentence: str):
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(UnreadableClip, match=sentence):
        look(tmp_path / "clip.mp4")


def test_a_picture_is_no_clip(tmp_path: Path):
    Image.new("RGB", (8, 8)).save(tmp_path / "clip.png")
    with pytest.raises(UnreadableClip, match="not a clip"):
        look(tmp_path / "clip.png")
    with pytest.raises(UnreadableClip, match="not a file"):
        look(tmp_path)


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("FILM_SECONDS", "0.5", "too long: at most 0 seconds"),
        ("FILM_FRAMES", "9", "too long: at most 9 frames"),
        ("FILM_PIXELS", "3000", "too large"),
        ("FILM_BYTES", "100", "too large"),
        ("FILM_STREAMS", "1", "too many streams"),
    ],
)
def test_limits_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, sentence: str
):
    path = scenes.write(tmp_path / "clip.mp4", sound="aac")
    assert look(path).sound == "aac"
    monkeypatch.setenv(f"ATELIER_{setting}", value)
    settings.cache_clear()
    with pytest.raises(UnreadableClip, match=sentence):
        look(path)


def test_a_clip_that_ends_its_sandbox_is_refused(tmp_path: Path):
    with Reader(scenes.write(tmp_path / "clip.mp4")) as reader:
        frames = reader.frames(2000, 2000)
        next(frames)
        reader._child.process.kill()
        with pytest.raises(UnreadableClip, match="damaged, or too large"):
            list(frames)


def test_a_reader_leaves_no_process(tmp_path: Path):
    with Reader(scenes.write(tmp_path / "clip.mp4")) as reader:
        next(reader.frames(48, 64))  # and no further one
    assert reader._child.process.poll() is not None


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx-vp9")])
def test_moments_are_taken_from_anywhere(tmp_path: Path, name: str, codec: str):
    with Reader(scenes.write(tmp_path / name, codec=codec)) as reader:
        found = list(reader.at([0.7, 0.0, 0.3], 48, 64))
        base = reader.clip.time_base
    assert [round(float(frame.time * base) * 12) for frame in found] == [8, 0, 3]
    difference = np.abs(found[0].pixels.astype(float) - scenes.scene(8))
    assert difference[:, 16:].mean() < 12


def test_moments_of_a_gif(tmp_path: Path):
    with Reader(scenes.gif(tmp_path / "a.gif", size=(40, 30))) as reader:
        found = list(reader.at([0.5, 0.1], 30, 40))
    assert [frame.time for frame in found] == [48, 8]
