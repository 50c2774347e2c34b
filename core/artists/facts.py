"""The table of facts on the fifty artists of *Best Artworks of All Time*, and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd

from core.artists.people import catalogue
from core.artists.reading import rows

SEVERAL = ("genre", "nationality")  # columns that may hold several values, joined by commas
PUBLISHED = ["id", "name", "years", "genre", "nationality", "wikipedia", "paintings"]


@dataclass(frozen=True)
class Choice:
    """Which artists to look at; empty and None stand for all.

    Attributes:
        years: Only who was alive in some year from the first to the last.
        at_least: Only who has at least so many paintings.
    """

    genres: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    at_least: int = 0


@cache
def _read() -> pd.DataFrame:
    people = {artist.id: artist for artist in catalogue()}
    table = pd.DataFrame(
        {
            **row,
            "id": int(row["best_artworks_id"]),
            "paintings": people[row["id"]].paintings,
            "born": people[row["id"]].born,
            "died": people[row["id"]].died,
        }
        for row in rows()
        if row["best_artworks_id"]
    )
    return table.sort_values("id", ignore_index=True)[[*PUBLISHED, "born", "died", "note"]]


def published() -> pd.DataFrame:
    """The table, one row an artist: `PUBLISHED` as published, and `born`, `died`, `note`."""
    return _read().copy()


def choose(table: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """The rows of a table that a choice leaves."""
    keep = table["paintings"] >= choice.at_least
    for column, wanted in (("genre", choice.genres), ("nationality", choice.nationalities)):
        if wanted:
            keep &= table[column].map(lambda text, w=set(wanted): bool(w & set(split(text))))
    if choice.years:
        first, last = choice.years
        keep &= (table["born"] <= last) & (table["died"] >= first)
    return table[keep]


def split(text: str) -> list[str]:
    """The values of a cell of `SEVERAL`."""
    return [value.strip() for value in text.split(",")]


def values(table: pd.DataFrame, column: str) -> list[str]:
    """All values of a column of `SEVERAL`, sorted."""
    return sorted({value for text in table[column] for value in split(text)})


def by(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Artists and paintings by a column of `SEVERAL`, the most paintings first.

    An artist with several values counts under each, so the sums may exceed the total.
    """
    apart = table.assign(**{column: table[column].map(split)}).explode(column)
    sums = apart.groupby(column, as_index=False).agg(
        artists=("name", "count"), paintings=("paintings", "sum")
    )
    return sums.sort_values(["paintings", column], ascending=[False, True], ignore_index=True)


def movements(table: pd.DataFrame) -> pd.DataFrame:
    """When each movement had painters: `genre`, `first` birth, `last` death, `artists`."""
    apart = table.assign(genre=table["genre"].map(split)).explode("genre")
    spans = apart.groupby("genre", as_index=False).agg(
        first=("born", "min"),
        last=("died", "max"),
        artists=("name", lambda names: ", ".join(names)),
    )
    return spans.sort_values(["first", "last"], ignore_index=True)


def summary(table: pd.DataFrame) -> pd.Series:
    """Count, mean, standard deviation (n - 1), minimum, quartiles and maximum of paintings."""
    return table["paintings"].describe()


def schema(table: pd.DataFrame) -> pd.DataFrame:
    """Each column's type, how many values are missing and how many differ."""
    return pd.DataFrame(
        {
            "column": table.columns,
            "type": ["number" if is_number(table[c]) else "text" for c in table.columns],
            "missing": [int(table[c].isna().sum()) for c in table.columns],
            "different": [int(table[c].nunique()) for c in table.columns],
        }
    )


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return bool(pd.api.types.is_numeric_dtype(column))
