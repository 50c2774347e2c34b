"""Charts of how a model learned: its training curves, and the trials of its search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.components.laboratory import charts
from pages.components.ui import theme
from pages.components.ui.charts import percent, quiet


@dataclass(frozen=True)
class Mark:
    """A word on the epochs from here on, in a row of such words."""

    epoch: float
    text: str
    row: int


def curves(
    history: pd.DataFrame,
    lines: Mapping[str, str],
    marks: Sequence[Mark],
    *,
    shares: bool,
    best: float | None = None,
) -> go.Figure:
    """Lines by epoch.

    Args:
        lines: Which columns, and what they are called.
        marks: Where something else begins.
        shares: Whether the numbers are shares of 1.
        best: An epoch to point out on the first line.
    """
    colors = [theme.accent(), charts.wrong(), theme.ink()]
    figure = go.Figure()
    for (column, name), color in zip(lines.items(), colors, strict=False):
        value = "%{y:.1%}" if shares else "%{y:.3f}"
        figure.add_trace(
            go.Scatter(
                x=history["epoch"],
                y=history[column],
                name=name,
                mode="lines" if len(history) > 1 else "markers",
                line={"color": color, "width": 2.5},
                hovertemplate=f"{name}, epoch %{{x}}: {value}<extra></extra>",
            )
        )
    quiet(figure, height=320, right=charts.EDGE)
    charts.legend(figure)
    values = history[list(lines)].to_numpy(float)
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    room = (high - low) or 1.0  # above the curves, for what the marks say
    grid = {
        "showgrid": True,
        "gridcolor": theme.line(),
        "range": [low - 0.06 * room, high + 0.2 * room],
    }
    if not np.isfinite(room):
        del grid["range"]
    figure.update_xaxes(title=charts.title("epoch"), **({} if len(history) > 2 else {"dtick": 1}))
    figure.update_yaxes(**(charts.shares() | {"range": [0, 1.01]} if shares else grid))
    for mark in marks:
        at = mark.epoch - 0.5
        figure.add_vline(at, line={"color": theme.muted(), "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=at,
            y=0 if shares else 1,  # where the curves are not
            yref="paper",
            text=mark.text,
            showarrow=False,
            xanchor="left",
            yanchor="bottom" if shares else "top",
            xshift=4,
            yshift=(1 if shares else -1) * 15 * mark.row,
            font={"size": 11, "color": theme.ink()},
            opacity=0.75,
        )
    if best is not None:
        first = next(iter(lines))
        at = history.loc[history["epoch"] == best, first].iloc[0]
        figure.add_trace(
            go.Scatter(
                x=[best],
                y=[at],
                mode="markers+text",
                text=[percent(at)],
                textposition="top center",
                textfont={"color": theme.ink()},
                marker={"color": theme.accent(), "size": 10},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    return figure


def trials(search: pd.DataFrame) -> go.Figure:
    """How often each trial of a random search is right, by learning rate; the best stands out.

    Args:
        search: As `core.models.evaluations.table` gives it.
    """
    search = search.sort_values("learning_rate")
    best = search["val_macro"] == search["val_macro"].max()
    figure = go.Figure(
        go.Scatter(
            x=search["learning_rate"],
            y=search["val_macro"],
            mode="markers+text",
            marker={
                "color": [theme.accent() if each else theme.muted() for each in best],
                "size": 12,
            },
            text=[f"{units:.0f}" for units in search["units"]],
            textposition=_beside(np.log10(search["learning_rate"].to_numpy(float))),
            textfont={"color": theme.ink(), "size": 12},
            cliponaxis=False,
            hovertemplate="learning rate %{x:.2g}, %{text} units: %{y:.1%}<extra></extra>",
        )
    )
    quiet(figure, height=280, right=2 * charts.EDGE)
    figure.update_xaxes(
        title=charts.title("learning rate"), type="log", exponentformat="none", dtick=1
    )
    step = 0.05 if search["val_macro"].max() < 0.25 else 0.25
    figure.update_yaxes(**charts.shares(step), rangemode="tozero")
    return figure


def _beside(places: np.ndarray) -> list[str]:
    """On which side of each point its label hides none of its neighbours, from left to right."""
    close = np.diff(places) < 0.2
    after, before = np.append(close, False), np.insert(close, 0, False)
    free = np.where(after, "middle left", "middle right")
    return np.where(after & before, "bottom center", free).tolist()
