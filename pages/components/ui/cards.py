"""Museum labels."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.artists import Artist


def artist_label(artist: Artist, *, above: str = "") -> None:
    """Name, years, movement, nationality, one sentence, and where to read on."""
    facts = (artist.years, artist.nationality.replace(",", ", "), *artist.movements)
    st.html(
        f"""<div class="label">
        {f'<p class="quiet" style="margin:0 0 .3rem">{escape(above)}</p>' if above else ""}
        <p class="name">{escape(artist.name)}</p>
        <p class="facts">{escape(" · ".join(filter(None, facts)))}</p>
        <p class="note">{escape(artist.note)}</p></div>"""
    )
    if artist.wikipedia:
        st.link_button(
            "Read on at Wikipedia", artist.wikipedia, type="tertiary", icon=":material/open_in_new:"
        )


def unknown_label() -> None:
    """In place of an artist's label where none of the known ones is likely."""
    st.html(
        """<div class="label"><p class="name">Not one of the artists I know</p>
        <p class="facts">This hand looks unfamiliar to me.</p></div>"""
    )


def photograph_label() -> None:
    """In place of an artist's label where the picture is likely no painting."""
    st.html(
        """<div class="label"><p class="name">This is a photograph</p>
        <p class="facts">I name painters of paintings, and this looks like none.</p></div>"""
    )
