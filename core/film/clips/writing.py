"""A film on its way into a file: frames with their times, encoded as they come.

Memory does not grow with length, unless it is to be possible to go on after a kill. Pictures
alone: `Reader.add_sound` adds what is to be heard.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from core.film.clips.clip import Kind
from core.film.clips.encoding import SEGMENT, Encoding, Picture
from core.images.types import Pixels
from core.jobs.checkpoint import Arrays, Checkpoint


class Writer:
    """A file that is being written, as a context manager; what it leaves is whole.

    Args:
        path: The file, which is replaced. It is not for others to see before the end.
        height, width: Of all frames, see `even`.
        time_base: In which their times are.
        rate: Frames a second, about.
        keeps: Whether there are to be checkpoints: then what is encoded stays in memory, and the
            pictures of the open segment, at one and a half bytes a pixel.
    """

    def __init__(
        self,
        path: Path,
        kind: Kind,
        height: int,
        width: int,
        time_base: Fraction,
        rate: float,
        *,
        keeps: bool = False,
    ) -> None:
        self._encoding = Encoding(kind, height, width, time_base, rate)
        self._kind, self._path, self._source_base = kind, path, time_base
        exact = {"fflags": "bitexact"}  # nothing random, as in `sound.add`
        self._container = av.open(os.fspath(path), "w", format=kind, options=exact)
        stream = self._container.add_stream(
            self._encoding.name, rate=self._encoding.rate, options=self._encoding.options
        )
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._encoding.set_up(stream.codec_context)  # which encodes nothing: it fills the head
        stream.time_base = self._encoding.base
        self._container.start_encoding()
        self._form = self._encoding.form()
        self._encoder: VideoCodecContext | None = None  # of the open segment
        self._waiting: tuple[Pixels, int] | None = None
        self._durations: dict[int, int] = {}  # of frames that the encoder still looks at, by time
        self._last = 1
        self._count = 0  # of frames that were given to encoders
        self._keeps = keeps
        self._closed: dict[str, Arrays] = {}  # the packets of a segment each
        self._open: dict[str, Arrays] = {}  # the frames of the open one
        self._packets: list[tuple[bytes, tuple[Any, ...]]] = []  # and what was made of them

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.give_up()  # unless it is finished

    def add(self, pixels: Pixels, time: int) -> None:
        """Adds a frame, `(height, width, 3)` uint8 RGB, later than the one before.

        One that follows sooner than the file can say is left out, and the one before stays.
        """
        if self._waiting is not None:
            if self._apart(self._waiting[1], time) < _SOONEST.get(self._kind, 1):
                return
            self._encode(*self._waiting, time)
        self._waiting = pixels, time

    def finish(self, end: int) -> None:
        """Adds the last frame, which is shown until `end`, and closes the file."""
        if self._waiting is not None:
            self._encode(*self._waiting, end)
            self._waiting = None
        self._close_segment()
        self._container.close()
        if self._kind == "gif":
            _hold_last(self._path, self._last)

    def give_up(self) -> None:
        """Ends without a film: another writer may take the path."""
        with suppress(FFmpegError):  # some containers cannot be empty
            self._container.close()

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on after a frame. Only for one that keeps."""
        form = self._form.checkpoint()
        arrays = {f"form/{name}": array for name, array in form.arrays.items()}
        state: dict[str, Any] = {"form": form.state, "last": self._last, "time": None}
        if self._waiting is not None:
            arrays["waiting"], state["time"] = self._waiting
        return Checkpoint(state, arrays, {**self._closed, **self._open})

    def restore(self, found: Checkpoint) -> None:
        """Goes on from there, with the same arguments; before the first frame."""
        for name in sorted(found.pieces):  # segments come before frames
            piece = found.pieces[name]
            if name.startswith(_CLOSED):
                self._closed[name] = piece
                for packet in _unpacked(piece):
                    self._mux(packet)
                self._count += SEGMENT
            else:
                self._pass_on(dict(piece))
        form = {n.removeprefix("form/"): a for n, a in found.arrays.items() if "/" in n}
        self._form.restore(Checkpoint(found.state["form"], form))
        self._last = found.state["last"]
        if "waiting" in found.arrays:
            self._waiting = found.arrays["waiting"], found.state["time"]

    def _encode(self, pixels: Pixels, time: int, until: int) -> None:
        self._last = max(_SOONEST.get(self._kind, 1), self._apart(time, until))
        times = np.array([self._in_file(time), self._last])
        self._pass_on(self._form.taken(pixels) | {"times": times})

    def _in_file(self, time: int) -> int:
        """A time in units of the file."""
        return round(time * self._source_base / self._encoding.base)

    def _apart(self, time: int, later: int) -> int:
        return self._in_file(later) - self._in_file(time)

    def _pass_on(self, picture: Picture) -> None:
        """Encodes a picture; `times` are when it is shown, and for how long."""
        if self._keeps:
            self._open[f"{_FRAME}{self._count:09}"] = picture
        if self._encoder is None:
            self._encoder = self._encoding.encoder()
        frame = self._form.frame(picture)
        start, duration = (int(each) for each in picture["times"])
        frame.pts, frame.time_base = start, self._encoding.base
        self._durations[start] = duration
        self._take(self._encoder.encode(frame))
        self._count += 1
        if not self._count % SEGMENT and self._kind != "gif":
            self._close_segment()

    def _close_segment(self) -> None:
        if self._encoder is None:
            return
        self._take(self._encoder.encode(None))
        self._encoder = None
        if self._keeps:
            self._closed[f"{_CLOSED}{self._count // SEGMENT:09}"] = _packed(self._packets)
            self._open.clear()
            self._packets.clear()

    def _take(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration)
            told = packet.pts, packet.dts, packet.duration, packet.is_keyframe
            if self._keeps and self._kind != "gif":
                self._packets.append((bytes(packet), told))
            self._mux(packet)

    def _mux(self, packet: Packet[Any]) -> None:
        packet.stream, packet.time_base = self._stream, self._encoding.base
        self._container.mux(packet)


_CLOSED, _FRAME = "closed-", "frame-"  # of pieces of a checkpoint, in their order
# Units between frames. What is shown for one hundredth, browsers show for ten.
_SOONEST: dict[Kind, int] = {"gif": 2}


def _packed(packets: list[tuple[bytes, tuple[Any, ...]]]) -> Arrays:
    data = b"".join(each for each, _ in packets)
    table = [(len(each), *told) for each, told in packets]
    return {"data": np.frombuffer(data, np.uint8), "table": np.array(table, np.int64)}


def _unpacked(piece: Arrays) -> Iterator[Packet[Any]]:
    data, place = piece["data"].tobytes(), 0
    for size, pts, dts, duration, is_key in piece["table"].tolist():
        packet: Packet[Any] = Packet(data[place : place + size])
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = bool(is_key)
        place += size
        yield packet


_CONTROL = re.compile(rb"\x21\xf9\x04.{4}\x00\x2c", re.DOTALL)


def _hold_last(path: Path, hundredths: int) -> None:
    """Sets for how long the last frame of a GIF is shown, which its muxer takes for granted."""
    # By all that is fixed of a control block and what follows it: three bytes of it may stand in
    # the picture, too.
    place = [found.start() for found in _CONTROL.finditer(path.read_bytes())][-1]
    with path.open("r+b") as file:
        file.seek(place + 4)
        file.write(min(hundredths, 65_535).to_bytes(2, "little"))
