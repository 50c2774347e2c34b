"""Identify, a photo of a painting: the painting is cut out of it, by corners to drag."""

from __future__ import annotations

import streamlit as st

from core import images
from core.errors import AtelierError
from core.identify import outline
from core.identify.outline import Corners
from pages.components.identify import corners
from pages.components.ui import pictures, uploads
from pages.components.ui.uploads import Given

_INSET: Corners = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
_SIDE = 900  # pixels of the photo on which corners are dragged


def found(key: str, photo: Given) -> Corners | None:
    """The corners of a painting in a photo, as the visitor has dragged them, or as found.

    Args:
        key: Of the upload, which tells it from the same photo dropped twice.
    """
    return _dragged().get(key) or _found(photo.data)


def was_dragged(key: str) -> bool:
    """Whether the visitor has said where the painting is."""
    return key in _dragged()


def painting(photo: Given, at: Corners) -> Given:
    """The painting alone, seen from in front, as a picture like any other."""
    try:
        data = _cut(photo.data, at)
    except AtelierError as error:
        st.warning(str(error))
        return photo
    return uploads.given(f"{photo.stem}, cut out.jpg", data)


def offer(photo: Given, at: Corners | None, *, key: str) -> None:
    """The photo with corners to drag; the page is drawn again once they are somewhere else."""
    st.caption("Drag the corners to those of the painting: I look at what lies between them.")
    label = f"{photo.name} with four corners"
    small, size = _board(photo.data)
    now = corners.drag(small, size, at or _INSET, label=label, key=f"corners-{key}")
    if now is not None and now != at:
        _dragged()[key] = now
        st.rerun()


def _dragged() -> dict[str, Corners]:
    """Keys of uploads to the corners that this visitor has dragged."""
    kept: dict[str, Corners] = st.session_state.setdefault("corners_dragged", {})
    return kept


@st.cache_data(max_entries=256, show_spinner=False)
def _found(data: bytes) -> Corners | None:
    return outline.find(images.load(data, enough=outline.ENOUGH).pixels)


@st.cache_data(max_entries=64, show_spinner=False)
def _board(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """The photo as a JPEG to drag corners on, and its width and height."""
    small = pictures.shown(data, _SIDE)
    height, width = images.load(small).pixels.shape[:2]
    return small, (width, height)


@st.cache_data(max_entries=64, show_spinner=False)
def _cut(data: bytes, at: Corners) -> bytes:
    pixels = outline.cut(images.load(data, enough=outline.ENOUGH).pixels, at)
    return images.encode(pixels, "JPEG", quality=95)
