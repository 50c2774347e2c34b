"""Laboratory, confusions: who is taken for whom."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from core import artists, models
from core import collection as files
from core.models import evaluations
from pages.components.laboratory import charts as draw
from pages.components.laboratory import gallery
from pages.components.ui import charts

_MOST_PAIRS = 10
_MOST_PICTURES = 12

# On a phone the matrix keeps a size at which a finger meets a cell, and is moved by itself.
_CSS = """<style>
.st-key-lab-matrix-box { overflow-x: auto; }
.st-key-lab-matrix { min-width: 560px; }
@media (max-width: 640px) { .st-key-lab-matrix { min-width: 640px; } }
</style>"""


def show(entry: models.Entry, test: evaluations.Split, place: Path | None) -> None:
    """The matrix, the chosen pair with its paintings, and the most frequent confusions."""
    confusion = evaluations.table(entry, "confusion")
    if confusion is None:
        st.info("The table of confusions is missing or damaged.", icon=":material/grid_on:")
        return
    confusion = _by_birth(confusion)
    names = {artist: files.artist_name(artist) for artist in confusion["artist"]}
    pairs = evaluations.confused_pairs(confusion)
    first = (pairs["artist"][0], pairs["named"][0]) if len(pairs) else None
    _begin_with(entry, first or (confusion["artist"][0], confusion["artist"][0]), names)
    left, right = st.columns([3, 2], gap="large")
    with right:
        chosen = _choose(names)
        _pair(confusion, chosen, names)
        _paintings(entry, test, place, chosen)
    with left:
        _matrix(confusion, names, chosen)
    with right:
        _most_frequent(pairs, names)


def _by_birth(confusion: pd.DataFrame) -> pd.DataFrame:
    """Rows and columns in the order of birth, in which schools lie together."""

    def born(artist: str) -> int:
        found = artists.find(artist)
        return found.born if found and found.born else 9999

    order = sorted(confusion["artist"], key=born)
    return confusion.set_index("artist")[order].loc[order].reset_index()


def _begin_with(entry: models.Entry, pair: tuple[str, str], names: dict[str, str]) -> None:
    """Another model begins with its own most frequent confusion."""
    state = st.session_state
    known = {state.get("lab-painter"), state.get("lab-named")} <= set(names)
    if state.get("lab-pair-of") != entry.id or not known:
        state["lab-pair-of"] = entry.id
        state["lab-painter"], state["lab-named"] = pair


def _take(key: str) -> None:
    """A cell or bar was selected: its pair becomes the chosen one."""
    points = st.session_state[key].selection.points
    if points and points[0].get("customdata"):
        pair = list(points[0]["customdata"])
        st.session_state["lab-painter"], st.session_state["lab-named"] = pair[:2]


def _choose(names: dict[str, str]) -> tuple[str, str]:
    alphabetical = sorted(names, key=lambda artist: names[artist])
    with st.container(horizontal=True):
        painter = st.selectbox(
            "Painted by", alphabetical, format_func=names.__getitem__, key="lab-painter", width=184
        )
        named = st.selectbox(
            "Taken for", alphabetical, format_func=names.__getitem__, key="lab-named", width=184
        )
    return painter, named


def _pair(confusion: pd.DataFrame, chosen: tuple[str, str], names: dict[str, str]) -> None:
    """How often, and how often the other way round."""
    painter, named = chosen
    counts = confusion.set_index("artist")
    times, paintings = int(counts.loc[painter, named]), int(counts.loc[painter].sum())
    if painter == named:
        words = f"named rightly: {times} of {paintings} paintings"
    else:
        words = f"taken for {names[named]}: {times} of {paintings} paintings"
    back = ""
    if painter != named:
        again, of = int(counts.loc[named, painter]), int(counts.loc[named].sum())
        back = f'<p class="note">The other way round: {again} of {of}.</p>'
    st.html(
        f"""<div class="label"><p class="name">{escape(names[painter])}</p>
        <p class="facts">{escape(words)}</p>{back}</div>"""
    )


def _paintings(
    entry: models.Entry, test: evaluations.Split, place: Path | None, chosen: tuple[str, str]
) -> None:
    table = evaluations.table(entry, "paintings")
    if table is None:
        return
    painter, named = chosen
    rows = table[(table["artist"] == painter) & (table["named"] == named)]
    if rows.empty:
        return
    if place is None:
        gallery.how_to_see(test)
        return
    found = gallery.showable(place, rows.sort_values("probability", ascending=False))
    gallery.wall(place, found.rows.head(_MOST_PICTURES))
    more = len(found.rows) - _MOST_PICTURES
    note = f"{more:,} more, less surely named. " if more > 0 else ""
    if note + found.note:
        st.caption(note + found.note)


def _matrix(confusion: pd.DataFrame, names: dict[str, str], chosen: tuple[str, str]) -> None:
    charts.heading(
        "Confusion matrix: who is taken for whom",
        confusion,
        name="confusions",
        help="The counts of the test paintings",
    )
    st.html(_CSS)
    with st.container(key="lab-matrix-box"):
        st.plotly_chart(
            draw.matrix(confusion, names, chosen),
            key="lab-matrix",
            on_select=lambda: _take("lab-matrix"),
            selection_mode="points",
            config={"displayModeBar": False},
            theme=None,
            alt=f"Confusion matrix of {len(names)} artists; the list of the most frequent "
            "confusions says what stands out",
        )
    st.caption(
        "A row is a painter, from the earliest born down; a column is the name that was said. "
        "Blue: named rightly. Orange: taken for somebody else, the stronger the larger the share. "
        "Select a cell to see its pair."
    )


def _most_frequent(pairs: pd.DataFrame, names: dict[str, str]) -> None:
    st.markdown("**The most frequent confusions**")
    if pairs.empty:
        st.caption("None: every painting was named rightly.")
        return
    rows = pairs.head(_MOST_PAIRS)
    rows = rows.assign(painter=rows["artist"].map(names), instead=rows["named"].map(names))
    st.plotly_chart(
        draw.pairs(rows),
        key="lab-pairs",
        on_select=lambda: _take("lab-pairs"),
        selection_mode="points",
        config={"displayModeBar": False},
        theme=None,
        alt="; ".join(
            f"{row.painter} taken for {row.instead}, {row.times} of {row.paintings}"
            for row in rows.itertuples()
        ),
    )
