"""What encodes the pictures of a film, and the form in which it takes them.

A film is encoded in closed segments, each by an encoder of its own: so one whose process has died
goes on with the next picture, and its bytes are those that it would have had.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol, cast

import numpy as np
from av.codec.codec import Codec, UnknownCodecError
from av.codec.context import CodecContext, Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from PIL import Image

from core.errors import InvalidRequest
from core.film.clips.clip import Kind
from core.images.types import Pixels
from core.jobs.checkpoint import Checkpoint

SEGMENT = 48
"""Pictures that are encoded together. A GIF is one segment: its encoder writes a head but once."""

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
_THREADS = 2  # on any machine: what x264 writes depends on how many there are
_MATRIX = 1  # BT.709, which players take for granted in large pictures: named, so in small ones too
_COLORS = 256  # of a GIF
_WORSE = 1.5  # times the error of a palette at its making, at which another one is made

Picture = dict[str, Any]
"""A picture in the form that an encoder takes, as arrays."""


class Encoding:
    """How the pictures of one film are encoded.

    Attributes:
        name: Of the encoder.
        options: Of the encoder.
        base: Seconds in which it counts time.
        rate: Frames a second, about.
    """

    def __init__(
        self, kind: Kind, height: int, width: int, time_base: Fraction, rate: float
    ) -> None:
        self.name, self.options = _encoder(kind)
        self._kind, self._size = kind, (height, width)
        finest = _FINEST.get(self.name, 90_000 * 16)
        if time_base.numerator != 1 or time_base.denominator > finest or kind == "gif":
            self.base = Fraction(1, min(finest, 90_000))
        else:
            self.base = time_base
        self.rate = Fraction(min(max(rate, 1.0), 240.0)).limit_denominator(1001)

    def form(self) -> Form:
        """What brings pictures into the form that is encoded."""
        return Palette() if self._kind == "gif" else Yuv()

    def encoder(self) -> VideoCodecContext:
        """An encoder for the next segment."""
        context = cast(VideoCodecContext, CodecContext.create(self.name, "w"))
        context.options = self.options
        context.framerate = self.rate
        self.set_up(context)
        if self._kind != "gif":
            context.flags |= Flags.global_header
        return context

    def set_up(self, context: VideoCodecContext) -> None:
        """Sets what is the same for all encoders, and that of the container."""
        context.height, context.width = self._size
        context.pix_fmt = "pal8" if self._kind == "gif" else "yuv420p"
        context.time_base = self.base
        context.thread_count = _THREADS
        context.flags |= Flags.bitexact
        if self._kind != "gif":
            context.max_b_frames = 0  # no frame waits for a later one
            context.colorspace = context.color_primaries = context.color_trc = _MATRIX
            context.color_range = 1


def _encoder(kind: Kind) -> tuple[str, dict[str, str]]:
    """What encodes here, with its options."""
    for name, options in _ENCODERS[kind].items():
        try:
            Codec(name, "w")
        except UnknownCodecError:
            continue
        return name, options
    raise InvalidRequest(f"Nothing here can write the pictures of {kind.upper()} files.")


class Form(Protocol):
    """Brings pictures into the form that is encoded."""

    def taken(self, pixels: Pixels) -> Picture:
        """The next picture, `(height, width, 3)` uint8 RGB, in that form."""

    def frame(self, picture: Picture) -> VideoFrame:
        """A picture of that form for the encoder."""

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a picture."""

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there."""


class Yuv:
    """Brightness for each pixel, color for each four."""

    def taken(self, pixels: Pixels) -> Picture:
        """See `Form`."""
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        return {"yuv": frame.reformat(format="yuv420p", dst_colorspace="itu709").to_ndarray()}

    def frame(self, picture: Picture) -> VideoFrame:
        """See `Form`."""
        return VideoFrame.from_ndarray(picture["yuv"], format="yuv420p")

    def checkpoint(self) -> Checkpoint:
        """See `Form`: each stands alone."""
        return Checkpoint({})

    def restore(self, found: Checkpoint) -> None:
        """See `Form`: each stands alone."""


class Palette:
    """Few colors, the same ones as long as they do: others each time would flicker."""

    def __init__(self) -> None:
        self._colors: Pixels | None = None
        self._image: Image.Image | None = None  # that has them
        self._error = 0.0

    def taken(self, pixels: Pixels) -> Picture:
        """See `Form`."""
        image = Image.fromarray(pixels)
        found = self._reduced(image, pixels)
        if found is None:
            listed = image.quantize(_COLORS, Image.Quantize.MEDIANCUT).getpalette("RGB")
            self._hold(np.asarray(listed, np.uint8).reshape(-1, 3))
            self._error = np.inf
            found = self._reduced(image, pixels)
        assert found is not None
        assert self._colors is not None
        return {"indices": np.asarray(found), "colors": self._colors}

    def frame(self, picture: Picture) -> VideoFrame:
        """See `Form`."""
        indices, colors = picture["indices"], picture["colors"]
        height, width = indices.shape
        frame = VideoFrame(width, height, "pal8")
        plane, palette = frame.planes
        rows = np.zeros((height, plane.line_size), np.uint8)
        rows[:, :width] = indices
        plane.update(rows.tobytes())
        whole = np.full((_COLORS, 4), 255, np.uint8)  # as B, G, R, A in memory
        whole[:, :3] = colors[:, ::-1]
        palette.update(whole.tobytes())
        return frame

    def checkpoint(self) -> Checkpoint:
        """See `Form`."""
        if self._colors is None:
            return Checkpoint({})
        return Checkpoint({"error": self._error}, {"colors": self._colors})

    def restore(self, found: Checkpoint) -> None:
        """See `Form`."""
        if "colors" in found.arrays:
            self._hold(found.arrays["colors"])
            self._error = found.state["error"]

    def _hold(self, colors: Pixels) -> None:
        """Takes these colors, `(count, 3)` RGB, from now on."""
        self._colors = np.zeros((_COLORS, 3), np.uint8)
        self._colors[: len(colors)] = colors
        self._image = Image.new("P", (1, 1))
        self._image.putpalette(self._colors.tobytes())

    def _reduced(self, image: Image.Image, pixels: Pixels) -> Image.Image | None:
        """The picture in the colors that are held; None if they do not do."""
        if self._image is None:
            return None
        found = image.quantize(palette=self._image, dither=Image.Dither.NONE)
        error = float(np.abs(np.asarray(found.convert("RGB"), np.int16) - pixels).mean())
        if self._error == np.inf:
            self._error = error
        return found if error <= _WORSE * self._error + 0.5 else None
