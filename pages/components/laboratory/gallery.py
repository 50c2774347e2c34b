"""The measured paintings on this machine, as far as they may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core import artists
from core import collection as files
from core.models import evaluations
from pages.components.explore import scanning
from pages.components.ui import charts, thumbnails

WIDTH = 162  # pixels of a thumbnail: six in a row, and two on a phone


@dataclass(frozen=True)
class Showable:
    """Which rows of a table of paintings can be shown.

    Attributes:
        rows: Those that can.
        hidden: How many are by painters whose works may not be free.
        missing: How many the directory does not have under that painter's name.
    """

    rows: pd.DataFrame
    hidden: int
    missing: int

    @property
    def note(self) -> str:
        """What is not shown and why; empty if everything is."""
        words = []
        if self.hidden:
            words.append(f"{self.hidden:,} not shown: the painter died less than 70 years ago.")
        if self.missing:
            words.append(f"{self.missing:,} not in this directory.")
        return " ".join(words)


def showable(place: Path, rows: pd.DataFrame) -> Showable:
    """The paintings of a directory that may be on screen.

    Only what the directory itself lists counts, under the same painter: a table may come from
    anywhere, and neither lead out of the directory nor lend a painting another name.

    Args:
        rows: `file` and `artist` (id), as in the table `paintings`.
    """
    listed = scanning.listing(place).set_index("file")["artist"]
    listed = listed[~listed.index.duplicated()]
    ids = {name: found.id for name in listed.unique() if (found := artists.find(name))}
    there = rows["file"].map(listed).map(ids) == rows["artist"]
    allowed = {artist for artist in rows["artist"].unique() if files.may_be_shown(artist)}
    free = rows["artist"].isin(allowed)
    return Showable(
        rows[there & free], hidden=int((there & ~free).sum()), missing=int((~there).sum())
    )


def wall(place: Path, rows: pd.DataFrame) -> None:
    """Thumbnails, each with who painted it, who was named, and how surely."""
    with st.container(horizontal=True):
        for row in rows.itertuples():
            with st.container(width=WIDTH):
                painter, named = files.artist_name(row.artist), files.artist_name(row.named)
                what = "named rightly" if row.artist == row.named else f"taken for {named}"
                sure = charts.percent(row.probability).replace(" ", "\N{NO-BREAK SPACE}")
                picture = thumbnails.thumbnail(place / row.file, row.file)
                if picture is None:
                    continue
                st.image(
                    picture,
                    width="stretch",
                    caption=f"{painter}  \n{what}, {sure}",
                    alt=f"A painting: {painter}, {what}, {sure}",
                )


def how_to_see(test: evaluations.Split) -> None:
    """In place of pictures where no directory is named."""
    st.caption(
        f"The paintings are not part of Atelier. Name the directory that was measured, "
        f"*{test.data}*, to see them here."
    )
