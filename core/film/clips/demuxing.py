"""What the sandbox does with a clip: looks it over, decodes it, puts its sound to a film.

Runs in a process of its own with little memory (`core.film.clips.reading` starts it), since a
container may lie about what is inside. No other process opens a clip.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from core.film.clips import sound, upright
from core.film.clips.clip import Kind, UnreadableClip, kind_of
from core.processes import memory

MEMORY = 800_000_000  # bytes; sixteen pictures of 4K that refer to each other fit

_DEMUXERS: dict[Kind, str] = {"mp4": "mov", "webm": "matroska", "gif": "gif"}
_VIDEO = ("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mjpeg", "prores", "gif")
_FINEST = 1_000_000  # units of time in a second; what is finer is rounded to `_USUAL`
_USUAL = Fraction(1, 90_000)


def serve(asking: socket.socket) -> None:
    """Answers until its input ends, which it does with the process that started it."""
    memory.limit(MEMORY)
    av.logging.set_level(None)
    source, answers = asking.makefile("rb"), asking.makefile("wb")
    while line := source.readline():
        asked = json.loads(line)
        try:
            for header, body in _ANSWERS[asked.pop("do")](**asked):
                _write(answers, header, body)
            _write(answers, {"end": True}, b"")
        except UnreadableClip as error:
            _write(answers, {"error": str(error)}, b"")
        except (BrokenPipeError, ConnectionResetError):  # who asked has gone
            return
        except MemoryError:
            _write(answers, {"error": "The clip is too large for this machine."}, b"")
        except Exception as error:  # libraries raise nearly anything on damaged input
            number = getattr(error, "errno", None)
            if number in _FULL:  # only writing fails so
                _write(answers, {"unwritten": os.strerror(number)}, b"")
            else:
                _write(answers, {"error": DAMAGED}, b"")


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

DAMAGED = "The clip is damaged or incomplete: try saving or downloading it again."

Answer = tuple[dict[str, Any], bytes]


def _write(file: IO[bytes], header: dict[str, Any], body: bytes) -> None:
    file.write(json.dumps(header).encode() + b"\n")
    file.write(body)
    file.flush()


def look(path: str, limits: dict[str, float]) -> Iterator[Answer]:
    """Looks a clip over from end to end; only the first frame is decoded.

    Raises:
        UnreadableClip: If it is none, or over a limit.
    """
    with _opened(path) as container:
        if len(container.streams) > limits["streams"]:
            raise UnreadableClip(
                f"The clip holds too many streams: at most {limits['streams']:.0f}, please."
            )
        stream, start = _video(container, limits["pixels"]), _start(container)
        base = _time_base(stream)
        first: VideoFrame | None = None
        times: list[int] = []
        durations: list[int] = []
        for packet in container.demux(stream):
            if first is None:
                first = next(iter(packet.decode()), None)
            if packet.pts is None:
                if packet.size:
                    times.append(times[-1] + 1 if times else 0)
                    durations.append(0)
                continue
            times.append(_rescaled(packet.pts * packet.time_base - start, base))
            durations.append(_rescaled((packet.duration or 0) * packet.time_base, base))
            if len(times) > limits["frames"]:
                raise UnreadableClip(
                    f"The clip is too long: at most {limits['frames']:.0f} frames, please."
                )
        if first is None or not times:
            raise UnreadableClip("There are no pictures in this clip.")
        latest = int(np.argmax(times))
        last = durations[latest] or _usual_step(times, base)
        seconds = float((times[latest] + last) * base)
        if not 0 < seconds <= limits["seconds"]:
            raise UnreadableClip(
                f"The clip is too long: at most {limits['seconds']:.0f} seconds, please."
            )
        width, height = upright.size(first, stream.sample_aspect_ratio)
        yield (
            {
                "kind": _kind(path),
                "width": width,
                "height": height,
                "frames": len(times),
                "seconds": seconds,
                "time_base": [base.numerator, base.denominator],
                "last": last,
                "sound": sound.codec(container),
            },
            b"",
        )


def frames(path: str, pixels: float, height: int, width: int, skipped: int) -> Iterator[Answer]:
    """Decodes all frames, upright and of one size; of so many first ones only their times."""
    with _opened(path) as container:
        stream, start = _video(container, pixels), _start(container)
        base, before, shown_as = _time_base(stream), -1, upright.Upright()
        for number, frame in enumerate(container.decode(stream)):
            time = before + 1
            if frame.pts is not None and frame.time_base is not None:
                time = max(time, _rescaled(frame.pts * frame.time_base - start, base))
            shown = number >= skipped
            yield {"time": time}, shown_as.pixels(frame, height, width).tobytes() if shown else b""
            before = time


def at(path: str, pixels: float, seconds: list[float], height: int, width: int) -> Iterator[Answer]:
    """Decodes the frames of some moments, from the key frame before each of them."""
    with _opened(path) as container:
        stream, start = _video(container, pixels), _start(container)
        base, shown_as = _time_base(stream), upright.Upright()
        for moment in seconds:
            container.seek(int((Fraction(moment) + start) * 1_000_000), backward=True)
            shown: tuple[Fraction, VideoFrame] | None = None
            for frame in container.decode(stream):
                if frame.pts is None or frame.time_base is None:
                    continue
                time = frame.pts * frame.time_base - start
                if shown is not None and time > moment:
                    break
                shown = time, frame
            if shown is not None:
                header = {"time": _rescaled(shown[0], base)}
                yield header, shown_as.pixels(shown[1], height, width).tobytes()


def add_sound(path: str, video: str, out: str, kind: Kind, seconds: float) -> Iterator[Answer]:
    """Puts a film and the clip's sound into one file, see `sound.add`.

    Whoever asked hears of each part: it gives up what is silent for long.
    """
    with _opened(path) as container:
        for _ in sound.add(container, _start(container), video, out, kind, seconds):
            yield {}, b""


_ANSWERS: dict[str, Callable[..., Iterator[Answer]]] = {
    "look": look,
    "frames": frames,
    "at": at,
    "add_sound": add_sound,
}


def _kind(path: str) -> Kind:
    with Path(path).open("rb") as file:
        kind = kind_of(file.read(12))
    if kind is None:
        raise UnreadableClip(
            "This is not a clip that can be opened here: try an MP4, MOV, WebM or GIF file."
        )
    return kind


def _opened(path: str) -> InputContainer:
    """The container. As an open file it can lead to no other file, nor to the network."""
    allowed = ",".join((*_VIDEO, *sound.DECODED))
    return av.open(
        Path(path).open("rb"),
        "r",
        format=_DEMUXERS[_kind(path)],
        container_options={"codec_whitelist": allowed},
    )


def _video(container: InputContainer, pixels: float) -> VideoStream:
    """The stream of pictures, ready to be decoded."""
    if not container.streams.video:
        raise UnreadableClip("There are no pictures in this clip.")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or context.name not in _VIDEO:
        raise UnreadableClip(
            "The pictures of this clip are in a format that is not read here: try H.264 or VP9."
        )
    if context.width * context.height > pixels:
        raise UnreadableClip(
            f"The pictures of this clip are too large: at most {pixels / 1e6:.3g} megapixels each, "
            "please."
        )
    # A stream may change its size on the way. One thread: others would hold pictures of their own.
    context.options = {"max_pixels": str(int(pixels))}
    context.thread_count = 1
    return stream


def _start(container: InputContainer) -> Fraction:
    """When the clip begins, seconds in its own time."""
    return Fraction(container.start_time or 0, 1_000_000)


def _time_base(stream: VideoStream) -> Fraction:
    base = stream.time_base
    return base if base and base.denominator <= _FINEST * base.numerator else _USUAL


def _rescaled(seconds: Fraction, base: Fraction) -> int:
    return round(seconds / base)


def _usual_step(times: list[int], base: Fraction) -> int:
    steps = np.diff(np.sort(times))
    return max(1, int(np.median(steps)) if len(steps) else round(Fraction(1, 10) / base))
