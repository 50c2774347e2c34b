"""The sound of a clip, put to a film: copied where its container takes it, else made anew."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from core.film.clips.clip import Kind

DECODED = (
    *("aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "flac", "alac", "ac3", "eac3"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_f32le", "pcm_u8"),
)
_COPIED: dict[Kind, tuple[str, ...]] = {
    "mp4": ("aac", "mp3", "mp3float", "ac3", "eac3", "alac"),
    "webm": ("opus", "libopus", "vorbis"),
}
_MADE: dict[Kind, str] = {"mp4": "aac", "webm": "libopus"}
_RATE = 48_000  # samples a second, of sound that is made anew
_PART = 256  # packets of a step
_BEFORE = 10.0  # seconds of sound that a clip may have before its first picture


def codec(container: InputContainer) -> str:
    """The codec of the sound that `add` would take; empty if there is none."""
    stream = _stream(container)
    return stream.codec_context.name if stream else ""


def add(
    clip: InputContainer, start: Fraction, video: str, out: str, kind: Kind, seconds: float
) -> Iterator[None]:
    """Writes pictures and sound into one file, a part at each step; pictures are copied.

    Args:
        clip: Whose sound it is.
        start: When it begins, seconds in its own time.
        video: A film without sound, in the container of `kind`.
        out: The file to write.
        seconds: When the sound ends, with the film.
    """
    heard = _stream(clip)
    exact = {"fflags": "bitexact"}  # nothing random: the same film, the same bytes
    with av.open(video, "r") as film, av.open(out, "w", format=kind, options=exact) as written:
        seen = film.streams.video[0]
        shown = written.add_stream_from_template(seen)
        pictures = _copied(film.demux(seen), shown, Fraction(0))
        if heard is None:
            rows = [pictures]
        elif heard.codec_context.name in _COPIED[kind]:
            copy = written.add_stream_from_template(heard)
            rows = [pictures, _copied(clip.demux(heard), copy, start, seconds)]
        else:
            rows = [pictures, _made(clip, heard, written, _MADE[kind], start, seconds)]
        # By turns: a file holds back what has no neighbor in time yet.
        timed = heapq.merge(*(_timed(n, row) for n, row in enumerate(rows)))
        for count, (_, _, packet) in enumerate(timed, 1):
            written.mux(packet)
            if not count % _PART:
                yield


def _stream(container: InputContainer) -> AudioStream | None:
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.name in DECODED:
            return stream
    return None


def _timed(number: int, row: Iterator[Packet[Any]]) -> Iterator[tuple[Fraction, int, Packet[Any]]]:
    for packet in row:
        yield (packet.dts or 0) * packet.time_base, number, packet


def _copied(
    packets: Iterator[Packet[Any]], stream: Any, start: Fraction, seconds: float | None = None
) -> Iterator[Packet[Any]]:
    for packet in packets:
        if packet.dts is None or packet.pts is None or not packet.size:
            continue
        if seconds is not None and packet.pts * packet.time_base - start >= seconds:
            continue
        moved = round(start / packet.time_base)
        packet.pts, packet.dts = packet.pts - moved, packet.dts - moved
        packet.stream = stream
        yield packet


def _made(
    clip: InputContainer,
    heard: AudioStream,
    written: OutputContainer,
    name: str,
    start: Fraction,
    seconds: float,
) -> Iterator[Packet[Any]]:
    """Decodes sound, and encodes it again."""
    stream = written.add_stream(name, rate=_RATE)
    assert isinstance(stream, AudioStream)
    layout = "stereo" if heard.codec_context.channels > 1 else "mono"
    stream.codec_context.layout = layout
    form = "fltp" if name == "aac" else "s16"
    stream.codec_context.format = form

    def encoded() -> Iterator[Packet[Any]]:
        resampler = av.AudioResampler(format=form, layout=layout, rate=_RATE)
        passed = 0.0  # seconds that were decoded: a clip may say of no frame when it is heard
        for frame in clip.decode(heard):
            passed += frame.samples / frame.sample_rate
            if passed > seconds + _BEFORE:
                break
            if frame.pts is not None and frame.time_base is not None:
                if frame.pts * frame.time_base - start >= seconds:
                    break
                frame.pts -= round(start / frame.time_base)
            for piece in resampler.resample(frame):
                yield from stream.encode(piece)
        for piece in resampler.resample(None):
            yield from stream.encode(piece)
        yield from stream.encode(None)

    return encoded()
