"""An index file is read as it was written, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import files
from core.similar import index_file
from core.similar.index_file import Index

MADE_BY = "1 network 224 2 abc"

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
numbers = st.integers(0, 2**62)
states = st.dictionaries(names, st.tuples(numbers, numbers), max_size=6)
quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def index(of: dict[str, tuple[int, int]], left_out: dict[str, tuple[int, int]]) -> Index:
    rows = np.random.default_rng(len(of)).normal(size=(len(of), 5)).astype(np.float16)
    return Index(of, rows, left_out)


def written(folder: Path) -> tuple[Path, Index]:
    file = folder / "a.similar"
    made = index({"a.jpg": (3, 4), "b/ü.jpg": (5, 6)}, {"c.jpg": (7, 8)})
    index_file.write(file, made, MADE_BY)
    return file, made


def is_same(found: Index | None, made: Index) -> bool:
    return (
        found is not None
        and list(found.states.items()) == list(made.states.items())
        and found.left_out == made.left_out
        and np.array_equal(found.rows, made.rows)
    )


@quick
@given(states, states)
def test_what_is_written_is_read(tmp_path: Path, of, left_out):
    file, made = tmp_path / "a.similar", index(of, left_out)
    digest = index_file.write(file, made, MADE_BY)
    found = index_file.read(file, MADE_BY)
    assert is_same(found, made)
    assert found is not None
    assert found.digest == digest


@quick
@given(st.data())
def test_a_truncated_or_longer_file_is_refused(tmp_path: Path, data):
    file, _ = written(tmp_path)
    whole = file.read_bytes()
    length = data.draw(st.integers(0, len(whole) - 1))
    file.write_bytes(whole[:length])
    assert index_file.read(file, MADE_BY) is None
    file.write_bytes(whole + data.draw(st.binary(min_size=1, max_size=9)))
    assert index_file.read(file, MADE_BY) is None


@quick
@given(st.data())
def test_a_changed_byte_anywhere_is_refused(tmp_path: Path, data):
    file, _ = written(tmp_path)
    whole = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(whole)
    assert index_file.read(file, MADE_BY) is None


@quick
@given(st.binary(max_size=200))
def test_any_sealed_content_is_read_or_refused(tmp_path: Path, content: bytes):
    """What agrees with its digest and is no index, is refused as well."""
    file = tmp_path / "a.similar"
    index_file.seal(file, (content,))
    assert index_file.read(file, MADE_BY) is None


@pytest.mark.parametrize(
    "header",
    [
        '{"made_by":"%s","dimension":5,"paintings":[["a",1,2]],"left_out":[]}',  # without rows
        '{"made_by":"%s","dimension":0,"paintings":[["a",1,2]],"left_out":[],"more":1}',
        '{"made_by":"%s","dimension":0,"paintings":[["a",-1,2]],"left_out":[]}',
        '{"made_by":"%s","dimension":0,"paintings":[["a","1",2]],"left_out":[]}',
        '{"made_by":"%s","dimension":1e400,"paintings":[],"left_out":[]}',
        "[]",
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, header: str):
    text = header.replace("%s", MADE_BY).encode()
    index_file.seal(tmp_path / "a.similar", (len(text).to_bytes(8, "little"), text))
    assert index_file.read(tmp_path / "a.similar", MADE_BY) is None


def test_rows_of_other_weights_are_never_used(tmp_path: Path):
    file, made = written(tmp_path)
    assert index_file.read(file, f"{MADE_BY}d") is None
    assert is_same(index_file.read(file, MADE_BY), made)


def test_no_file_and_no_permission_are_no_index(tmp_path: Path):
    assert index_file.read(tmp_path / "nothing.similar", MADE_BY) is None
    (tmp_path / "folder.similar").mkdir()
    assert index_file.read(tmp_path / "folder.similar", MADE_BY) is None


def test_a_write_that_fails_leaves_the_old_index(tmp_path: Path, monkeypatch):
    file, made = written(tmp_path)

    def full(self: Path, mode: str):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(files.OutputError, match="No space left"):
            index_file.write(file, index({}, {}), MADE_BY)
    assert is_same(index_file.read(file, MADE_BY), made)
    assert [path.name for path in tmp_path.iterdir()] == ["a.similar"]
