"""A film from clip to file, as a generator of progress; what is done when it stops is kept.

Frames come from the sandbox one by one, are painted, and go into the file: memory does not grow
with the length of a clip.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from av.error import FFmpegError

from core import files
from core.errors import InvalidRequest
from core.film.clips import containers, writing
from core.film.clips.clip import Clip, Kind, UnreadableClip
from core.film.clips.reading import Reader
from core.film.clips.stills import Stills
from core.film.easel import Easel, Given
from core.film.request import FilmRequest
from core.jobs import Control, Progress, Uncontrolled
from core.jobs.checkpoint import Checkpoint, Checkpoints
from core.settings import settings
from core.stylize import instant
from core.stylize.session import quickest, stills

T = TypeVar("T")

log = logging.getLogger(__name__)

_PREVIEW_EVERY = 0.4  # seconds


@dataclass(frozen=True)
class Film:
    """What was made of a clip.

    Attributes:
        path: The file.
        width, height: Of its frames.
        frames: How many were painted.
        shots: Pieces between cuts, as they were found.
        length: Seconds for which it runs.
        seconds: Time it took.
        complete: Whether nobody stopped it.
        note: A sentence for who asked, if something is not as asked.
    """

    path: Path
    width: int
    height: int
    frames: int
    shots: int
    length: float
    seconds: float
    complete: bool
    note: str = ""


def size(clip: Clip, request: FilmRequest, kind: Kind) -> tuple[int, int]:
    """Height and width of a film: of the clip's shape, in what is painted in one piece."""
    rows = min(clip.height, request.rows or clip.height)
    most = (instant.LARGEST / (clip.width * clip.height)) ** 0.5 * clip.height
    rows = int(min(rows, most))
    width = round(rows * clip.width / clip.height)
    return containers.even(kind, rows), containers.even(kind, width + (width % 2 and kind != "gif"))


def paint(
    request: FilmRequest,
    source: Path | Stills,
    styles: Sequence[Given],
    out: Path,
    *,
    control: Control | None = None,
    checkpoints: Checkpoints | None = None,
) -> Generator[Progress, None, Film | None]:
    """Paints a clip.

    Args:
        request: How.
        source: The clip, or a folder of frames.
        styles: At least one; none for Monet.
        out: The file, whose ending decides its container. It is replaced when the film is done.
        control: Asked after each frame whether to stop: what is there by then becomes the film.
        checkpoints: Where to go on from, and where to offer, after each frame, what it takes to
            do so. The file is the same, byte for byte, wherever that happens.

    Yields:
        Progress: `phase` is loading, painting or finishing; steps are frames, `preview` the latest.

    Returns:
        The film; None if it was stopped before there was a frame.

    Raises:
        UnreadableClip: If the clip is none, damaged, or over a limit of the settings.
        core.errors.AtelierError: If it cannot be painted or written; the sentence says why.
    """
    kind = containers.kind_of(out)
    if (request.way == "style") != bool(styles):
        raise InvalidRequest(
            "A film needs a style." if not styles else "Monet needs no further style."
        )
    files.check_output(out)
    asking = control or Uncontrolled()
    started = time.monotonic()
    with source if isinstance(source, Stills) else Reader(source) as reader:
        clip = reader.clip
        yield Progress(phase="loading", of=clip.frames)
        with written(out), _parts(out, clip, kind) as (silent, whole):
            reel = _Reel(request, clip, styles, kind, silent, checkpoints)
            started -= reel.seconds
            with reel.writer:
                yield from reel.paint(reader, asking, started)
                if reel.painted:
                    seconds = time.monotonic() - started
                    yield Progress(
                        phase="finishing",
                        step=reel.painted,
                        of=clip.frames,
                        fraction=1.0,
                        seconds=seconds,
                    )
                    length = reel.finish()
            if not reel.painted:
                whole.unlink(missing_ok=True)
                return None
            if silent != whole:
                try:
                    reader.add_sound(silent, whole, kind, length)
                except UnreadableClip as error:  # which is known only now: the film is not lost
                    log.warning("A film without its sound: %s", error)
                    silent.replace(whole)
                    unheard = "The sound of the clip could not be added: this is without."
                    reel.note = f"{unheard} {reel.note}".strip()
    return Film(
        out,
        reel.width,
        reel.height,
        reel.painted,
        reel.easel.cuts + 1,
        length,
        time.monotonic() - started,
        reel.complete,
        reel.note,
    )


@contextmanager
def written(out: Path) -> Iterator[None]:
    """Around what writes: clips are read elsewhere, so that an error of FFmpeg is the film's.

    Raises:
        files.OutputError: In its place.
    """
    try:
        yield
    except FFmpegError as error:
        raise files.OutputError(
            f"{files.printable(out)} could not be written: {error.strerror or error}."
        ) from error


