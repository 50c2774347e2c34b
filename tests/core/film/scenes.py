"""Clips for tests, made with the library on the spot: small, of a pattern that moves."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from core.images.types import Pixels

RATE = 12  # frames a second


def scene(number: int, height: int = 48, width: int = 64, seed: int = 0) -> Pixels:
    """A frame: a pattern that moves a pixel to the right each time, bright red in a corner."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 12, 3), np.uint8)
    whole = np.asarray(
        Image.fromarray(coarse).resize((8 * coarse.shape[1], 8 * coarse.shape[0]), 3), np.uint8
    )
    shown = whole[:height, 80 - number : 80 - number + width].copy()
    shown[:12, :12] = 255, 0, 0
    return shown


def write(
    path: Path,
    *,
    frames: Sequence[Pixels] | None = None,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    rotation: int = 0,
    matrix: Sequence[int] | None = None,
    aspect: Fraction | None = None,
    sound: str = "",
    rate: int = 44_100,
) -> Path:
    """Writes a clip.

    Args:
        frames: Ten of `scene` if None.
        times: Of the frames and of the end, in twelfths of a second; even ones if None.
        rotation: By how much it is to be turned, counter-clockwise, when it is shown.
        matrix: The display matrix in its place, row by row: to the right, down, one more.
        aspect: Width of a pixel against its height.
        sound: The encoder of a tone of the same length; none if empty.
    """
    frames = [scene(number) for number in range(10)] if frames is None else frames
    times = range(len(frames) + 1) if times is None else times
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p" if not frames[0].shape[0] % 2 else "yuv444p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1200)
        stream.codec_context.max_b_frames = 0
        if rotation:
            stream.set_display_rotation(rotation)
        if matrix:
            stream.set_display_matrix([value << 16 for value in matrix[:8]] + [matrix[8] << 30])
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if sound:
            heard: Any = container.add_stream(sound, rate=rate, layout="mono")
        durations = {}
        for pixels, start, end in zip(frames, times[:-1], times[1:], strict=True):
            frame = VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = 100 * start, Fraction(1, 1200)
            durations[100 * start] = 100 * (end - start)
            _mux(container, stream.encode(frame), durations)
        _mux(container, stream.encode(None), durations)
        if sound:
            _tone(container, heard, rate, times[-1] / RATE)
    return path


def _mux(container: Any, packets: Any, durations: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = durations[packet.pts]
        container.mux(packet)


def _tone(container: Any, stream: Any, rate: int, seconds: float) -> None:
    count = round(rate * seconds)
    wave = (8000 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(stream.format, stream.layout, rate, frame_size=1024)
    for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
        for packet in stream.encode(piece):
            container.mux(packet)


def gif(path: Path, *, count: int = 8, transparent: bool = False, size: tuple[int, int]) -> Path:
    """Writes a GIF with Pillow; with transparency, a black square on nothing."""
    pictures = []
    for number in range(count):
        picture = Image.new("RGBA", size, (0, 0, 0, 0) if transparent else (90, 120, 40, 255))
        picture.paste((0, 0, 0, 255), (number, 4, number + 10, 14))
        pictures.append(picture)
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=80, loop=0, disposal=2
    )
    return path


def sound_seconds(path: Path) -> float:
    """How long the sound of a file is, decoded; 0 if it has none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return 0.0
        frames = list(container.decode(audio=0))
        return sum(frame.samples / frame.sample_rate for frame in frames)


def loudness(path: Path) -> float:
    """Of the sound of a file, root of its mean square, -1..1."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono")
        pieces = [
            np.asarray(piece.to_ndarray(), float)
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    return float(np.sqrt(np.mean(np.concatenate(pieces, 1) ** 2)))
