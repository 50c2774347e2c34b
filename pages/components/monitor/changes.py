"""Monitor, drift: whether pictures still look like those the model was measured on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import models
from core.monitoring import drift
from core.monitoring.report import Report
from pages.components.monitor import charts as draw
from pages.components.ui import charts


def show(entry: models.Entry, found: Report) -> None:
    """The signals over time, and what the tests say of the latest pictures."""
    if not found.has_reference:
        st.info(
            f"{entry.title} has no reference to compare with yet. This measures one:",
            icon=":material/ssid_chart:",
        )
        st.code(
            f"python -m training evaluate reference --data DIRECTORY --model {entry.id}",
            language="bash",
        )
        return
    latest = found.windows[-1]
    if not latest.signals:
        st.info("Too few pictures to compare: some more, please.", icon=":material/hourglass:")
        return
    drifted = [signal.name for signal in latest.signals if signal.drifted]
    charts.show(
        f"Drift: {_list(drifted)} changed lately" if drifted else "Drift: nothing changed lately",
        draw.drift(found.windows),
        pd.DataFrame(
            {
                "from": window.first,
                "to": window.last,
                "signal": signal.name,
                "distance": signal.distance,
                "p": signal.p,
                "p_corrected": signal.adjusted,
                "drifted": signal.drifted,
            }
            for window in found.windows
            for signal in window.signals
        ),
        key="monitor-drift",
        alt="; ".join(
            f"{window.first:%d %B %Y}: "
            + _list([signal.name for signal in window.signals if signal.drifted])
            for window in found.windows
            if window.is_alarm
        )
        or "no drift in any window",
    )
    st.caption(
        f"Each cell holds {latest.pictures:,} pictures, compared with the validation paintings of "
        "the version that answered: the stronger its color, the further apart. A dot marks what is "
        f"beyond chance, a corrected p-value below {drift.LEVEL:g}: without any drift, one window "
        f"in {1 / drift.LEVEL:.0f} would have one. Kolmogorov–Smirnov distance for numbers, "
        "Cramér's V for names, maximum mean discrepancy for features."
    )
    st.markdown("**The latest pictures**")
    st.dataframe(
        pd.DataFrame(
            {
                "signal": signal.name,
                "distance": signal.distance,
                "p-value": signal.p,
                "corrected": signal.adjusted,
                "drifted": signal.drifted,
            }
            for signal in latest.signals
        ),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in ("distance", "p-value", "corrected")
        },
    )


def _list(names: list[str]) -> str:
    if not names:
        return "nothing"
    return ", ".join([names[0], *(name[0].lower() + name[1:] for name in names[1:])])
