"""Charts of a model at work."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.monitoring.fairness import Group
from core.monitoring.intervals import Interval
from core.monitoring.report import Window
from pages.components.ui import theme
from pages.components.ui.charts import percent, quiet


def accuracy(windows: Sequence[Window]) -> go.Figure:
    """Accuracy over time: as visitors say it, and as calibrated confidence expects it."""
    places = list(range(len(windows)))
    figure = go.Figure()
    expected = [window.estimated for window in windows]
    figure.add_trace(
        go.Scatter(
            x=[*places, *places[::-1]],
            y=[*(each.high for each in expected), *(each.low for each in expected[::-1])],
            fill="toself",
            fillcolor=theme.faint(theme.muted()),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=places,
            y=[each.share for each in expected],
            name="as its confidence expects",
            mode="lines",
            line={"color": theme.muted(), "width": 3},
            text=[_said(each) for each in expected],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    spoken = [place for place in places if windows[place].visitors.of]
    said = [windows[place].visitors for place in spoken]
    figure.add_trace(
        go.Scatter(
            x=spoken,
            y=[each.share for each in said],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [each.high - each.share for each in said],
                "arrayminus": [each.share - each.low for each in said],
                "color": theme.accent(),
                "thickness": 1,
                "width": 0,
            },
            name="as visitors say",
            mode="markers",
            marker={"color": theme.accent(), "size": 9},
            text=[_said(each) for each in said],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    quiet(figure, height=320, right=16)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0})
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", showgrid=True, gridcolor=theme.line())
    figure.update_xaxes(**_times(windows))
    return figure


def drift(windows: Sequence[Window]) -> go.Figure:
    """A row a signal, a cell a window: how far from the reference, and a dot if beyond chance."""
    names = [signal.name for signal in windows[-1].signals][::-1]
    cells = [{signal.name: signal for signal in window.signals} for window in windows]
    figure = go.Figure(
        go.Heatmap(
            z=[[of[name].distance if name in of else None for of in cells] for name in names],
            x=list(range(len(windows))),
            y=names,
            zmin=0,
            zmax=0.5,
            colorscale=[[0, theme.faint(theme.muted())], [1, theme.muted()]],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y}: distance %{z:.2f}<extra></extra>",
        )
    )
    beyond = [
        (place, name)
        for name in names
        for place, of in enumerate(cells)
        if name in of and of[name].drifted
    ]
    figure.add_trace(
        go.Scatter(
            x=[place for place, _ in beyond],
            y=[name for _, name in beyond],
            mode="markers",
            marker={"color": theme.accent(), "size": 9},
            hoverinfo="skip",
        )
    )
    quiet(figure, height=34 * len(names) + 48)
    figure.update_xaxes(**_times(windows))
    return figure


def served(groups: Sequence[Group], of_all: Interval) -> go.Figure:
    """Accuracy of groups with their intervals, the worst on top, beside that of all."""
    rows = groups[::-1]
    colors = [theme.accent() if group.is_worse else theme.muted() for group in rows]
    figure = go.Figure()
    for place, (group, color) in enumerate(zip(rows, colors, strict=True)):
        figure.add_trace(
            go.Scatter(
                x=[group.accuracy.low, group.accuracy.high],
                y=[place] * 2,
                mode="lines",
                line={"color": color, "width": 3},
                hoverinfo="skip",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[group.accuracy.share for group in rows],
            y=list(range(len(rows))),
            mode="markers",
            marker={"color": colors, "size": 11},
            text=[_said(group.accuracy) for group in rows],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.add_vline(x=of_all.share, line={"color": theme.ink(), "width": 1, "dash": "dot"})
    quiet(figure, height=26 * len(rows) + 48, right=24)
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[group.name for group in rows],
        range=[-0.8, len(rows) - 0.2],
    )
    return figure


def _said(interval: Interval) -> str:
    return (
        f"{percent(interval.share)} of {interval.of:,}, "
        f"between {percent(interval.low)} and {percent(interval.high)}"
    )


def _times(windows: Sequence[Window]) -> dict[str, object]:
    """Days below a few of the windows, which stand at equal distances."""
    step = max(1, -(-len(windows) // 6))
    shown = list(range(0, len(windows), step))
    return {
        "tickvals": shown,
        "ticktext": [f"{windows[place].first:%-d %b}" for place in shown],
        "range": [-0.6, len(windows) - 0.4],
        "ticklabelstandoff": 8,
    }
