from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import InvalidRequest
from core.film.clips import containers, encoding, writing
from core.film.clips.clip import Kind
from core.film.clips.reading import Reader, look
from tests.core.film import scenes

MILLISECONDS = Fraction(1, 1000)
TIMES = [0, 80, 160, 400, 480, 900]


def write(path: Path, kind: Kind, height: int = 48, width: int = 64) -> Path:
    with writing.Writer(path, kind, height, width, MILLISECONDS, 10.0) as writer:
        for number, time in enumerate(TIMES[:-1]):
            writer.add(scenes.scene(number, height, width), time)
        writer.finish(TIMES[-1])
    return path


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
def test_frames_and_times_are_kept(tmp_path: Path, kind: Kind):
    with Reader(write(tmp_path / "film", kind)) as reader:
        clip, frames = reader.clip, list(reader.frames(48, 64))
    found = [float(frame.time * clip.time_base) for frame in frames]
    assert found == pytest.approx([time / 1000 for time in TIMES[:-1]], abs=0.001)
    assert clip.seconds == pytest.approx(0.9, abs=0.001)
    for number, frame in enumerate(frames):
        difference = np.abs(frame.pixels.astype(float) - scenes.scene(number))
        assert difference[:, 16:].mean() < 12


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_colors_are_named_and_kept(tmp_path: Path, kind: Kind):
    colors = np.array([[200, 40, 30], [30, 160, 60], [40, 60, 190]], np.uint8)
    flat = colors.repeat(16, 0)[None].repeat(32, 0)
    with writing.Writer(tmp_path / "film", kind, 32, 48, MILLISECONDS, 10.0) as writer:
        writer.add(flat, 0)
        writer.finish(100)
    with Reader(tmp_path / "film") as reader:
        (frame,) = reader.frames(32, 48)
    assert np.abs(frame.pixels[16, 8::16].astype(int) - colors).max() <= 6
    with av.open(str(tmp_path / "film")) as container:
        assert next(container.decode(video=0)).colorspace == 1


def test_a_gif_has_odd_sides_and_films_even_ones(tmp_path: Path):
    assert [containers.even("gif", side) for side in (0, 29)] == [1, 29]
    assert [containers.even("mp4", side) for side in (1, 28, 29)] == [2, 28, 28]
    clip = look(write(tmp_path / "film", "gif", 29, 41))
    assert (clip.height, clip.width) == (29, 41)


@pytest.mark.parametrize("missing", [["libx264"], ["libx264", "libopenh264"]])
def test_another_encoder_takes_the_place_of_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: list[str]
):
    encoders = encoding._ENCODERS["mp4"]
    without = {f"no-{name}" if name in missing else name: encoders[name] for name in encoders}
    monkeypatch.setitem(encoding._ENCODERS, "mp4", without)
    clip = look(write(tmp_path / "film", "mp4"))
    assert (clip.frames, clip.seconds) == (5, pytest.approx(0.9, abs=0.001))


def test_where_nothing_encodes_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(encoding._ENCODERS, "webm", {"nothing": {}})
    with pytest.raises(InvalidRequest, match="can write the pictures of WEBM"):
        write(tmp_path / "film", "webm")


def test_colors_of_a_gif_stay_while_they_do(tmp_path: Path):
    still = scenes.scene(0)
    palette = encoding.Palette()

    def colors(pixels: np.ndarray) -> bytes:
        return bytes(palette.frame(palette.taken(pixels)).planes[1])

    first, same = colors(still), colors(still)
    other = colors(still // 4 * np.uint8([0, 1, 0]))
    assert first == same
    assert first != other


def test_the_ending_names_the_container():
    assert containers.kind_of(Path("a.MP4")) == "mp4"
    with pytest.raises(InvalidRequest, match=r"written as \.mp4"):
        containers.kind_of(Path("a.avi"))


def test_what_looks_like_a_control_block_in_the_picture_stays(tmp_path: Path):
    path = write(tmp_path / "film.gif", "gif")
    data, look_alike = path.read_bytes(), b"\x21\xf9\x04 and more"
    path.write_bytes(data + look_alike)
    writing._hold_last(path, 77)
    place = data.rindex(b"\x21\xf9\x04") + 4
    held = data[:place] + (77).to_bytes(2, "little") + data[place + 2 :]
    assert path.read_bytes() == held + look_alike


@pytest.mark.parametrize("rate", [60, 120, 240])
def test_a_gif_of_a_quick_clip_leaves_out_what_it_cannot_tell_apart(tmp_path: Path, rate: int):
    with writing.Writer(tmp_path / "film", "gif", 48, 64, Fraction(1, rate), rate) as writer:
        for time in range(rate):
            writer.add(scenes.scene(time % 40), time)
        writer.finish(rate)
    with Reader(tmp_path / "film") as reader:
        clip, frames = reader.clip, list(reader.frames(48, 64))
    times = [round(100 * frame.time * clip.time_base) for frame in frames]
    assert clip.seconds == pytest.approx(1, abs=0.021)
    assert 40 <= len(times) <= 51
    apart = set(np.diff([*times, round(100 * clip.seconds)]))
    assert apart <= {2, 3}  # what lasts one hundredth, browsers show for ten


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
def test_an_error_before_the_first_frame_is_itself(tmp_path: Path, kind: Kind):
    with (
        pytest.raises(KeyboardInterrupt),
        writing.Writer(tmp_path / "film", kind, 48, 64, MILLISECONDS, 10.0),
    ):
        raise KeyboardInterrupt
