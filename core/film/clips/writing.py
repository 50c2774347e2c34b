"""A film on its way into a file: frames with their times, encoded as they come.

Memory does not grow with length. Pictures alone: `Reader.add_sound` adds what is to be heard.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.codec.codec import Codec, UnknownCodecError
from av.video.frame import VideoFrame
from PIL import Image

from core import files
from core.errors import InvalidRequest
from core.film.clips.clip import Kind
from core.images.types import Pixels

WRITTEN: dict[str, Kind] = {".mp4": "mp4", ".webm": "webm", ".gif": "gif"}
"""Endings of files that are written, and their containers."""

# Encoders by preference, with their options.
_ENCODERS: dict[Kind, dict[str, dict[str, str]]] = {
    "mp4": {
        "libx264": {"crf": "18", "preset": "veryfast"},
        "libopenh264": {"b": "6000000"},
        "mpeg4": {"qscale": "3"},
    },
    "webm": {
        "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6"},
        "libvpx": {"crf": "10", "b": "4000000"},
    },
    "gif": {"gif": {}},
}
_FINEST: dict[str, int] = {"mpeg4": 65_535, "gif": 100}  # units of time in a second
_MATRIX = 1  # BT.709, which players take for granted in large pictures: named, so in small ones too
_COLORS = 256  # of a GIF
_WORSE = 1.5  # times the error of a palette at its making, at which another one is made


def kind_of(path: Path) -> Kind:
    """The container that a file's ending names.

    Raises:
        InvalidRequest: If it names none.
    """
    try:
        return WRITTEN[path.suffix.lower()]
    except KeyError:
        raise InvalidRequest(
            f"A film is written as {', '.join(WRITTEN)}, and not as {files.printable(path.name)!r}."
        ) from None


def even(kind: Kind, side: int) -> int:
    """The side of a film nearest to a wanted one: an even number, but in a GIF."""
    return max(1, side) if kind == "gif" else max(2, side - side % 2)


class Writer:
    """A file that is being written, as a context manager; what it leaves is whole.

    Args:
        path: The file, which is replaced. It is not for others to see before the end.
        height, width: Of all frames, see `even`.
        time_base: In which their times are.
        rate: Frames a second, about.
    """

    def __init__(
        self, path: Path, kind: Kind, height: int, width: int, time_base: Fraction, rate: float
    ) -> None:
        name, options = _encoder(kind)
        self._container = av.open(os.fspath(path), "w", format=kind)
        finest = _FINEST.get(name, 90_000 * 16)
        if time_base.numerator != 1 or time_base.denominator > finest or kind == "gif":
            base = Fraction(1, min(finest, 90_000))
        else:
            base = time_base
        usual = Fraction(min(max(rate, 1.0), 240.0)).limit_denominator(1001)
        stream = self._container.add_stream(name, rate=usual, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = "pal8" if kind == "gif" else "yuv420p"
        stream.time_base = base
        context = stream.codec_context
        context.time_base = base
        if kind != "gif":
            context.max_b_frames = 0  # no frame waits for a later one
            context.colorspace = context.color_primaries = context.color_trc = _MATRIX
            context.color_range = 1
        self._stream, self._source_base, self._base = stream, time_base, base
        self._palette = _Palette() if kind == "gif" else None
        self._waiting: tuple[Pixels, int] | None = None
        self._durations: dict[int, int] = {}  # of frames that the encoder still looks at, by time
        self._last = 1
        self._kind, self._path = kind, path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._container.close()

    def add(self, pixels: Pixels, time: int) -> None:
        """Adds a frame, `(height, width, 3)` uint8 RGB, later than the one before."""
        if self._waiting is not None:
            self._encode(*self._waiting, time)
        self._waiting = pixels, time

    def finish(self, end: int) -> None:
        """Adds the last frame, which is shown until `end`, and closes the file."""
        if self._waiting is not None:
            self._encode(*self._waiting, end)
            self._waiting = None
        self._pass_on(None)
        self._container.close()
        if self._kind == "gif":
            _hold_last(self._path, self._last)

    def _encode(self, pixels: Pixels, time: int, until: int) -> None:
        frame = self._palette.frame(pixels) if self._palette else _in_yuv(pixels)
        start, end = (round(each * self._source_base / self._base) for each in (time, until))
        frame.pts, frame.time_base = start, self._base
        self._durations[start] = self._last = max(1, end - start)
        self._pass_on(frame)

    def _pass_on(self, frame: VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration)
            self._container.mux(packet)


def _encoder(kind: Kind) -> tuple[str, dict[str, str]]:
    """What encodes here, with its options."""
    for name, options in _ENCODERS[kind].items():
        try:
            Codec(name, "w")
        except UnknownCodecError:
            continue
        return name, options
    raise InvalidRequest(f"Nothing here can write the pictures of {kind.upper()} files.")


def _in_yuv(pixels: Pixels) -> VideoFrame:
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace="itu709")


class _Palette:
    """Frames in few colors, the same ones as long as they do: others each time would flicker."""

    def __init__(self) -> None:
        self._image: Image.Image | None = None
        self._error = 0.0

    def frame(self, pixels: Pixels) -> VideoFrame:
        image = Image.fromarray(pixels)
        found = self._reduced(image, pixels)
        if found is None:
            self._image = image.quantize(_COLORS, Image.Quantize.MEDIANCUT)
            self._error = np.inf
            found = self._reduced(image, pixels)
        assert found is not None
        assert self._image is not None
        colors = np.zeros((_COLORS, 4), np.uint8)  # as B, G, R, A in memory
        listed = np.asarray(self._image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        colors[: len(listed), :3], colors[:, 3] = listed[:, ::-1], 255
        return _of_palette(np.asarray(found), colors)

    def _reduced(self, image: Image.Image, pixels: Pixels) -> Image.Image | None:
        """The picture in the colors that are held; None if they do not do."""
        if self._image is None:
            return None
        found = image.quantize(palette=self._image, dither=Image.Dither.NONE)
        error = float(np.abs(np.asarray(found.convert("RGB"), np.int16) - pixels).mean())
        if self._error == np.inf:
            self._error = error
        return found if error <= _WORSE * self._error + 0.5 else None


def _of_palette(indices: Pixels, colors: Pixels) -> VideoFrame:
    height, width = indices.shape
    frame = VideoFrame(width, height, "pal8")
    plane, palette = frame.planes
    rows = np.zeros((height, plane.line_size), np.uint8)
    rows[:, :width] = indices
    plane.update(rows.tobytes())
    palette.update(colors.tobytes())
    return frame


def _hold_last(path: Path, hundredths: int) -> None:
    """Sets for how long the last frame of a GIF is shown, which its muxer takes for granted."""
    data = path.read_bytes()
    place = data.rfind(b"\x21\xf9\x04")
    with path.open("r+b") as file:
        file.seek(place + 4)
        file.write(min(hundredths, 65_535).to_bytes(2, "little"))
