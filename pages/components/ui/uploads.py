"""What visitors drop in: names made harmless, and a key for each file that no other has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import streamlit as st

from core.settings import settings
from pages.components.ui import pictures

_LONGEST = 150  # bytes of a name without its ending: room for what results add to it
_LONGEST_ENDING = 12
_JOINER = "\u200d"  # holds emoji together; not printable by itself
_MARKUP = re.compile(r"[\\`*\[\]<>$~|]|(?<!\w)_|_(?!\w)|:(?=\w)|^[#+=-]")


@dataclass(frozen=True)
class Given:
    """A picture that the visitor gave, or chose from the examples.

    Attributes:
        name: Of the file, on one line, of bounded length; never empty.
        data: The file.
        digest: Of the file.
    """

    name: str
    data: bytes
    digest: str

    @cached_property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @cached_property
    def label(self) -> str:
        """The name for text in Markdown, in which it changes nothing."""
        return plain(self.name)


def formats() -> str:
    """Which pictures can be dropped in, and how large they may be, for the help of a field."""
    return f"JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF, up to {_megabytes(settings().max_bytes)} MB"


def clips() -> str:
    """The same of clips."""
    return f"MP4, MOV, WebM or GIF, up to {_megabytes(settings().film_bytes)} MB"


def _megabytes(most: int) -> str:
    found = min(most / 1e6, st.get_option("server.maxUploadSize"))
    return f"{found:,.0f}" if found >= 100 else f"{found:.3g}"


def given(name: str, data: bytes) -> Given:
    """A file under a name that any page, header and archive takes."""
    return Given(harmless(name), data, pictures.digest(data))


def keyed(queue: Iterable[Given]) -> list[tuple[str, Given]]:
    """Each with a key for its widgets: also the same file twice, which are two to the visitor."""
    counts: Counter[str] = Counter()
    found = []
    for each in queue:
        key = pictures.digest(f"{each.digest} {each.name}".encode())
        counts[key] += 1
        found.append((f"{key}-{counts[key]}" if counts[key] > 1 else key, each))
    return found


def harmless(name: str) -> str:
    """A file's name on one line, of bounded length, without folders and what no text can hold."""
    name = name.encode("utf-8", "replace").decode()  # half of a pair of surrogates
    name = "".join(char if char.isprintable() or char == _JOINER else " " for char in name)
    name = " ".join(re.split(r"[/\\]", name)[-1].split())
    path = PurePosixPath(name)
    stem = path.stem.encode()[:_LONGEST].decode(errors="ignore").strip() or "picture"
    return stem + path.suffix[:_LONGEST_ENDING]


def file_name(stem: str, ending: str) -> str:
    """What a result is called on the visitor's machine, whatever system that has."""
    return re.sub(r'[<>:"/\\|?*]', "_", stem) + ending


def plain(text: str) -> str:
    """Text as it stands, for where Streamlit reads Markdown."""
    return _MARKUP.sub(lambda found: "".join("\\" + char for char in found[0]), text)
