"""Monitor, paintings: style transfer and Monet, by what their visitors waited for and took home."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.monitoring import paintings
from core.monitoring.intervals import Interval
from core.monitoring.paintings import Figures, Spread
from core.settings import settings
from pages.components.ui import charts, downloads, theme

MODES = {
    "instant": "Style, at once",
    "refine": "Style, refined",
    "to-monet": "Photo to Monet",
    "to-photo": "Monet to photo",
}

_TITLES = {
    "seconds": "time",
    "content_loss": "distance from the photo",
    "style_loss": "distance from the style",
}


def show() -> None:
    """A row of figures for each way to paint."""
    found = _figures(settings().journal_url, paintings.newest())
    if not found:
        st.info("Nothing was painted yet.", icon=":material/brush:")
        if st.button("Paint a photo", type="primary"):
            st.switch_page("pages/stylize.py")
        return
    for each in found:
        _mode(each)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Time and distances are medians of what nobody stopped. Distance from the photo: of "
            "what is refined the content loss, of a Monet the mean difference of the pixels. "
            "Distance from the style: the style loss. Usual is what the first "
            f"{paintings.FIRST} had: time is of this machine, and losses depend on the detail that "
            "visitors choose.",
            width="stretch",
        )
        downloads.table("Data", table(found), "atelier-paintings.csv", help="All figures")


@st.cache_data(max_entries=2, show_spinner="Reading the journal")
def _figures(journal: str, newest: tuple[int, int]) -> list[Figures]:
    """By what it depends on: database, newest painting, how many were taken home."""
    return paintings.figures()


def _mode(found: Figures) -> None:
    titles = {paintings.MEASURES[name]: title for name, title in _TITLES.items()}
    changed = [titles[signal.name] for signal in found.signals if signal.drifted]
    lately = f": lately another {' and '.join(changed)} than usual" if changed else ""
    st.markdown(f"**{MODES[found.mode]}{lately}**")
    named = {"pictures": f"{found.paintings:,}"}
    for name, title in _TITLES.items():
        if (spread := found.spreads.get(name)) is not None:
            named[_beside(title, spread, name)] = _value(name, spread.median)
    if found.mode != "instant":  # which nobody can stop
        named[f"stopped early ({_range(found.stopped)})"] = _share(found.stopped)
    named[f"taken home ({_range(found.downloaded)})"] = _share(found.downloaded)
    st.html(theme.figures(named))


def _share(interval: Interval) -> str:
    return charts.percent(interval.share) if interval.share else "none"


def _beside(title: str, spread: Spread, name: str) -> str:
    beside = []
    if spread.reference is not None:
        beside.append(f"usual {_value(name, spread.reference)}")
    if spread.evaluated is not None:
        beside.append(f"evaluation {_value(name, spread.evaluated)}")
    return f"{title} ({', '.join(beside)})" if beside else title


def _value(name: str, value: float) -> str:
    return f"{value:.1f} s" if name == "seconds" else f"{value:.3f}"


def _range(interval: Interval) -> str:
    return f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"


def table(found: list[Figures]) -> pd.DataFrame:
    """The figures, a row each measure of a mode."""
    return pd.DataFrame(
        {
            "mode": each.mode,
            "paintings": each.paintings,
            "stopped": each.stopped.share,
            "taken_home": each.downloaded.share,
            "measure": name,
            "median": spread.median,
            "percentile_90": spread.most,
            "of": spread.of,
            "usual": spread.reference,
            "evaluation": spread.evaluated,
        }
        for each in found
        for name, spread in each.spreads.items()
    )
