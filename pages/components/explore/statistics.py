"""Explore, color: the look of the painters' pictures, in figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.collection import features
from pages.components.explore import charts as draw
from pages.components.explore import scanning
from pages.components.ui import charts

_FEW = 30  # a painter needs so many pictures to be compared


def show(place: Path) -> None:
    """Palettes, brightness and colorfulness by painter."""
    table = scanning.measured(place)
    if table.empty:
        st.info("No painting has been scanned yet.", icon=":material/hourglass_top:")
        return
    table = table[(table["error"] == "") & ~table["outside"]]
    if table.empty:
        st.info(
            "No painting by a painter of the collection can be read.",
            icon=":material/broken_image:",
        )
        return
    enough = table["artist"].value_counts()
    table = table[table["artist"].isin(enough[enough >= min(_FEW, enough.max())].index)]
    strips = _palettes(table)
    charts.show(
        "The colors of each painter",
        draw.palettes(strips),
        strips,
        key="palettes",
        alt=f"Color strips of {len(strips)} painters",
    )
    st.caption("From dark to light, each color as wide as it is frequent.")
    for column, title, unit, key in (
        ("brightness", "Who paints light, who paints dark", "brightness, 0 to 1", "brightness"),
        (
            "colourfulness",
            "Who paints gray, who paints colorful",
            "colorfulness (Hasler and Süsstrunk)",
            "colourfulness",
        ),
    ):
        medians = table.groupby("artist", as_index=False)[column].median().round(3)
        charts.show(
            title,
            draw.boxes(table, column, unit),
            table[["file", "artist", column]],
            key=key,
            alt="Medians, the highest first: " + draw.in_words(medians, "artist", column),
        )
    st.caption("The box holds the middle half of the paintings, the whiskers nine in ten.")


@st.cache_data(max_entries=4, show_spinner="Clustering the palettes …")
def _palettes(table: pd.DataFrame) -> pd.DataFrame:
    return features.palettes_by_artist(table)
