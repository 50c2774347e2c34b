"""Explore, the gallery: paintings by artist, style and size."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import streamlit as st

from core import collection as files
from core import similar
from core.errors import AtelierError
from core.similar import SimilarRequest
from pages.components.explore import scanning
from pages.components.similar import describing, row
from pages.components.ui import thumbnails, uploads

PAGE = 24
RANDOM = 20
WIDTH = row.WIDTH
LIKE = SimilarRequest(top=18)  # three rows of them on a desktop

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
    if (file := st.session_state.get("like")) in set(shown["file"]):
        _more_like(place, shown[shown["file"] == file].iloc[0])
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


def _more_like(place: Path, chosen: pd.Series) -> None:
    """In place of the wall: a painting, and those that are nearest to it."""
    if st.button("Back to the gallery", icon=":material/arrow_back:", type="tertiary"):
        st.session_state.like = None
        st.rerun()
    words = f"{chosen['artist']}, {files.title(chosen['file'])}"
    with st.container(width=2 * WIDTH):
        picture = thumbnails.thumbnail(place / chosen["file"], words)
        if picture is not None:
            st.image(picture, width="stretch", caption=uploads.plain(words), alt=words)
    st.markdown(f"**{row.TITLE}**", help=row.DISTANCE)
    try:
        row.draw(
            place,
            similar.like(chosen["file"], place, LIKE),
            lambda neighbor: _offer_more(neighbor.painting.file),
        )
    except similar.NotIndexed:
        pass  # what is done about it is shown below
    except AtelierError as error:
        st.info(str(error))
    describing.show(place)


def _offer_more(file: str) -> None:
    """The button below a picture."""
    if st.button("More like this", key=f"like-{file}", type="tertiary", icon=":material/search:"):
        st.session_state.like = file
        st.rerun()


def _wall(place: Path, rows: pd.DataFrame) -> None:
    with st.container(horizontal=True):
        for each in rows.itertuples():
            with st.container(width=WIDTH, gap="xsmall"):
                picture = thumbnails.thumbnail(place / each.file, each.file)
                if picture is None:
                    continue
                words = f"{each.artist}, {each.style}" if each.style else each.artist
                st.image(
                    picture,
                    width="stretch",
                    caption=uploads.plain(words),
                    alt=f"A painting: {words}",
                )
                _offer_more(each.file)


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
