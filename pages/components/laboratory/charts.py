"""Charts of what models reach: figures from tables, but for the way there, `learning_charts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.components.ui import theme
from pages.components.ui.charts import percent, quiet

ROW = 24  # pixels a row of names
_CELL = 20  # pixels a row of the matrix
EDGE = 24  # pixels on the right, for half of a `100 %`


def wrong() -> str:
    """The color of mistakes: burnt orange, which the color-blind tell from ultramarine."""
    return "#f0a35e" if theme.is_dark() else "#c2571a"


def overview(table: pd.DataFrame) -> go.Figure:
    """The top-1 accuracy of each model in each split, the best on test paintings on top.

    Args:
        table: As `core.models.evaluations.overview` gives it, evaluated models only.
    """
    rows = table.iloc[::-1]
    places = list(range(len(rows)))  # not titles: two models may have the same
    figure = go.Figure()
    for place, row in enumerate(rows.itertuples()):
        ends = [share for share in (row.train, row.val, row.test) if not np.isnan(share)]
        figure.add_trace(
            go.Scatter(
                x=[min(ends, default=None), max(ends, default=None)],
                y=[place] * 2,
                mode="lines",
                line={"color": theme.muted(), "width": 3},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    looks = {
        "train": ("training", {"symbol": "circle-open", "color": theme.ink(), "size": 10}),
        "val": ("validation", {"symbol": "line-ns-open", "color": theme.ink(), "size": 12}),
        "test": ("test, never seen", {"color": theme.accent(), "size": 15}),
    }
    for split, (name, marker) in looks.items():
        texts = ["" if np.isnan(share) else percent(share) for share in rows[split]]
        figure.add_trace(
            go.Scatter(
                x=rows[split],
                y=places,
                name=name,
                mode="markers+text" if split == "test" else "markers",
                marker=marker,
                text=texts,
                textposition="top center",
                textfont={"color": theme.ink(), "size": 13},
                cliponaxis=False,
                customdata=rows["title"],
                hovertemplate="%{customdata}: %{x:.2%}, " + name + "<extra></extra>",
            )
        )
    quiet(figure, height=52 * len(rows) + 90, right=EDGE)
    legend(figure)
    figure.update_xaxes(range=[0, 1.004], **shares())
    figure.update_yaxes(
        tickfont_size=14,
        tickvals=places,
        ticktext=rows["title"],
        range=[-0.6, len(rows) - 0.3],
    )
    return figure


def matrix(
    confusion: pd.DataFrame, names: Mapping[str, str], chosen: tuple[str, str] | None
) -> go.Figure:
    """Who is taken for whom, as shares of each painter's paintings.

    What is right is of one color, what is wrong of another with a scale of its own: mistakes
    are few, and would be pale beside the diagonal.

    Args:
        confusion: As `core.models.evaluations.table` gives it, in the order to draw.
        names: Of the artists, by id.
        chosen: Painter and named painter of the cell to point out.
    """
    ids = confusion["artist"].tolist()
    counts = confusion[ids].to_numpy(float)
    paintings = counts.sum(axis=1)
    share = counts / np.maximum(paintings, 1)[:, None]
    here = np.eye(len(ids), dtype=bool)
    labels = [names[artist] for artist in ids]
    figure = go.Figure()
    most = max(float(share[~here].max(initial=0)), 0.01)
    for at, color, full in ((here, theme.accent(), 1.0), (~here, wrong(), most)):
        figure.add_trace(
            go.Heatmap(
                x=labels,
                y=labels,
                z=np.where(at & (share > 0), share, np.nan),
                zmin=0,
                zmax=full,
                colorscale=[[0, theme.faint(color)], [1, color]],
                showscale=False,
                xgap=1,
                ygap=1,
                hoverinfo="skip",
            )
        )
    figure.add_trace(_cells(ids, labels, counts, paintings))
    quiet(figure, height=_CELL * len(ids) + 190)
    small = {"tickfont": {"size": 11, "color": theme.ink()}, "dtick": 1}
    figure.update_xaxes(tickangle=-90, ticks="", **small)
    figure.update_yaxes(**small)
    edges = [-0.5, len(ids) - 0.5]
    figure.update_xaxes(range=edges)
    figure.update_yaxes(range=edges[::-1])
    figure.update_layout(clickmode="event+select", dragmode=False, hovermode="closest")
    figure.update_layout(plot_bgcolor=veil())
    if chosen is not None and set(chosen) <= set(ids):
        row, column = (ids.index(artist) for artist in chosen)
        figure.add_shape(
            type="rect",
            x0=column - 0.5,
            x1=column + 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": theme.ink(), "width": 2},
        )
    return figure


def _cells(
    ids: Sequence[str], labels: Sequence[str], counts: np.ndarray, paintings: np.ndarray
) -> go.Scatter:
    """Invisible dots on the cells: heat maps can be hovered over, but not selected."""
    places = [(row, column) for row in range(len(ids)) for column in range(len(ids))]
    texts = [
        f"{labels[row]}<br>"
        + ("named rightly" if row == column else f"taken for {labels[column]}")
        + f": {counts[row, column]:.0f} of {paintings[row]:.0f}"
        for row, column in places
    ]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[labels[column] for _, column in places],
        y=[labels[row] for row, _ in places],
        mode="markers",
        marker={"symbol": "square", "size": _CELL - 4, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        text=texts,
        customdata=[[ids[row], ids[column]] for row, column in places],
        hovertemplate="%{text}<extra></extra>",
    )


def pairs(table: pd.DataFrame) -> go.Figure:
    """The most frequent confusions as bars, the most frequent on top.

    Args:
        table: `artist`, `named` (ids), `painter`, `instead` (names), `times`, `paintings`.
    """
    rows = table.iloc[::-1]
    figure = go.Figure(
        go.Bar(
            y=[f"{row.painter}<br>taken for {row.instead}" for row in rows.itertuples()],
            x=rows["times"],
            orientation="h",
            marker={"color": wrong(), "line": {"width": 0}},
            # Both, or Plotly fails at a click: what is chosen stands above, so nothing fades here.
            selected={"marker": {"opacity": 1}, "textfont": {"color": theme.ink()}},
            unselected={"marker": {"opacity": 1}, "textfont": {"color": theme.ink()}},
            text=[f"{row.times} of {row.paintings}" for row in rows.itertuples()],
            textposition="outside",
            cliponaxis=False,
            customdata=rows[["artist", "named"]].to_numpy(),
            hoverinfo="none",  # "skip" would take clicks away, too
        )
    )
    quiet(figure, height=44 * len(rows) + 16, right=64)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(tickfont_size=12)
    figure.update_layout(clickmode="event+select", dragmode=False, bargap=0.62)
    return figure


def per_artist(table: pd.DataFrame) -> go.Figure:
    """How many paintings of each artist are found, and how often their name is right.

    Args:
        table: As `core.models.evaluations.table` gives it, in the order to draw.
    """
    rows = table.iloc[::-1]
    gaps: list[float | None] = []
    names: list[str | None] = []
    for row in rows.itertuples():
        gaps += [row.recall, row.precision, None]
        names += [row.name, row.name, None]
    figure = go.Figure(
        go.Scatter(
            x=gaps,
            y=names,
            mode="lines",
            line={"color": theme.muted(), "width": 3},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    looks = {
        "precision": (
            "precision: right when it says the name",
            {"symbol": "circle-open", "color": theme.ink(), "size": 10, "line": {"width": 1.5}},
        ),
        "recall": ("recall: found", {"color": theme.accent(), "size": 11}),
    }
    for column, (name, marker) in looks.items():
        figure.add_trace(
            go.Scatter(
                x=rows[column],
                y=rows["name"],
                name=name,
                mode="markers",
                marker=marker,
                customdata=rows["paintings"],
                cliponaxis=False,
                hovertemplate=f"%{{y}}, {name}: %{{x:.1%}}, "
                "%{customdata:.0f} paintings<extra></extra>",
            )
        )
    quiet(figure, height=ROW * len(rows) + 90, right=EDGE)
    legend(figure)
    figure.update_xaxes(range=[0, 1.004], side="top", **shares())
    figure.update_yaxes(range=[-0.7, len(rows) - 0.3])
    return figure


def reliability(table: pd.DataFrame) -> go.Figure:
    """How sure a model was against how often it was right; dots grow with their paintings."""
    figure = go.Figure(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": theme.ink(), "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    )
    for row in table.itertuples():
        figure.add_trace(
            go.Scatter(
                x=[row.confidence] * 2,
                y=[row.confidence, row.accuracy],
                mode="lines",
                line={"color": wrong(), "width": 3},
                hoverinfo="skip",
            )
        )
    largest = max(float(table["paintings"].max()), 1.0)
    figure.add_trace(
        go.Scatter(
            x=table["confidence"],
            y=table["accuracy"],
            mode="lines+markers",
            line={"color": theme.accent(), "width": 1.5},
            marker={
                "color": theme.accent(),
                "opacity": 1,
                "size": 7 + 17 * np.sqrt(table["paintings"] / largest),
                "line": {"width": 0},
            },
            customdata=table["paintings"],
            cliponaxis=False,
            hovertemplate="%{customdata:,} paintings<br>said %{x:.0%}, "
            "was right in %{y:.0%}<extra></extra>",
        )
    )
    quiet(figure, height=440, right=EDGE)
    figure.update_xaxes(
        title=title("confidence: how sure it was"),
        ticklabelstandoff=6,
        range=[0, 1.01],
        **shares(),
    )
    figure.update_yaxes(
        title=title("accuracy: how often it was right"), range=[0, 1.03], **shares()
    )
    return figure


def legend(figure: go.Figure) -> None:
    figure.update_layout(
        showlegend=True,
        margin={"t": 36},
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": 13, "color": theme.ink()},
        },
    )


def shares(step: float = 0.25) -> dict[str, object]:
    """An axis of shares, with fine rules."""
    ticks = [step * n for n in range(round(1 / step) + 1)]
    return {
        "tickvals": ticks,
        "ticktext": [f"{100 * tick:.0f} %" for tick in ticks],
        "showgrid": True,
        "gridcolor": theme.line(),
    }


def title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": 13, "color": theme.ink()}, "standoff": 8}


def veil() -> str:
    """The ground of a matrix, a little off the page."""
    return "rgba(255,255,255,0.03)" if theme.is_dark() else "rgba(31,29,26,0.03)"
