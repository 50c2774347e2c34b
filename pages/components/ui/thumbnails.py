"""Thumbnails of files that may not be pictures any more."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import images
from pages.components.ui import pictures, uploads


def thumbnail(path: Path, name: str) -> bytes | None:
    """A picture on disk as a small JPEG; None if it is none, and then a caption says why.

    Args:
        name: What the caption calls it.
    """
    try:
        return pictures.of_file(str(path))
    except images.UnreadablePicture as error:
        st.caption(f":material/broken_image: {uploads.plain(name)}: {error}")
        return None
