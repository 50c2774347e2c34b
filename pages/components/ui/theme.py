"""The colors and the few lines of CSS that all pages share, beyond what the theme can say."""

from __future__ import annotations

from html import escape

import streamlit as st

from pages.components import streamlit_compat

_CSS = """
<style>
.block-container { max-width: 76rem; padding-top: 4.5rem; }
[data-testid="stImage"] img { border-radius: 2px; }
[data-testid="stImageCaption"] { text-align: left; }
.label { border-left: 3px solid ACCENT; padding-left: 1rem; }
.label .name { font-family: Georgia, 'Liberation Serif', serif; font-size: 1.9rem;
  line-height: 1.15; margin: 0; }
.label .facts { opacity: .75; margin: .25rem 0 .6rem; }
.label .note { margin: 0; max-width: 34rem; }
.lead { font-size: 1.15rem; line-height: 1.6; max-width: 40rem; opacity: .9; }
.quiet { opacity: .7; font-size: .9rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 3rem; margin: .5rem 0 1.5rem; }
.figures b { display: block; font: 500 1.9rem/1.2 Georgia, 'Liberation Serif', serif; }
.figures span { opacity: .7; font-size: .9rem; }
.pair { display: flex; gap: 4px; }
.pair img { min-width: 0; width: 0; height: 100%; border-radius: 2px; }
@media (max-width: 640px) { .block-container { padding: 4rem 1rem 2rem; } }
</style>
"""


def apply() -> None:
    """Call once at the top of every page."""
    if streamlit_compat.took_pages_for_an_application():
        st.rerun()
    st.html(_CSS.replace("ACCENT", accent()))


def figures(named: dict[str, str]) -> str:
    """A quiet row of figures with their names below, as HTML for `st.html`."""
    items = "".join(
        f"<div><b>{escape(value)}</b><span>{escape(name)}</span></div>"
        for name, value in named.items()
    )
    return f'<div class="figures">{items}</div>'


def accent() -> str:
    """The accent color of the theme on screen: ultramarine, lighter at night."""
    return "#8b9cf4" if is_dark() else "#2b3fa8"


def muted() -> str:
    """A quiet companion of the accent, for all bars but the first."""
    return "#4a4d66" if is_dark() else "#c3c6da"


def ink() -> str:
    """The text color of the theme on screen, for charts."""
    return "#ece8df" if is_dark() else "#1f1d1a"


def line() -> str:
    """The color of a fine rule in charts."""
    return "#34343f" if is_dark() else "#e4dfd3"


def faint(color: str) -> str:
    """A color that is just to be seen."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def is_dark() -> bool:
    """Whether the visitor's browser shows the dark theme."""
    return st.context.theme.type == "dark"
