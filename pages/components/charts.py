"""Charts in the colours of the house."""

from __future__ import annotations

import plotly.graph_objects as go

from core.identify import Guess
from pages.components import style


def probabilities(guesses: tuple[Guess, ...]) -> go.Figure:
    """Horizontal bars, the most probable artist on top."""
    names = [guess.artist.name for guess in guesses][::-1]
    values = [guess.probability for guess in guesses][::-1]
    colours = [style.muted()] * (len(guesses) - 1) + [style.accent()]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker={"color": colours, "line": {"width": 0}},
            text=[percent(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=34 * len(guesses) + 16,
        margin={"l": 0, "r": 56, "t": 4, "b": 4},
        font={"color": style.ink(), "size": 14},
        xaxis={"visible": False, "range": [0, max(values) * 1.02], "fixedrange": True},
        yaxis={
            "showgrid": False,
            "ticks": "",
            "fixedrange": True,
            "ticklabelstandoff": 8,
            "tickfont": {"color": style.ink(), "size": 14},
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.35,
    )
    return figure


def in_words(guesses: tuple[Guess, ...]) -> str:
    """The same bars for those who do not see them."""
    return ", ".join(f"{guess.artist.name} {percent(guess.probability)}" for guess in guesses)


def percent(share: float) -> str:
    """A probability for a reader: `83 %`, but never `0 %` or `100 %` for what is neither."""
    if share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")
