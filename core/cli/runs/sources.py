"""Pictures by name: files, those of folders, and URLs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import files, images
from core.cli.runs import folder
from core.errors import AtelierError
from core.settings import settings

Source = Path | str  # of the latter a URL


class SourceError(AtelierError, OSError):
    """A URL or a list that cannot be read. Its message is one sentence."""

    code = "source"


def expanded(named: Sequence[str], listed: Path | None) -> list[Source]:
    """What was named, with the pictures of folders in their place, and then the lines of a list.

    Args:
        named: Files, folders and URLs.
        listed: A text file of files and URLs, a line each.

    Raises:
        SourceError: If the list cannot be read.
        typer.Exit: If a folder cannot be read, or there are no pictures at all.
    """
    names = list(named)
    if listed is not None:
        try:
            names += filter(None, map(str.strip, listed.read_text("utf-8").splitlines()))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not a text file"
            raise SourceError(f"{files.printable(listed)} cannot be read: {reason}.") from error
    urls: list[Source] = [name for name in names if is_url(name)]
    paths = [Path(name) for name in names if not is_url(name)]
    return [*(folder.expanded(paths)[0] if paths or not urls else []), *urls]


def is_url(name: str) -> bool:
    """Whether it is a URL, and no path."""
    return "://" in name


def read(source: Source) -> bytes:
    """The bytes of a picture, no more than one over the limit.

    Raises:
        SourceError: If a URL cannot be read.
        core.images.UnreadablePicture: If a path leads to no regular file.
        OSError: If it cannot be opened.
    """
    if isinstance(source, Path):
        return images.read(source)
    import fsspec  # which only URLs need

    try:
        with fsspec.open(source, "rb") as file:
            data: bytes = file.read(settings().max_bytes + 1)
            return data
    except Exception as error:  # each kind of storage has its own
        raise SourceError(_sentence(error)) from error


def _sentence(error: Any) -> str:
    if isinstance(error, FileNotFoundError):
        return "There is nothing at this URL."
    if isinstance(error, ImportError):  # of which fsspec says what to install
        return f"This kind of URL needs a further package: {error}."
    return f"The URL cannot be read: {getattr(error, 'strerror', None) or error}."
