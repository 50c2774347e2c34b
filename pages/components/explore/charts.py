"""The charts of Explore. Each takes a table and returns a figure."""

from __future__ import annotations

import json
import textwrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.components.ui import theme
from pages.components.ui.charts import quiet

ROW = 22  # pixels a row of names


def lives(table: pd.DataFrame) -> go.Figure:
    """Each artist's years, the earliest on top, with what they painted like."""
    rows = table.sort_values(["born", "died"], ascending=False)
    years = rows["born"].astype(str) + "–" + rows["died"].astype(str)
    figure = go.Figure(
        go.Bar(
            y=rows["name"],
            base=rows["born"],
            x=rows["died"] - rows["born"],
            orientation="h",
            marker={"color": theme.accent(), "line": {"width": 0}},
            customdata=np.stack([years, rows["genre"].str.replace(",", ", ")], axis=1),
            hovertemplate="%{y}, %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        )
    )
    quiet(figure, height=ROW * len(rows) + 40)
    figure.update_xaxes(side="top", showgrid=True, gridcolor=theme.line(), tick0=1300, dtick=200)
    return figure


def movements(spans: pd.DataFrame) -> go.Figure:
    """From the first birth to the last death among the painters of each movement."""
    rows = spans.iloc[::-1]
    figure = go.Figure(
        go.Bar(
            y=rows["genre"],
            base=rows["first"],
            x=rows["last"] - rows["first"],
            orientation="h",
            marker={"color": theme.muted(), "line": {"width": 0}},
            customdata=np.stack([rows["first"], rows["last"], wrapped(rows["artists"])], axis=1),
            hovertemplate="%{y}, %{customdata[0]}–%{customdata[1]}"
            "<br>%{customdata[2]}<extra></extra>",
        )
    )
    quiet(figure, height=ROW * len(rows) + 40)
    figure.update_xaxes(side="top", showgrid=True, gridcolor=theme.line(), tick0=1300, dtick=200)
    return figure


def counts(table: pd.DataFrame, label: str, number: str, *, cut: int = 0) -> go.Figure:
    """Horizontal bars of a number, the largest on top; those under the cut are muted."""
    rows = table.sort_values(number, kind="stable").reset_index(drop=True)
    colors = [theme.accent() if n >= cut else theme.muted() for n in rows[number]]
    figure = go.Figure(
        go.Bar(
            y=rows[label],
            x=rows[number],
            orientation="h",
            marker={"color": colors, "line": {"width": 0}},
            text=[f"{n:,}" for n in rows[number]],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )
    quiet(figure, height=ROW * len(rows) + 16, right=44)
    figure.update_xaxes(visible=False)
    if cut:
        figure.add_vline(cut, line={"color": theme.ink(), "width": 1, "dash": "dot"}, layer="below")
    return figure


def spread(values: pd.Series, unit: str) -> go.Figure:
    """Histogram, and above it the box plot of the same numbers."""
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.22, 0.78])
    figure.add_trace(
        go.Box(
            x=values,
            name="",
            marker={"color": theme.accent(), "size": 4},
            line={"width": 1.5},
            boxpoints="outliers",
            hoverinfo="x",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Histogram(
            x=values,
            nbinsx=24,
            marker={"color": theme.accent(), "line": {"width": 0}},
            hovertemplate="%{x} " + unit + ": %{y}<extra></extra>",
        ),
        row=2,
        col=1,
    )
    quiet(figure, height=260)
    figure.update_layout(bargap=0.06)
    figure.update_yaxes(visible=False, row=1)
    figure.update_xaxes(title=unit, row=2)
    return figure


def boxes(table: pd.DataFrame, column: str, unit: str) -> go.Figure:
    """The spread of a figure for each artist, the highest median on top."""
    order = table.groupby("artist")[column].median().sort_values().index
    figure = go.Figure()
    for artist in order:
        # Quartiles are enough: thousands of points would have to travel to the browser.
        q = table.loc[table["artist"] == artist, column].quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        figure.add_trace(
            go.Box(
                y=[artist],
                lowerfence=[q[0.05]],
                q1=[q[0.25]],
                median=[q[0.5]],
                q3=[q[0.75]],
                upperfence=[q[0.95]],
                orientation="h",
                name=artist,
                line={"width": 1.5, "color": theme.accent()},
                fillcolor=theme.muted(),
                hoverinfo="x+name",
            )
        )
    quiet(figure, height=ROW * len(order) + 60)
    figure.update_xaxes(title=unit)
    return figure


def palettes(table: pd.DataFrame) -> go.Figure:
    """One strip an artist, from dark to light, each color as wide as its share.

    Args:
        table: `artist`, and `palette` as JSON pairs of color and share.
    """
    rows = table.iloc[::-1]
    strips = [json.loads(text) for text in rows["palette"]]
    figure = go.Figure()
    for place in range(max(map(len, strips), default=0)):
        pieces = [strip[place] if place < len(strip) else ["#000000", 0] for strip in strips]
        figure.add_trace(
            go.Bar(
                y=rows["artist"],
                x=[share for _, share in pieces],
                orientation="h",
                marker={"color": [color for color, _ in pieces], "line": {"width": 0}},
                customdata=[color for color, _ in pieces],
                hovertemplate="%{y}: %{customdata}, %{x:.0%}<extra></extra>",
            )
        )
    quiet(figure, height=26 * len(rows) + 16)
    figure.update_layout(barmode="stack", bargap=0.2)
    figure.update_xaxes(visible=False)
    return figure


def sizes(table: pd.DataFrame) -> go.Figure:
    """Width against height of the pictures, both on logarithmic axes; equal sizes are one dot."""
    rows = table.groupby(["width", "height"], as_index=False).size()
    figure = go.Figure(
        go.Scattergl(
            x=rows["width"],
            y=rows["height"],
            mode="markers",
            marker={
                "color": theme.accent(),
                "opacity": 0.5,
                "size": 5 + 3 * np.log1p(rows["size"]),
                "line": {"width": 0},
            },
            customdata=rows["size"],
            hovertemplate="%{x} × %{y}: %{customdata:,} pictures<extra></extra>",
        )
    )
    quiet(figure, height=320)
    grid = {"type": "log", "showgrid": True, "gridcolor": theme.line()}
    marks = [50, 100, 200, 500, 1000, 2000, 5000, 10000]
    grid |= {"tickvals": marks, "ticktext": [f"{mark:,}" for mark in marks]}
    figure.update_xaxes(**grid, title="width, pixels")
    figure.update_yaxes(**grid, title="height, pixels")
    return figure


def in_words(table: pd.DataFrame, label: str, number: str, most: int = 8) -> str:
    """The first bars of a chart for those who do not see it."""
    rows = table.nlargest(most, number)
    return ", ".join(f"{row[label]} {row[number]:,}" for _, row in rows.iterrows())


def wrapped(texts: pd.Series, width: int = 48) -> list[str]:
    """Texts in lines that fit a hover label."""
    return ["<br>".join(textwrap.wrap(text, width)) for text in texts]


def spans_in_words(table: pd.DataFrame) -> str:
    """What the timeline shows, for those who do not see it."""
    if table.empty:
        return "Nobody is left by these filters."
    first, last = table.loc[table["born"].idxmin()], table.loc[table["died"].idxmax()]
    return (
        f"{len(table)} painters, from {first['name']}, born {first['born']}, "
        f"to {last['name']}, died {last['died']}."
    )
