"""Laboratory, calibration: whether a model is as often right as it says."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import identify, models
from core.models import evaluations
from pages.components.laboratory import charts as draw
from pages.components.ui import charts


def show(entry: models.Entry, test: evaluations.Split) -> None:
    """The reliability diagram, and what it means."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        table = evaluations.table(entry, "reliability")
        if table is None:
            st.info("The table behind this is missing or damaged.", icon=":material/balance:")
        else:
            charts.show(
                "Reliability diagram: is it right as often as it says?",
                draw.reliability(table),
                table,
                key="reliability",
                alt="; ".join(
                    f"said {charts.percent(row.confidence)}, was right in "
                    f"{charts.percent(row.accuracy)} of {row.paintings:.0f} paintings"
                    for row in table.itertuples()
                ),
            )
            st.caption(
                "Each dot holds the paintings of which it was about equally sure; large dots hold "
                "many. On the dotted line it is calibrated, as good as its word: below it is "
                "overconfident and boasts, above it is modest. Orange is how far off it is."
            )
    with right:
        _its_word(test, table)
        _strangers(entry, test)


def _its_word(test: evaluations.Split, table: pd.DataFrame | None) -> None:
    error = test.figures.get("calibration_error")
    st.markdown("**Calibration error**")
    if error is not None:
        st.markdown(
            "When it says it is 80 % sure, it should be right in 8 paintings of 10. On average "
            f"over the test paintings its word is off by **{100 * error:.1f} points** of a "
            "hundred: the expected calibration error."
        )
    if table is not None:
        st.markdown(furthest_off(table))


def furthest_off(table: pd.DataFrame) -> str:
    """A sentence on where word and truth lie furthest apart, each painting counted."""
    gap = table["accuracy"] - table["confidence"]
    row = table.loc[(gap.abs() * table["paintings"]).idxmax()]
    way = "more modest" if row["accuracy"] > row["confidence"] else "surer"
    return (
        f"It is {way} than it should be above all for the {row['paintings']:,.0f} paintings of "
        f"which it said {charts.percent(row['confidence'])}: it was right in "
        f"{charts.percent(row['accuracy'])}."
    )


def _strangers(entry: models.Entry, test: evaluations.Split) -> None:
    """Whether it admits what it does not know, if that was measured."""
    figures = test.figures
    if entry.known is None:
        st.markdown("**Unknown painters: those it never studied**")
        st.markdown(identify.CANNOT_TELL)
        return
    if "others_rejected" not in figures:
        return
    st.markdown("**Unknown painters: those it never studied**")
    st.markdown(
        f"Of {figures.get('others', 0):,} paintings by others, it said of "
        f"**{charts.percent(figures['others_rejected'])}** that it does not know the hand. Of "
        f"those by painters it knows, it said so wrongly of "
        f"**{charts.percent(1 - figures['known_accepted'])}**."
        if "known_accepted" in figures
        else f"Of paintings by others, it said of **{charts.percent(figures['others_rejected'])}** "
        "that it does not know the hand."
    )
    if "known_auroc" in figures:
        st.caption(
            f"Area under the ROC curve {figures['known_auroc']:.3f}: 0.5 is guessing, 1 is perfect."
        )