@contextmanager
def _parts(out: Path, clip: Clip, kind: Kind) -> Iterator[tuple[Path, Path]]:
    """Where the film is written, without sound and with it; one path if there is none.

    What is left at the second takes the place of `out`, if anything is.
    """
    with suppress(_Nothing), files.replacing(out) as whole:
        silent = whole.with_name(f"{whole.stem}-silent{whole.suffix}")
        try:
            yield (silent if clip.sound and kind != "gif" else whole), whole
        finally:
            silent.unlink(missing_ok=True)
        if not whole.exists():
            raise _Nothing


class _Nothing(Exception):
    """There is no film."""


class _Reel:
    """One film at work."""

    def __init__(
        self,
        request: FilmRequest,
        clip: Clip,
        styles: Sequence[Given],
        kind: Kind,
        out: Path,
        checkpoints: Checkpoints | None,
    ) -> None:
        self.request, self.clip = request, clip
        self.height, self.width = size(clip, request, kind)
        self.checkpoints = checkpoints
        self.complete = False
        wanted = min(request.rows or clip.height, clip.height)
        self.note = (
            f"The film has {self.height} rows: no more are painted in one piece."
            if self.height < wanted - 1
            else ""
        )
        self._begin(styles, kind, out)
        if checkpoints is not None and (found := checkpoints.checkpoint) is not None:
            try:
                self._go_on(found)
            # Whatever a damaged one, or one of another release, breaks: the film is not lost.
            except Exception as error:
                log.warning("A film begins anew, as its checkpoint cannot be read: %r", error)
                self.easel.release()
                self.writer.give_up()
                self._begin(styles, kind, out)

    def _begin(self, styles: Sequence[Given], kind: Kind, out: Path) -> None:
        """Begins with the first frame, in an empty file."""
        clip = self.clip
        engine = quickest.engine_for(clip.frames) if self.request.way == "style" else None
        self.easel = Easel(self.request, styles, self.height, self.width, engine=engine)
        self.writer = writing.Writer(
            out,
            kind,
            self.height,
            self.width,
            clip.time_base,
            clip.rate,
            keeps=self.checkpoints is not None,
        )
        self.painted = 0
        self.seconds = 0.0  # of earlier processes
        self._latest = 0  # time of the last frame

    def _go_on(self, found: Checkpoint) -> None:
        """Goes on where another process was."""
        state = found.state["reel"]
        self.painted, self._latest = state["painted"], state["latest"]
        self.seconds = state["seconds"]
        self.easel.restore(found.part("easel"))
        self.writer.restore(found.part("writer"))

    def _checkpoint(self, seconds: float) -> Checkpoint:
        """What it takes to go on after a frame."""
        reel = {"painted": self.painted, "latest": self._latest, "seconds": seconds}
        return Checkpoint.joined(
            {
                "reel": Checkpoint(reel),
                "easel": self.easel.checkpoint(),
                "writer": self.writer.checkpoint(),
            }
        )

    def paint(
        self, reader: Reader | Stills, control: Control, started: float
    ) -> Generator[Progress, None, None]:
        """Paints frames until there is none, or it is to stop."""
        most, previewed = settings().film_frames, 0.0
        length = float(self.clip.seconds / self.clip.time_base) - self.clip.last
        before = self.painted
        for frame in reader.frames(self.height, self.width, skipped=before):
            if control.stopping:
                break
            if self.painted >= most:
                raise UnreadableClip(f"The clip is too long: at most {most} frames, please.")
            strength = self.request.strength_at(frame.time / max(1.0, length))
            picture = self.easel.paint(frame.pixels, strength)
            self.writer.add(picture, frame.time)
            self.painted, self._latest = self.painted + 1, frame.time
            now = time.monotonic()
            if self.checkpoints is not None:
                # After the first one in any case, so that whoever is killed often gets on.
                make = partial(self._checkpoint, now - started)
                self.checkpoints.offer(make, urgent=self.painted == before + 1)
            preview = None
            if now - previewed > _PREVIEW_EVERY:
                preview, previewed = stills.small(picture), now
            yield self._told(now - started, preview)
        else:
            self.complete = True
        self.easel.release()

    def finish(self) -> float:
        """Ends the file; returns for how long the film runs, in seconds."""
        end = round(self.clip.seconds / self.clip.time_base)
        if not self.complete or end <= self._latest:
            end = self._latest + self.clip.last
        self.writer.finish(end)
        return float(end * self.clip.time_base)

    def _told(self, seconds: float, preview: bytes | None) -> Progress:
        of = max(self.clip.frames, self.painted)
        return Progress(
            phase="painting",
            step=self.painted,
            of=of,
            fraction=self.painted / of,
            seconds=seconds,
            seconds_left=seconds / self.painted * (of - self.painted),
            preview=preview,
        )
