"""A sandbox for decoders: a process of its own, where memory has a limit.

For formats whose headers may lie about the size of what is inside: a small AVIF can ask
its decoder for a gigabyte. The process is started when it is first needed and then kept;
one that dies or takes too long is replaced.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import socket
import threading
from typing import IO, Any

import numpy as np

from core.images import decoding
from core.images.picture import Picture, UnreadablePicture
from core.processes import Child, memory, start
from core.settings import settings

MEMORY = 420_000_000  # bytes a picture may cost; one of the largest that are accepted fits
_SECONDS = 20.0  # far more than an honest picture takes


class Died(RuntimeError):
    """The process ended, or did not answer in time."""


class Decoder:
    """A process that decodes one picture after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the process."""
        if self._child is not None:
            child, self._child = self._child, None
            child.kill()

    def decode(self, data: bytes, enough: int | None) -> Picture:
        """Does `decoding.decode` in the other process, under the limits of this one's settings.

        Raises:
            UnreadablePicture: If it is not a picture, damaged or over a limit.
            Died: If the file killed the process.
            MemoryError: If there is no room here for what it answers.
        """
        with self._lock:
            if self._child is None or self._child.process.poll() is not None:
                self.close()
                self._child = _start()
            child = self._child
            timer = threading.Timer(_SECONDS, child.process.kill)
            timer.start()
            try:
                limits = settings().model_dump(include={"max_bytes", "max_pixels", "max_side"})
                wanted = {"bytes": len(data), "enough": enough, "limits": limits}
                with child.socket.makefile("wb") as asking, child.socket.makefile("rb") as answers:
                    _write(asking, wanted, data)
                    reply = _read_reply(answers)
            except (OSError, ValueError, EOFError) as error:
                self.close()
                raise Died(f"status {child.process.returncode}") from error
            except BaseException:
                self.close()  # the rest of its answer would pass for that of the next picture
                raise
            finally:
                timer.cancel()
        if isinstance(reply, str):
            raise UnreadablePicture(reply)
        return reply


def _start() -> Child:
    # Each thread takes of the memory.
    return start(f"{__name__}:serve", {"OPENBLAS_NUM_THREADS": "1"})


def _write(file: IO[bytes], header: dict[str, Any], body: bytes = b"") -> None:
    file.write(json.dumps(header).encode() + b"\n")
    file.write(body)
    file.flush()


def _read_reply(file: IO[bytes]) -> Picture | str:
    """A picture, or the sentence with which it was refused."""
    header = json.loads(file.readline())
    if "error" in header:
        return str(header["error"])
    wanted = math.prod(header["shape"])
    body = file.read(wanted)
    if len(body) != wanted:
        raise EOFError
    pixels = np.frombuffer(body, np.uint8).reshape(header["shape"])  # read-only
    return Picture(pixels, header["format"], tuple(header["size"]))


def serve(asking: socket.socket) -> None:
    """Answers until its input ends, which it does with the process that started it."""
    memory.limit(MEMORY)
    source, answers = asking.makefile("rb"), asking.makefile("wb")
    while line := source.readline():
        wanted = json.loads(line)
        data = source.read(wanted["bytes"])
        for name, value in wanted["limits"].items():  # those of who asks
            os.environ[f"ATELIER_{name.upper()}"] = str(value)
        settings.cache_clear()
        try:
            picture = decoding.decode(data, wanted["enough"])
        except UnreadablePicture as error:
            _write(answers, {"error": str(error)})
            continue
        header = {
            "shape": picture.pixels.shape,
            "format": picture.format,
            "size": picture.original_size,
        }
        _write(answers, header, picture.pixels.tobytes())
