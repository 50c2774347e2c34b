"""Pictures on screen: small JPEGs, made once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from core import images
from core.examples import Example, Photo

SHOWN_SIDE = 1200  # no screen column shows more
THUMB_SIDE = 320


def digest(data: bytes) -> str:
    """A short name for the content of a file, for keys and the journal."""
    return hashlib.sha256(data).hexdigest()


@st.cache_data(max_entries=64, show_spinner=False)
def shown(data: bytes, side: int = SHOWN_SIDE) -> bytes:
    """The picture as a JPEG that fits `side` x `side`.

    Raises:
        core.images.UnreadablePicture: If it is none.
    """
    picture = images.load(data, enough=side)
    return images.encode(images.preview(picture.pixels, side), "JPEG", quality=88)


@st.cache_data(show_spinner=False)
def example(chosen: Example | Photo, side: int = SHOWN_SIDE) -> bytes:
    """A painting or photo of the examples, as a JPEG."""
    return shown(chosen.read(), side)


def of_file(path: str, side: int = THUMB_SIDE) -> bytes:
    """A picture on disk as a small JPEG, made once as long as the file does not change.

    Raises:
        core.images.UnreadablePicture: If it is no picture, or the file cannot be opened.
    """
    try:
        return _of_file(path, Path(path).stat().st_mtime_ns, side)
    except OSError as error:
        raise images.UnreadablePicture("The file cannot be opened.") from error


@st.cache_data(max_entries=2000, show_spinner=False)
def _of_file(path: str, changed: int, side: int) -> bytes:
    picture = images.load(path, enough=side)
    return images.encode(images.preview(picture.pixels, side), "JPEG", quality=85)
