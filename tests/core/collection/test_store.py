"""The store of scans: made anew where it is old or damaged, shared by all who open it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.collection import scan, store
from tests.core.collection.conftest import (
    put,
    scanned,
)


def test_the_store_of_another_version_is_made_anew(place, measured):
    files = put(place, "a.png", "b.png")
    scan.scan(place)
    with closing(sqlite3.connect(store.path(place))) as database:
        database.execute("DROP TABLE duplicates")
        database.execute("ALTER TABLE pictures ADD COLUMN old TEXT")
        database.execute("PRAGMA user_version = 99")
        database.commit()
    assert not scan.is_complete(place)
    assert scan.duplicate_pairs(place).empty
    assert scanned(place, measured) == files
    assert scan.is_complete(place)


def ruin_all(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(20_000))


def ruin_the_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = np.random.default_rng(0).bytes(len(data) - 4096)
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


@pytest.mark.parametrize("ruin", [ruin_all, ruin_the_inside, cut])
@pytest.mark.parametrize(
    "look",
    [scan.known, scan.is_complete, scan.table, scan.duplicate_pairs, scan.scan],
    ids=lambda f: f.__name__,
)
def test_a_damaged_store_is_made_anew(place, measured, ruin, look, caplog):
    files = put(place, "a.png", "b.png")
    scan.scan(place)
    file = store.path(place)
    for end in ("-wal", "-shm"):
        assert not Path(f"{file}{end}").exists()  # closed properly: all is in the one file
    ruin(file)
    with caplog.at_level(logging.WARNING, "core.collection.store"):
        look(place)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(file) in caplog.text
    scan.scan(place)
    assert sorted(scan.table(place)["file"]) == files
    assert scan.is_complete(place)


def test_an_emptied_store_is_filled_again(place, measured):
    files = put(place, "a.png")
    scan.scan(place)
    store.path(place).write_bytes(b"")
    assert scanned(place, measured) == files


def test_a_locked_store_is_not_taken_for_a_damaged_one(place, measured, monkeypatch):
    put(place, "a.png")
    scan.scan(place)

    def locked(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_connect", locked)
        with pytest.raises(scan.ScanError):
            scan.known(place)
    assert scan.known(place) == 1


@pytest.mark.parametrize("old", [False, True])
def test_a_store_is_made_once_however_many_open_it(place, old):
    """And what the first of them writes into it stays."""
    for attempt in range(5):
        directory = place / str(attempt)
        if old:
            path = store.path(directory)
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path)) as database:
                database.execute("CREATE TABLE state (other TEXT)")
        start = threading.Barrier(8)

        def work(n: int, directory: Path = directory, start: threading.Barrier = start) -> None:
            start.wait()
            with closing(store.connect(directory)) as database:
                store.keep(database, [scan.Measured(str(n), 0, 0)])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert scan.known(directory) == 8
