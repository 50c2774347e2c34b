"""The one reader of `assets/artists.csv`: rows as the file has them."""

from __future__ import annotations

import csv
from typing import TypedDict, cast

from core.settings import ROOT

TABLE = ROOT / "assets" / "artists.csv"


class Row(TypedDict):
    """One artist as the table has it; what is not known is empty.

    The fifty of *Best Artworks of All Time* have `paintings` and `best_artworks_id`; values of
    `genre` and `nationality` are joined by commas, `aliases` by semicolons.
    """

    id: str
    name: str
    years: str
    genre: str
    nationality: str
    wikipedia: str
    paintings: str
    best_artworks_id: str
    note: str
    aliases: str


def rows() -> list[Row]:
    """All rows, in the order of the file."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [cast(Row, row) for row in csv.DictReader(file)]
