"""Laboratory, artists: recall and precision, who is found and whose name can be believed."""

from __future__ import annotations

import streamlit as st

from core import models
from core.models import evaluations
from pages.components.laboratory import charts as draw
from pages.components.ui import charts

_ORDERS = {"Recall": "recall", "Precision": "precision", "Name": "name"}


def show(entry: models.Entry) -> None:
    """Precision and recall of each artist."""
    table = evaluations.table(entry, "per_artist")
    if table is None:
        st.info("The table of artists is missing or damaged.", icon=":material/groups:")
        return
    order = st.segmented_control(
        "In the order of", list(_ORDERS), default="Recall", required=True, key="lab-artist-order"
    )
    column = _ORDERS[order]
    table = table.sort_values(
        [column, "f1"], ascending=[column == "name", False], kind="stable", ignore_index=True
    )
    best, worst = table["recall"].idxmax(), table["recall"].idxmin()
    charts.show(
        f"Recall: {table['name'][best]} is found most often, {table['name'][worst]} least",
        draw.per_artist(table),
        table,
        key="per-artist",
        alt="; ".join(
            f"{row.name}: recall {charts.percent(row.recall)}, precision "
            f"{charts.percent(row.precision)}"
            for row in table.itertuples(index=False)
        ),
    )
    st.caption(
        "Recall: of the painter's test paintings, how many were found, that is named as theirs. "
        "Precision: of the paintings that got this name, how many are theirs. "
        f"{int(table['paintings'].sum()):,} paintings."
    )
