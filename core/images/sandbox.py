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
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from core.settings import ROOT, settings

MEMORY = 420_000_000  # bytes a picture may cost; one of the largest that are accepted fits
_SECONDS = 20.0  # far more than an honest picture takes


class Died(RuntimeError):
    """The process ended, or did not answer in time."""


class Decoder:
    """A process that decodes one picture after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not sent cannot be sent any more
                    pipe.close()  # type: ignore[union-attr]

    def decode(self, data: bytes, enough: int | None) -> tuple[dict, np.ndarray | None]:
        """Decodes a file that has passed the checks of `core.images`.

        Returns:
            A reply with `error` (a sentence) and no pixels, or one with `shape`, `format`
            and `size`, and the pixels.

        Raises:
            Died: If the file killed the process.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._process = _start()
            process = self._process
            assert process.stdin is not None
            assert process.stdout is not None
            timer = threading.Timer(_SECONDS, process.kill)
            timer.start()
            try:
                limits = settings().model_dump(include={"max_bytes", "max_pixels", "max_side"})
                wanted = {"bytes": len(data), "enough": enough, "limits": limits}
                _write(process.stdin, wanted, data)
                return _read_reply(process.stdout)
            except (OSError, ValueError, EOFError) as error:
                self.close()
                raise Died(f"status {process.returncode}") from error
            finally:
                timer.cancel()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from core.images import sandbox; sandbox.serve()"],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # each thread takes of the memory
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _write(file: IO[bytes], header: dict, body: bytes = b"") -> None:
    file.write(json.dumps(header).encode() + b"\n")
    file.write(body)
    file.flush()


def _read_reply(file: IO[bytes]) -> tuple[dict, np.ndarray | None]:
    header = json.loads(file.readline())
    if "error" in header:
        return header, None
    wanted = math.prod(header["shape"])
    body = file.read(wanted)
    if len(body) != wanted:
        raise EOFError
    return header, np.frombuffer(body, np.uint8).reshape(header["shape"])  # read-only


def serve() -> None:
    """Answers until its input ends, which it does with the process that started it."""
    from core import images

    _limit_memory()
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        wanted = json.loads(line)
        data = source.read(wanted["bytes"])
        for name, value in wanted["limits"].items():  # those of who asks
            os.environ[f"ATELIER_{name.upper()}"] = str(value)
        settings.cache_clear()
        try:
            picture = images.decode_here(data, wanted["enough"])
        except images.UnreadablePicture as error:
            _write(answers, {"error": str(error)})
            continue
        header = {
            "shape": picture.pixels.shape,
            "format": picture.format,
            "size": picture.original_size,
        }
        _write(answers, header, picture.pixels.tobytes())


def _limit_memory() -> None:
    """Allows `MEMORY` more than what is in use; where that cannot be told, in all."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    except OSError:
        used = 0
    resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
