from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from core.film.clips import sound, writing
from core.film.clips.clip import Kind
from core.film.clips.reading import Reader
from tests.core.film import scenes


def with_sound(path: Path, out: Path, kind: Kind, seconds: float | None = None) -> Path:
    with Reader(path) as reader:
        clip, silent = reader.clip, out.with_name("silent")
        with writing.Writer(silent, kind, 48, 64, clip.time_base, clip.rate) as writer:
            for frame in reader.frames(48, 64):
                writer.add(frame.pixels, frame.time)
            writer.finish(frame.time + clip.last)
        reader.add_sound(silent, out, kind, seconds or clip.seconds)
    return out


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_sound_that_fits_is_copied(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4", sound="aac")
    out = with_sound(path, tmp_path / "film.mp4", "mp4")
    assert packets(out) == packets(path)
    assert scenes.sound_seconds(out) == pytest.approx(10 / 12, abs=0.06)
    with Reader(out) as reader:
        assert reader.clip.frames == 10
        assert reader.clip.seconds == pytest.approx(10 / 12, abs=0.001)


@pytest.mark.parametrize(
    ("codec", "name", "kind", "made"),
    [
        ("libopus", "clip.webm", "mp4", "aac"),
        ("pcm_s16le", "clip.mov", "mp4", "aac"),
        ("aac", "clip.mp4", "webm", "opus"),
        ("libopus", "clip.webm", "webm", "opus"),
    ],
)
def test_other_sound_is_made_anew(tmp_path: Path, codec: str, name: str, kind: Kind, made: str):
    video = "libvpx-vp9" if name.endswith("webm") else "libx264"
    rate = 48_000 if codec == "libopus" else 44_100
    path = scenes.write(tmp_path / name, codec=video, sound=codec, rate=rate)
    out = with_sound(path, tmp_path / f"film.{kind}", kind)
    with av.open(str(out)) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == made
    assert scenes.sound_seconds(out) == pytest.approx(10 / 12, abs=0.08)
    assert scenes.loudness(out) == pytest.approx(scenes.loudness(path), rel=0.15)


def test_sound_ends_with_a_film_that_was_stopped(tmp_path: Path):
    path = scenes.write(tmp_path / "clip.mp4", sound="aac")
    out = with_sound(path, tmp_path / "film.mp4", "mp4", seconds=0.4)
    assert scenes.sound_seconds(out) == pytest.approx(0.4, abs=0.06)


def test_whoever_waits_hears_of_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = scenes.write(tmp_path / "clip.mp4", sound="aac")
    silent = scenes.write(tmp_path / "silent.mp4")
    monkeypatch.setattr(sound, "_PART", 8)
    with av.open(str(path)) as clip:
        parts = list(sound.add(clip, Fraction(0), str(silent), str(tmp_path / "x"), "mp4", 9.0))
    assert len(parts) == (10 + len(packets(path))) // 8
    assert packets(tmp_path / "x") == packets(path)
