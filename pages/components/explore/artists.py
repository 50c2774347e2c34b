"""Explore, the painters: everything that the table of facts says."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.artists import facts
from pages.components.explore import charts as draw
from pages.components.ui import charts, downloads, theme

_YEARS = (1250, 2000)


def show() -> None:
    """Filters, and the charts that they act on."""
    everyone = facts.published()
    table = facts.choose(everyone, _choice(everyone))
    if table.empty:
        st.info("No painter is left by these filters. Widen one of them.", icon=":material/tune:")
        return
    _figures(table)
    charts.show(
        "Seven centuries of lives",
        draw.lives(table),
        table[["name", "born", "died", "genre"]],
        key="lives",
        alt=draw.spans_in_words(table),
    )
    spans = facts.movements(table)
    charts.show(
        "When each movement had painters",
        draw.movements(spans),
        spans,
        key="movements",
        alt=", ".join(f"{s.genre} {s.first} to {s.last}" for s in spans.itertuples()),
    )
    paintings = table[["name", "paintings"]].sort_values("paintings", ascending=False)
    charts.show(
        "Paintings by painter",
        draw.counts(table, "name", "paintings"),
        paintings,
        key="paintings",
        alt=draw.in_words(table, "name", "paintings"),
    )
    lower, upper = table["paintings"].quantile([0.25, 0.75])
    charts.show(
        f"Half of the painters have {lower:.0f} to {upper:.0f} paintings",
        draw.spread(table["paintings"], "paintings"),
        paintings,
        key="spread",
        alt=f"Median {table['paintings'].median():.0f}, from {table['paintings'].min()} "
        f"to {table['paintings'].max()} paintings",
    )
    left, right = st.columns(2, gap="large")
    for column, by, title in ((left, "nationality", "nationality"), (right, "genre", "movement")):
        sums = facts.by(table, by)
        with column:
            charts.show(
                f"Paintings by {title}",
                draw.counts(sums, by, "paintings"),
                sums,
                key=f"by-{by}",
                alt=draw.in_words(sums, by, "paintings"),
            )
    st.caption("A painter of two nationalities or movements counts under each.")
    _the_table(table)


def _choice(everyone: pd.DataFrame) -> facts.Choice:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        genres = st.multiselect(
            "Movement",
            facts.values(everyone, "genre"),
            placeholder="All",
            key="genres",
            width=260,
            persist_state="session",
        )
        nationalities = st.multiselect(
            "Nationality",
            facts.values(everyone, "nationality"),
            placeholder="All",
            key="nationalities",
            width=260,
            persist_state="session",
        )
        years = st.slider("Alive between", *_YEARS, _YEARS, 10, key="years", width=240)
        at_least = st.slider("At least so many paintings", 0, 400, 0, 10, key="at-least", width=240)
    return facts.Choice(tuple(genres), tuple(nationalities), years, at_least)


def _figures(table: pd.DataFrame) -> None:
    """What one wants to know first."""
    summary = facts.summary(table)
    figures = {
        "painters": f"{len(table)}",
        "paintings": f"{table['paintings'].sum():,}",
        "on average": f"{summary['mean']:.2f}",
        "standard deviation": f"{summary['std']:.2f}" if len(table) > 1 else "–",
        "median": f"{summary['50%']:g}",
    }
    st.html(theme.figures(figures))


def _the_table(table: pd.DataFrame) -> None:
    with st.expander("The table behind the charts"):
        st.markdown("**First rows**")
        st.dataframe(
            table[facts.PUBLISHED].head(),
            hide_index=True,
            column_config={"wikipedia": st.column_config.LinkColumn()},
            alt="The first five painters of the table",
        )
        left, right = st.columns(2, gap="large")
        left.markdown("**Columns, and missing values**")
        left.dataframe(
            facts.schema(table[facts.PUBLISHED]),
            hide_index=True,
            alt="Each column with its type and how many values are missing and different",
        )
        right.markdown("**Paintings a painter, in figures**")
        summary = facts.summary(table).round(2).rename_axis("figure").reset_index()
        right.dataframe(summary, hide_index=True, alt="Summary statistics of paintings a painter")
        downloads.table("Download the table as CSV", table, "atelier-painters.csv")
        st.caption(
            "Facts from the table of *Best Artworks of All Time* on Kaggle, collected from "
            "Wikipedia; the sentences on the painters are ours."
        )
