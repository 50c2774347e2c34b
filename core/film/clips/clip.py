"""What is known of a clip before a frame is drawn, and the error for a file that is none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

from core.errors import AtelierError
from core.images.types import Pixels

Kind = Literal["mp4", "webm", "gif"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Families of containers: MP4 with MOV, WebM with Matroska, GIF."""

ENDINGS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".gif")


class UnreadableClip(AtelierError, ValueError):
    """A file that is no usable clip. Its message is one sentence for the visitor."""

    code = "unreadable-clip"


@dataclass(frozen=True)
class Clip:
    """A clip as it is shown.

    Attributes:
        kind: The family of its container.
        width, height: Of the picture, upright and with square pixels.
        frames: How many there are, as far as the container says.
        seconds: From the first moment to the end of the last frame.
        time_base: Seconds in which times of frames are counted.
        last: For how many of them the last frame is shown.
        sound: The codec of its sound; empty if it has none.
    """

    kind: Kind
    width: int
    height: int
    frames: int
    seconds: float
    time_base: Fraction
    last: int
    sound: str

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        return self.frames / self.seconds


class Frame(NamedTuple):
    """One picture of a clip.

    Attributes:
        pixels: `(height, width, 3)` uint8 RGB, upright.
        time: When it is shown first, in units of `Clip.time_base` from the start of the clip.
    """

    pixels: Pixels
    time: int


def kind_of(start: bytes) -> Kind | None:
    """The family of a container by its first twelve bytes; None for any other file."""
    if start[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    if start[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mp4"
    return None
