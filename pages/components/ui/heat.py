"""The heat map of what a network looked at, laid over the painting."""

from __future__ import annotations

import streamlit as st

from core import identify, images

SIDE = 900  # pixels of the longer side


@st.cache_data(max_entries=64, show_spinner=False)
def heat_map(
    data: bytes, model: str, artist_id: str, side: int = SIDE, *, version: str | None = None
) -> bytes:
    """The painting with what spoke for an artist lit, as a JPEG.

    Args:
        data: A picture that can be read.
        model: Id of a model, loaded already.
        side: The longer one, in pixels.
        version: Of the model; None for the one that ships.
    """
    pixels = images.preview(images.load(data, enough=side).pixels, side)
    picture = images.Picture(pixels, "JPEG", (pixels.shape[1], pixels.shape[0]))
    heat = identify.explain(picture, model, artist_id=artist_id, version=version)
    return images.encode(identify.overlay(pixels, heat), "JPEG", quality=90)
