"""Monitor, accuracy: what visitors corrected, and who is served worse."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import artists, models
from core.monitoring.fairness import LEAST
from core.monitoring.report import Report
from pages.components.monitor import charts as draw
from pages.components.ui import charts

KINDS = {
    "artist": "By artist",
    "movement": "By movement",
    "century": "By century",
    "format": "By file format",
}


def show(entry: models.Entry, found: Report) -> None:
    """Groups of pictures with their accuracy, and the confusions of late."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _groups(found)
    with right:
        _confusions(found)


def _groups(found: Report) -> None:
    assert found.whole is not None, "shown only if there are pictures"
    if not found.groups:
        st.info(
            f"Too few visitors have said whether a name was right: {LEAST} answers make a group.",
            icon=":material/how_to_vote:",
        )
        return
    kinds = [kind for kind in KINDS if any(group.kind == kind for group in found.groups)]
    kind = st.segmented_control(
        "Groups",
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda each: KINDS[each],
        label_visibility="collapsed",
    )
    rows = [group for group in found.groups if group.kind == kind]
    worse = [group.name for group in rows if group.is_worse]
    title = f"Served worse than others: {_few(worse)}" if worse else "Nobody is served worse"
    charts.show(
        title,
        draw.served(rows, found.whole.visitors),
        pd.DataFrame(
            {
                "group": group.name,
                "right": group.accuracy.share,
                "low": group.accuracy.low,
                "high": group.accuracy.high,
                "answers": group.accuracy.of,
                "worse": group.is_worse,
            }
            for group in rows
        ),
        key=f"monitor-groups-{kind}",
        alt="; ".join(
            f"{group.name}: {charts.percent(group.accuracy.share)} of {group.accuracy.of}"
            for group in rows
        ),
    )
    st.caption(
        "Share of first names that visitors called right, with its 95 % interval; the dotted line "
        "is that of all. A group counts as served worse if its whole interval lies below."
    )


def _few(names: list[str], most: int = 3) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _confusions(found: Report) -> None:
    st.markdown("**What visitors corrected most**")
    if found.confusions:
        _table(found.confusions, "times", "%d")
    else:
        st.markdown("Nothing yet.")
    st.markdown("**What it expects to confuse most**")
    _table(found.expected_confusions, "times", "%.1f")
    st.caption(
        "The second table needs no answers: probabilities that the model gave to other artists, "
        "summed over all pictures."
    )


def _table(rows: tuple[tuple[str, str, float], ...], count: str, form: str) -> None:
    names = {artist.id: artist.name for artist in artists.catalogue()}
    st.dataframe(
        pd.DataFrame(
            [
                (names.get(one, one), names.get(other, other) or "nobody it knows", n)
                for one, other, n in rows
            ],
            columns=["painted by", "named", count],
        ),
        hide_index=True,
        column_config={count: st.column_config.NumberColumn(format=form, width=70)},
    )
