"""Monitor, at a glance: how much, how fast, how well."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import models
from core.monitoring.intervals import Interval
from core.monitoring.report import Report
from pages.components.monitor import charts as draw
from pages.components.ui import charts, theme


def show(entry: models.Entry, found: Report) -> None:
    """The figures of all pictures, and accuracy over time."""
    whole = found.whole
    assert whole is not None, "shown only if there are pictures"
    figures = {
        "pictures": f"{found.pictures:,}",
        "median time": f"{1000 * found.seconds[0]:.0f} ms",
        "99th percentile": f"{1000 * found.seconds[1]:.0f} ms",
        "by nobody it knows": charts.percent(whole.unknown.share),
    }
    if whole.visitors.of:
        figures["right, say visitors"] = charts.percent(whole.visitors.share)
    if whole.estimated.of:
        figures["right, it expects"] = charts.percent(whole.estimated.share)
    st.html(theme.figures(figures))
    charts.show(
        _title(whole.visitors, whole.estimated),
        draw.accuracy(found.windows),
        table(found),
        key="monitor-accuracy",
        alt="; ".join(
            f"{window.first:%d %B %Y}: expected {charts.percent(window.estimated.share)}"
            for window in found.windows
            if window.estimated.of
        ),
    )
    st.caption(
        "Of pictures that passed for works of artists it knows. Visitors answer “Was this right?” "
        "if they like to: the bar at each dot holds the true share in 95 of 100 cases. The line is "
        "what the model expects of itself, from its calibrated confidence; the band adds chance "
        "and its calibration error on test paintings. Where pictures have drifted, it may be "
        "further off."
    )


def table(found: Report) -> pd.DataFrame:
    """The windows, a row each."""
    return pd.DataFrame(
        {
            "from": window.first,
            "to": window.last,
            "pictures": window.pictures,
            "unknown": window.unknown.share,
            "visitors_right": window.visitors.share,
            "visitors_low": window.visitors.low,
            "visitors_high": window.visitors.high,
            "visitors": window.visitors.of,
            "expected_right": window.estimated.share,
            "expected_low": window.estimated.low,
            "expected_high": window.estimated.high,
            "drifted": ", ".join(signal.name for signal in window.signals if signal.drifted),
        }
        for window in found.windows
    )


def _title(visitors: Interval, estimated: Interval) -> str:
    if not visitors.of:
        return "Accuracy: nobody has said yet whether a name was right"
    said = f"Accuracy: visitors say it is right in {charts.percent(visitors.share)}"
    if not estimated.of:
        return said
    return f"{said}, it expects {charts.percent(estimated.share)}"
