"""The only door for clips: a path in, upright frames out one by one, or a clear error.

Everything is done by a sandbox, which `core.film.clips.demuxing` describes; one clip has one of its
own. Memory does not grow with the length of a clip.
"""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from core import files
from core.film.clips.clip import Clip, Frame, Kind, UnreadableClip
from core.processes import start
from core.settings import settings

log = logging.getLogger(__name__)

_SECONDS = 30.0  # far more than an honest clip takes for one answer


class Reader:
    """A clip that is open, as a context manager.

    Attributes:
        clip: What is known of it.

    Raises:
        UnreadableClip: If it is none, damaged, or over a limit of the settings.
        OSError: If the path cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        limits = settings()
        mode, size = path.stat().st_mode, path.stat().st_size
        if not stat.S_ISREG(mode):
            raise UnreadableClip("This is not a file: choose a clip.")
        if not size:
            raise UnreadableClip("The file is empty.")
        if size > limits.film_bytes:
            raise UnreadableClip(
                f"The file is too large: at most {limits.film_bytes / 1e6:.3g} MB, please."
            )
        with path.open("rb"):  # else it would be said to be damaged
            pass
        self._path = path
        self._begin()
        try:
            self.clip = self._looked()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self) -> None:
        self._child = start("core.film.clips.demuxing:serve", {"OPENBLAS_NUM_THREADS": "1"})
        self._child.socket.settimeout(_SECONDS)
        self._answers = self._child.socket.makefile("rb")
        self._answering = False  # whether there is more to come of what was asked last

    def close(self) -> None:
        """Ends the sandbox."""
        self._answers.close()
        self._child.kill()

    @property
    def pid(self) -> int:
        """The number of the sandbox's process."""
        return self._child.process.pid

    def at(self, seconds: Sequence[float], height: int, width: int) -> Iterator[Frame]:
        """The frames that are shown at these moments; fewer in a damaged clip.

        Raises:
            UnreadableClip: If the clip is damaged.
        """
        limit = settings().film_pixels
        self._ask("at", pixels=limit, seconds=list(seconds), height=height, width=width)
        return self._frames(height, width)

    def frames(self, height: int, width: int, *, skipped: int = 0) -> Iterator[Frame]:
        """All frames but so many first ones, at that size. What was asked for before ends with it.

        Raises:
            UnreadableClip: If the clip is damaged.
        """
        limit = settings().film_pixels
        self._ask("frames", pixels=limit, height=height, width=width, skipped=skipped)
        return self._frames(height, width, skipped)

    def _frames(self, height: int, width: int, skipped: int = 0) -> Iterator[Frame]:
        for _ in range(skipped):
            if self._answer() is None:
                return
        while (header := self._answer()) is not None:
            body = self._body(height * width * 3)
            pixels = np.frombuffer(body, np.uint8).reshape(height, width, 3)  # read-only
            yield Frame(pixels, int(header["time"]))

    def add_sound(self, video: Path, out: Path, kind: Kind, seconds: float) -> None:
        """Puts a film and the sound of this clip into one file.

        Args:
            video: The film, without sound.
            out: The file to write.
            kind: The container of both.
            seconds: When the sound ends.

        Raises:
            UnreadableClip: If the sound is damaged.
            files.OutputError: If there is no room for the film.
        """
        self._ask("add_sound", video=str(video), out=str(out), kind=kind, seconds=seconds)
        while self._answer() is not None:
            pass

    def _looked(self) -> Clip:
        limits = settings()
        names = ("pixels", "seconds", "frames", "streams")
        self._ask("look", limits={name: getattr(limits, f"film_{name}") for name in names})
        header = self._answer()
        if header is None or self._answer() is not None:
            raise self._lost()
        base = Fraction(*header.pop("time_base"))
        return Clip(time_base=base, **header)

    def _ask(self, what: str, **asked: Any) -> None:
        if self._answering:  # nobody wants to know any more
            self.close()
            self._begin()
        self._answering = True
        line = json.dumps({"do": what, "path": str(self._path), **asked}).encode() + b"\n"
        try:
            self._child.socket.sendall(line)
        except OSError as error:
            raise self._lost() from error

    def _answer(self) -> dict[str, Any] | None:
        """The header of what comes next; None at the end."""
        try:
            line = self._answers.readline()
            header: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:  # it ended, or takes too long
            raise self._lost() from error
        self._answering = not header.keys() & {"error", "end", "unwritten"}
        if "unwritten" in header:
            raise files.OutputError(f"The film could not be written: {header['unwritten']}.")
        if "error" in header:
            raise UnreadableClip(header["error"])
        return None if "end" in header else header

    def _body(self, size: int) -> bytes:
        try:
            body = self._answers.read(size)
        except OSError as error:
            raise self._lost() from error
        if len(body) != size:
            raise self._lost()
        return body

    def _lost(self) -> UnreadableClip:
        self._child.process.kill()
        log.info("Refused a clip that ended its sandbox: %s", self._child.process.wait())
        return UnreadableClip("The clip is damaged, or too large for this machine.")


def look(path: Path) -> Clip:
    """What is known of a clip; errors are those of `Reader`."""
    with Reader(path) as reader:
        return reader.clip
