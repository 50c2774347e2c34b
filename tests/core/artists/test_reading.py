"""The rows of the table, as the file has them."""

from __future__ import annotations

from core.artists import reading


def test_rows_have_the_columns_that_are_promised():
    header = reading.TABLE.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert set(header) == reading.Row.__required_keys__
    for row in reading.rows():
        assert list(row) == header
        assert all(isinstance(value, str) for value in row.values())


def test_only_what_is_not_known_is_empty():
    optional = {"paintings", "best_artworks_id", "aliases"}
    for row in reading.rows():
        assert {name for name, value in row.items() if not value} <= optional
        assert bool(row["paintings"]) == bool(row["best_artworks_id"])
