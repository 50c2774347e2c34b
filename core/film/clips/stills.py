"""A folder of frames in place of a clip: pictures in the order of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from core import files, images
from core.film.clips.clip import Clip, Frame, Kind, UnreadableClip
from core.images import folders
from core.images.resize import resize
from core.settings import settings

_UNLIKE = 0.02  # share by which shapes of frames may differ


class Stills:
    """A folder that is read as `reading.Reader` reads a clip, without sound.

    Args:
        directory: Its pictures are the frames; `frame10.png` comes after `frame9.png`.
        rate: Frames a second.

    Attributes:
        clip: What is known of it.
        paths: Of the pictures, in order.

    Raises:
        UnreadableClip: If there are no pictures, or too many.
        core.images.UnreadablePicture: If the first one cannot be read.
        OSError: If the folder cannot be read.
    """

    def __init__(self, directory: Path, rate: float) -> None:
        self.paths = sorted(folders.pictures_in(directory)[0], key=_in_order)
        most = settings().film_frames
        if not self.paths:
            raise UnreadableClip(f"There are no pictures in {files.printable(directory)}.")
        if len(self.paths) > most:
            raise UnreadableClip(f"There are too many frames: at most {most}, please.")
        height, width = images.load(self.paths[0]).pixels.shape[:2]
        step = 1 / Fraction(rate).limit_denominator(1001)
        self.clip = Clip(
            kind="mp4",
            width=width,
            height=height,
            frames=len(self.paths),
            seconds=float(len(self.paths) * step),
            time_base=step,
            last=1,
            sound="",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Holds nothing open."""

    def frames(self, height: int, width: int, *, skipped: int = 0) -> Iterator[Frame]:
        """All frames but so many first ones, at that size.

        Raises:
            UnreadableClip: If one cannot be read, or has another shape; the sentence names it.
        """
        for number, path in enumerate(self.paths[skipped:], skipped):
            shown = files.printable(path.name)
            try:
                pixels = images.load(path, enough=2 * max(height, width)).pixels
            except (images.UnreadablePicture, OSError) as error:
                raise UnreadableClip(f"The frame {shown} cannot be read: {error}") from error
            rows, columns = pixels.shape[:2]
            if abs(columns / rows * self.clip.height / self.clip.width - 1) > _UNLIKE:
                raise UnreadableClip(f"The frame {shown} has another shape than the first one.")
            if (rows, columns) != (height, width):
                fitted = resize(pixels, height, width)
                pixels = np.clip(np.rint(fitted), 0, 255).astype(np.uint8)
            yield Frame(pixels, number)

    def add_sound(self, video: Path, out: Path, kind: Kind, seconds: float) -> None:
        """There is none."""
        raise AssertionError("a folder has no sound")


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Numbers in names count as numbers."""
    parts = _PARTS.findall(path.name)
    return [(int(each), "") if each[0].isdecimal() else (-1, each) for each in parts]


_PARTS = re.compile(r"\d+|\D+")
