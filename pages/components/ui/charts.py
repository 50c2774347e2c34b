"""Charts in the colors of the house: what all share, and the chart of probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from core.identify import Guess
from core.identify.kinds import Kind
from pages.components.ui import downloads, theme

if TYPE_CHECKING:
    import pandas as pd


def probabilities(guesses: tuple[Guess, ...]) -> go.Figure:
    """Horizontal bars, the most probable artist on top."""
    # Plotly takes Pandas as it finds it: half imported, too, as for a moment in the background.
    import pandas as pd  # noqa: F401

    names = [guess.artist.name for guess in guesses][::-1]
    values = [guess.probability for guess in guesses][::-1]
    colors = [theme.muted()] * (len(guesses) - 1) + [theme.accent()]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker={"color": colors, "line": {"width": 0}},
            text=[percent(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    quiet(figure, height=34 * len(guesses) + 16, right=56)
    figure.update_xaxes(visible=False, range=[0, max(values) * 1.02])
    figure.update_yaxes(tickfont_size=14)
    return figure


def in_words(guesses: tuple[Guess, ...]) -> str:
    """The same bars for those who do not see them."""
    return ", ".join(f"{guess.artist.name} {percent(guess.probability)}" for guess in guesses)


def kinds_in_words(kinds: Mapping[Kind, float]) -> str:
    """How surely a picture is a known painter's, somebody else's, or no painting."""
    names: dict[Kind, str] = {
        "known": "by one of the artists I know",
        "unknown": "by somebody else",
        "photograph": "a photograph",
    }
    said = ", ".join(f"{name} {percent(kinds[kind])}" for kind, name in names.items())
    return f"{said[0].upper()}{said[1:]}."


def percent(share: float) -> str:
    """A probability for a reader: `83 %`, but never `0 %` or `100 %` for what is neither."""
    if share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")


def quiet(figure: go.Figure, *, height: int, right: int = 8) -> go.Figure:
    """Takes frames, grids and gestures away, and gives the house's colors."""
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": right, "t": 4, "b": 4},
        font={"color": theme.ink(), "size": 13},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.35,
        showlegend=False,
        hoverlabel={"align": "left"},
    )
    # Without fixed ranges a finger that scrolls the page would drag the chart.
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        "tickfont": {"color": theme.ink()},  # Streamlit's theme would make it gray
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, ticks="", ticklabelstandoff=8)
    return figure


def heading(title: str, data: pd.DataFrame, *, name: str, help: str) -> None:
    """A title, and beside it its data to download as `atelier-<name>.csv`."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="stretch")
        downloads.table("Data", data, f"atelier-{name}.csv", key=f"data-{name}", help=help)


def show(title: str, figure: go.Figure, data: pd.DataFrame, *, key: str, alt: str) -> None:
    """Draws a chart under a title that states what it shows, with its data to download."""
    heading(title, data, name=key, help=f"Download the data of this chart: {title}")
    st.plotly_chart(
        figure, key=f"chart-{key}", config={"displayModeBar": False}, theme=None, alt=alt
    )
