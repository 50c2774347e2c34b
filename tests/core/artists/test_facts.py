"""The table of facts against the published one, and its figures."""

from __future__ import annotations

import pandas as pd
import pytest

from core.artists import facts
from core.artists.facts import Choice
from tests.conftest import REAL_PAINTINGS

PUBLISHED = REAL_PAINTINGS.parent / "best_artworks" / "artists.csv"


@pytest.fixture
def table() -> pd.DataFrame:
    return facts.published()


def test_the_figures_of_the_second_report_come_out(table: pd.DataFrame):
    summary = facts.summary(table)
    assert summary["count"] == 50
    assert table["paintings"].sum() == 8446
    assert round(summary["mean"], 2) == 168.92
    assert round(summary["std"], 2) == 157.45
    assert summary["50%"] == 123
    assert (summary["min"], summary["max"]) == (24, 877)
    assert (table["paintings"] >= 200).sum() == 11


@pytest.mark.real_data
@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the published table")
def test_the_facts_are_those_of_the_published_table(table: pd.DataFrame):
    theirs = pd.read_csv(PUBLISHED)
    assert len(theirs) == len(table)
    for ours, row in zip(table.itertuples(), theirs.itertuples(), strict=True):
        assert ours.id == row.id
        assert ours.paintings == row.paintings
        assert [ours.born, ours.died] == [
            int(year) for year in row.years.replace("–", "-").split("-")
        ]
        assert facts.split(ours.genre) == facts.split(row.genre)
        assert facts.split(ours.nationality) == facts.split(row.nationality)
        assert row.bio not in ours.note
        assert ours.note not in row.bio
    summary, reference = facts.summary(table), theirs["paintings"].describe()
    pd.testing.assert_series_equal(summary, reference)
    columns = facts.schema(table[facts.PUBLISHED]).set_index("column")["missing"]
    assert columns.to_dict() == theirs.drop(columns="bio").isna().sum().to_dict()
    by = facts.by(table, "nationality").set_index("nationality")["paintings"]
    apart = theirs.assign(nationality=theirs["nationality"].str.split(",")).explode("nationality")
    assert by.to_dict() == apart.groupby("nationality")["paintings"].sum().to_dict()


def test_filters_leave_who_matches(table: pd.DataFrame):
    assert len(facts.choose(table, Choice())) == 50
    dutch = facts.choose(table, Choice(nationalities=("Dutch",)))
    assert sorted(dutch["name"]) == [
        "Hieronymus Bosch",
        "Piet Mondrian",
        "Rembrandt",
        "Vincent van Gogh",
    ]
    both = facts.choose(table, Choice(genres=("Cubism", "Pop Art")))
    assert sorted(both["name"]) == ["Andy Warhol", "Pablo Picasso"]
    early = facts.choose(table, Choice(years=(1250, 1340)))
    assert list(early["name"]) == ["Giotto di Bondone"]
    assert len(facts.choose(table, Choice(at_least=200))) == 11
    assert facts.choose(table, Choice(genres=("Cubism",), years=(1250, 1300))).empty


def test_a_single_name_of_two_countries_counts_in_both(table: pd.DataFrame):
    sisley = table[table["name"] == "Alfred Sisley"]
    assert facts.by(sisley, "nationality").to_dict("records") == [
        {"nationality": "British", "artists": 1, "paintings": 259},
        {"nationality": "French", "artists": 1, "paintings": 259},
    ]


def test_movements_span_the_lives_of_their_painters(table: pd.DataFrame):
    spans = facts.movements(table).set_index("genre")
    row = spans.loc["Early Renaissance"]
    assert (row["first"], row["last"], row["artists"]) == (1445, 1510, "Sandro Botticelli")
    assert list(spans["first"]) == sorted(spans["first"])


def test_missing_values_are_counted():
    table = pd.DataFrame({"name": ["a", None], "paintings": [1, 2]})
    schema = facts.schema(table)
    assert schema["missing"].tolist() == [1, 0]
    assert schema["type"].tolist() == ["text", "number"]


def test_what_a_caller_changes_is_its_own(table: pd.DataFrame):
    table.loc[0, "paintings"] = -1
    assert facts.published()["paintings"].min() == 24
