"""Containers that films are written in: their endings, media types and sides of pictures."""

from __future__ import annotations

from pathlib import Path

from core import files
from core.errors import InvalidRequest
from core.film.clips.clip import Kind

WRITTEN: dict[str, Kind] = {".mp4": "mp4", ".webm": "webm", ".gif": "gif"}
"""Endings of files that are written, and their containers."""

MEDIA_TYPES: dict[Kind, str] = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}


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
