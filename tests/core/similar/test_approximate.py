"""Among very many paintings cells find nearly what a look at all of them finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core import images, similar
from core.similar import approximate, index_file, search
from core.similar.index_file import Index
from tests.core.similar.conftest import indexed, put


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Index]:
    """Two thousand rows in heaps, as paintings by painters are, and their cells."""
    monkeypatch.setattr(approximate, "EXACT", 1000)
    monkeypatch.setattr(approximate, "_LOOKED_INTO", 8)
    rng = np.random.default_rng(0)
    heaps = rng.normal(size=(40, 32))[rng.integers(0, 40, 2000)]
    rows = unit(heaps + 0.5 * rng.normal(size=heaps.shape))
    path = tmp_path / "a.similar"
    index = Index({f"{n:04}": (1, n) for n in range(2000)}, rows.astype(np.float16))
    digest = index_file.write(path, index, "x")
    index = Index(index.states, index.rows, {}, digest)
    approximate.keep(path, index)
    return path, index


def test_most_of_the_nearest_are_found_with_their_cosines(many: tuple[Path, Index]):
    path, index = many
    cells = approximate.read(path, index)
    assert cells is not None
    rows = index.rows.astype(np.float32)
    hits = 0
    for number in range(0, 2000, 20):
        numbers, cosines = cells.nearest(rows[number], 5)
        every = rows @ rows[number]
        assert numbers[0] == number  # a painting finds itself
        np.testing.assert_allclose(cosines, every[numbers], atol=2e-3)
        hits += len(set(numbers.tolist()) & set(np.argsort(-every)[:5].tolist()))
    assert hits / 500 > 0.9


def test_cells_of_another_index_or_damaged_ones_are_not_used(many: tuple[Path, Index]):
    path, index = many
    other = Index(index.states, index.rows, {}, bytes(32))
    assert approximate.read(path, other) is None
    assert not approximate.is_kept(path, other)
    beside = path.with_suffix(".cells")
    whole = bytearray(beside.read_bytes())
    for place in (0, 40, 100, len(whole) // 2, len(whole) - 1):
        changed = whole.copy()
        changed[place] ^= 1
        beside.write_bytes(changed)
        assert approximate.read(path, index) is None
    for length in (0, 50, 80, len(whole) - 1):
        beside.write_bytes(whole[:length])
        assert approximate.read(path, index) is None


def test_cells_of_another_version_are_not_used(many: tuple[Path, Index]):
    path, index = many
    index_file.seal(path.with_suffix(".cells"), (index.digest, b"of another version"))
    assert approximate.read(path, index) is None


def test_a_small_index_needs_none_and_loses_what_it_had(many: tuple[Path, Index]):
    path, index = many
    small = Index(dict(list(index.states.items())[:10]), index.rows[:10], {}, index.digest)
    assert approximate.is_kept(path, small)
    approximate.keep(path, small)
    assert not path.with_suffix(".cells").exists()
    assert approximate.read(path, small) is None


def test_a_large_collection_is_searched_by_cells(place: Path, described: list[int], monkeypatch):
    put(place, *(f"{n:03}.png" for n in range(60)))
    indexed(place)
    picture = images.load(place / "031.png")
    exact = similar.similar(picture, place)
    monkeypatch.setattr(approximate, "EXACT", 50)
    monkeypatch.setattr(search, "_loaded", {})
    assert not similar.is_complete(place)  # the cells are missing
    assert similar.similar(picture, place)[0].painting.file == "031.png"  # and it works without
    similar.build(place)
    assert similar.is_complete(place)
    monkeypatch.setattr(search, "_loaded", {})
    monkeypatch.setattr(search, "_cosines", None)  # not looked at
    found = similar.similar(picture, place)
    assert [each.painting.file for each in found] == [each.painting.file for each in exact]
    assert len(similar.like("031.png", place)) == 5
