"""A painting while it is being made: the picture as it forms, how far it is, and its losses."""

from __future__ import annotations

import base64
import math

import plotly.graph_objects as go
import streamlit as st
from streamlit.components import v2

from core import jobs
from core.jobs import Handle, Point
from pages.components.ui import charts, theme

_HTML = '<img alt="">'

_CSS = """
img { width: 100%; display: block; border-radius: 2px; }
"""

# A new picture is decoded before it takes the place of the old one: nothing flickers. As data
# in the page it needs no second request, which would come too late for some.
_JS = """
export default function ({ data, parentElement }) {
  const shown = parentElement.querySelector("img");
  shown.alt = data.alt;
  if (Number(shown.dataset.number ?? -1) >= data.number) return;
  const next = new Image();
  next.src = data.url;
  next.decode().then(() => {
    if (Number(shown.dataset.number ?? -1) > data.number) return;
    shown.dataset.number = data.number;
    shown.style.maxWidth = `calc(88vh * ${next.naturalWidth / next.naturalHeight})`;
    shown.src = next.src;
  });
}
"""

_mount = v2.component("atelier_live", html=_HTML, css=_CSS, js=_JS)


def picture(jpeg: bytes, *, number: int, alt: str, key: str) -> None:
    """Shows a picture in the place of the one before.

    Args:
        number: Rises with every picture; an older one never replaces a newer.
        alt: What it shows, for who cannot see it.
    """
    url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    _mount(key=key, data={"url": url, "number": number, "alt": alt})


def words(job: Handle, *, warming: str = "") -> tuple[float, str]:
    """How far a painting is: a share from 0 to 1, and a sentence.

    Args:
        warming: Key of a job that loads the networks, which is nobody's painting.
    """
    loader = jobs.find(warming)
    loading = loader is not None and not loader.is_finished
    if job.position > loading:
        return 0.0, f"In line: {job.position - loading} before you"
    now = job.progress
    if now is not None and now.phase == "waiting" and now.of:  # elsewhere
        return 0.0, f"In line: {now.of} before you"
    if loading or now is None or now.phase in ("looking", "waiting"):
        return 0.0, "Mixing the colors"
    if now.phase == "sketching":
        return 0.0, "Sketching"
    text = f"Step {now.step} of {now.of}"
    if now.seconds_left is not None:
        text += f", {left(now.seconds_left)}"
    return now.fraction, text


def left(seconds: float) -> str:
    """Seconds as one says them: a guess should not look exact."""
    if seconds < 3:
        return "nearly done"
    if seconds < 10:
        return f"about {seconds:.0f} seconds left"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} seconds left"
    return f"about {seconds / 60:.0f} minutes left"


TITLE = "How far it is from photo and style, at each step"


def curves(points: tuple[Point, ...]) -> go.Figure:
    """Both losses over the steps, each named at its line's end."""
    figure = go.Figure()
    steps = [point.step for point in points]
    for name, values, color, width in (
        ("Photo", [point.content for point in points], theme.ink(), 1.25),
        ("Style", [point.style for point in points], theme.accent(), 2.5),
    ):
        figure.add_trace(
            go.Scatter(
                x=steps,
                y=values,
                mode="lines",
                line={"color": color, "width": width},
                hovertemplate=f"Step %{{x}}, {name.lower()}: %{{y:.3f}}<extra></extra>",
            )
        )
        if points and values[-1] > 0:
            figure.add_annotation(
                x=steps[-1],
                y=math.log10(values[-1]),
                text=name,
                showarrow=False,
                xanchor="left",
                xshift=6,
                font={"color": theme.ink(), "size": 13},
            )
    charts.quiet(figure, height=150, right=52)
    figure.update_yaxes(type="log", showgrid=True, gridcolor=theme.line(), dtick=1, tickformat="~g")
    figure.update_xaxes(rangemode="tozero", nticks=6)
    return figure


def in_words(points: tuple[Point, ...]) -> str:
    """The same lines for those who do not see them."""
    if not points:
        return "No step yet"
    first, last = points[0], points[-1]
    return (
        f"From step {first.step} to {last.step} the distance to the style went from "
        f"{first.style:.3f} to {last.style:.3f}, to the photo from {first.content:.3f} to "
        f"{last.content:.3f}"
    )


def draw_curves(points: tuple[Point, ...], key: str) -> None:
    """The chart under its title."""
    st.caption(TITLE)
    # A place for one thing: else the old chart would stand below the new one for a moment.
    st.empty().plotly_chart(
        curves(points),
        key=key,
        config={"displayModeBar": False},
        theme=None,
        alt=in_words(points),
    )
