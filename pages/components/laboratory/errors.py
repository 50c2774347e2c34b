"""Laboratory, errors: where a model was sure, and wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core import collection as files
from core import models
from core.models import evaluations
from pages.components.laboratory import gallery
from pages.components.ui import charts, downloads

_PAGE = 18


def show(entry: models.Entry, test: evaluations.Split, place: Path | None) -> None:
    """The surest errors first: as pictures where there are any, and as a table."""
    paintings = evaluations.table(entry, "paintings")
    if paintings is None:
        st.info("The list of paintings is missing or damaged.", icon=":material/list:")
        return
    errors = evaluations.errors(paintings)
    known = int(paintings["artist"].notna().sum())
    if errors.empty:
        st.markdown(f"None: all {known:,} paintings were named rightly.")
        return
    st.markdown(
        f"{len(errors):,} of {known:,} test paintings got another painter's name. These are the "
        "ones it was surest of."
    )
    if place is None:
        gallery.how_to_see(test)
        _table(errors)
        return
    _pictures(entry, place, errors)
    with st.expander("All of them in a table"):
        _table(errors)


def _pictures(entry: models.Entry, place: Path, errors: pd.DataFrame) -> None:
    found = gallery.showable(place, errors)
    if found.rows.empty:
        st.info("None of them can be shown from this directory.", icon=":material/image:")
    pages = -(-len(found.rows) // _PAGE)
    above = st.container()
    page = st.pagination(pages, key=f"lab-errors-{entry.id}") if pages > 1 else 1
    with above:
        gallery.wall(place, found.rows.iloc[(page - 1) * _PAGE : page * _PAGE])
    if found.note:
        st.caption(found.note)


def _table(errors: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "painter": errors["artist"].map(files.artist_name),
            "named": errors["named"].map(files.artist_name),
            "probability": errors["probability"],
            "file": errors["file"],
        }
    )
    st.dataframe(
        shown.style.format({"probability": lambda share: f"{100 * share:.1f} %"}),
        hide_index=True,
        column_config={
            "painter": st.column_config.TextColumn("Painted by"),
            "named": st.column_config.TextColumn("Taken for"),
            "probability": st.column_config.NumberColumn(
                "Probability", help="How sure it was of that name."
            ),
            "file": st.column_config.TextColumn("File"),
        },
        alt="The surest errors: "
        + "; ".join(
            f"{row.painter} taken for {row.named}, {charts.percent(row.probability)}"
            for row in shown.head(8).itertuples()
        ),
        key="lab-errors-table",
    )
    downloads.table("Download as CSV", errors, "atelier-errors.csv")
