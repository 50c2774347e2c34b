"""Paintings and photos to try the application with, from `assets/examples`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from core.settings import ROOT

_FOLDER = ROOT / "assets" / "examples"


@dataclass(frozen=True)
class Example:
    """A painting that ships. `artist` is an id of `core.artists`, or None."""

    file: str
    title: str
    artist: str | None
    painter: str
    year: str

    def read(self) -> bytes:
        """The bytes of the picture file."""
        return (_FOLDER / self.file).read_bytes()


@dataclass(frozen=True)
class Photo:
    """A photo that ships, with whom to name for it."""

    file: str
    title: str
    photographer: str
    licence: str

    def read(self) -> bytes:
        """The bytes of the picture file."""
        return (_FOLDER / "photos" / self.file).read_bytes()

    def read_painted(self) -> bytes:
        """The same as Atelier painted it, made once: the first photo by `core.monet`, the second
        by `core.stylize.refine` like the first example.

        Raises:
            FileNotFoundError: For the others.
        """
        return (_FOLDER / "painted" / self.file).read_bytes()


@cache
def catalogue() -> tuple[Example, ...]:
    """All examples, in the order of `examples.json`."""
    rows = json.loads((_FOLDER / "examples.json").read_text(encoding="utf-8"))
    return tuple(Example(**row) for row in rows)


@cache
def photos() -> tuple[Photo, ...]:
    """All photos, in the order of `photos.json`."""
    rows = json.loads((_FOLDER / "photos" / "photos.json").read_text(encoding="utf-8"))
    return tuple(Photo(**row) for row in rows)
