"""Explore, the gallery: paintings by artist, style and size."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import streamlit as st

from core import collection as files
from core import images
from pages.components.explore import scanning
from pages.components.ui import pictures, uploads

PAGE = 24
RANDOM = 20
WIDTH = 162  # pixels of a thumbnail: six in a row, and two on a phone

_SIZES = {
    "Any size": (0, 10**9),
    "Small (under 300 px)": (0, 300),
    "Middle (300 to 1000 px)": (300, 1000),
    "Large (1000 px and more)": (1000, 10**9),
}


def show(place: Path) -> None:
    """Filters, then pages of thumbnails, or twenty at random."""
    listed = scanning.listing(place)
    shown = _showable(listed)
    if shown.empty:
        st.info(
            "None of these paintings may be shown: their painters died less than 70 years ago, or "
            "are not in the catalogue.",
            icon=":material/visibility_off:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        artist = st.selectbox("Painter", ["All", *_names(shown["artist"])], key="artist", width=260)
        style = st.selectbox("Style", ["All", *_names(shown["style"])], key="style", width=220)
        size = st.selectbox("Longer side", list(_SIZES), key="size", width=240)
        if st.button("Twenty at random", icon=":material/shuffle:"):
            st.session_state.shuffle = random.randrange(10**9)
            st.session_state.random = True
    chosen = shown
    if artist != "All":
        chosen = chosen[chosen["artist"] == artist]
    if style != "All":
        chosen = chosen[chosen["style"] == style]
    if size != "Any size":
        chosen = _of_size(place, chosen, *_SIZES[size])
    if chosen.empty:
        st.info("No painting is left by these filters. Widen one of them.", icon=":material/tune:")
        return
    if st.session_state.get("random"):
        few = chosen.sample(min(RANDOM, len(chosen)), random_state=st.session_state.shuffle)
        _wall(place, few)
        if st.button("All of them again", icon=":material/grid_view:"):
            st.session_state.random = False
            st.rerun()
    else:
        pages = -(-len(chosen) // PAGE)
        above = st.container()
        page = st.pagination(pages, key=f"page-{artist}-{style}-{size}") if pages > 1 else 1
        with above:
            _wall(place, chosen.iloc[(page - 1) * PAGE : page * PAGE])
    hidden = len(listed) - len(shown)
    note = f"{len(chosen):,} paintings."
    if hidden:
        note += (
            f" {hidden:,} more are counted but not shown: their painters died less than 70 "
            "years ago, or are not in the catalogue."
        )
    st.caption(note)


def _wall(place: Path, rows: pd.DataFrame) -> None:
    with st.container(horizontal=True):
        for row in rows.itertuples():
            with st.container(width=WIDTH):
                try:
                    picture = pictures.of_file(str(place / row.file))
                except images.UnreadablePicture as error:
                    st.caption(f":material/broken_image: {uploads.plain(row.file)}: {error}")
                    continue
                words = f"{row.artist}, {row.style}" if row.style else row.artist
                st.image(
                    picture,
                    width="stretch",
                    caption=uploads.plain(words),
                    alt=f"A painting: {words}",
                )


def _of_size(place: Path, chosen: pd.DataFrame, least: int, below: int) -> pd.DataFrame:
    table = scanning.measured(place)
    longer = table.set_index("file")[["width", "height"]].max(axis=1)
    side = chosen["file"].map(longer)
    return chosen[(side >= least) & (side < below)]


def _showable(listed: pd.DataFrame) -> pd.DataFrame:
    allowed = {name for name in listed["artist"].unique() if files.may_be_shown(name)}
    rows = listed[listed["artist"].isin(allowed)]
    # One of each painter, then a second of each, and so on: the first page is a wall of many.
    return rows.iloc[rows.groupby("artist").cumcount().argsort(kind="stable")]


def _names(column: pd.Series) -> list[str]:
    return sorted(name for name in column.unique() if name)
