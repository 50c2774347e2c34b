"""The SQLite file in which a scan of a collection remembers what it found.

It is a cache: of another version or damaged, it is made anew. Several scans of a directory may
use it at once; what they share is the same figures for the same files.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple
from pathlib import Path

from core.collection.features import Measured
from core.errors import AtelierError
from core.settings import settings

log = logging.getLogger(__name__)

_VERSION = 3  # of tables and figures: another one makes all files be read again
_TABLES = """
    DROP TABLE IF EXISTS pictures;
    DROP TABLE IF EXISTS twins;
    DROP TABLE IF EXISTS duplicates;
    DROP TABLE IF EXISTS state;
    CREATE TABLE pictures (
        file TEXT PRIMARY KEY, bytes INTEGER, changed INTEGER, error TEXT, sha256 TEXT,
        width INTEGER, height INTEGER, brightness REAL, colourfulness REAL, palette TEXT,
        hash TEXT, small BLOB);
    CREATE TABLE duplicates (file_a TEXT, file_b TEXT, likeness REAL);
    CREATE TABLE state (reached TEXT);
"""


class ScanError(AtelierError, RuntimeError):
    """What a scan remembers cannot be written or read. Its message is one sentence."""

    code = "scan"


def path(directory: Path) -> Path:
    """Where the scan of a directory is remembered."""
    whole = directory.resolve()
    name = hashlib.sha256(os.fsencode(whole)).hexdigest()[:16]
    return settings().cache / "scans" / f"{whole.name[:40]}-{name}.db"


def connect(directory: Path) -> sqlite3.Connection:
    """Opens what is remembered of a directory, to be closed by the caller.

    Raises:
        ScanError: If the file can neither be opened nor made.
    """
    file = path(directory)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return _connect(file)
    except (OSError, sqlite3.OperationalError) as error:  # locked, full, not ours: no damage
        log.warning("The scan in %s cannot be used: %r", file, error)
        raise ScanError(
            f"The cache {file.parent} cannot be used: make room there, or name another directory "
            "in ATELIER_CACHE."
        ) from error
    except sqlite3.DatabaseError as error:
        log.warning("The scan remembered in %s is damaged (%s): it is made anew", file, error)
        for end in ("", "-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        return _connect(file)


def known(database: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """The files that were measured, each with its state then, see `features.state`."""
    rows = database.execute("SELECT file, bytes, changed FROM pictures")
    return {file: (size, changed) for file, size, changed in rows}


def readable(database: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """As `known`, without the files that could not be read."""
    rows = database.execute("SELECT file, bytes, changed FROM pictures WHERE error = ''")
    return {file: (size, changed) for file, size, changed in rows}


def count(database: sqlite3.Connection) -> int:
    """How many files were measured."""
    found: int = database.execute("SELECT count(*) FROM pictures").fetchone()[0]
    return found


def begin(database: sqlite3.Connection, gone: Iterable[str]) -> None:
    """Forgets files that are gone; duplicates are found anew when all the others are measured."""
    names = [(name,) for name in gone]
    with database:
        database.executemany("DELETE FROM pictures WHERE file = ?", names)
        database.executemany("DELETE FROM duplicates WHERE ? IN (file_a, file_b)", names)
        database.execute("DELETE FROM state")


def keep(database: sqlite3.Connection, measured: Sequence[Measured]) -> None:
    """Remembers files in place of what was known of them."""
    rows = [astuple(row) for row in measured]
    marks = ", ".join("?" * len(rows[0]))
    with database:
        database.executemany(f"INSERT OR REPLACE INTO pictures VALUES ({marks})", rows)
        # Another scan may have found duplicates meanwhile.
        database.execute("DELETE FROM state")


def fingerprints(
    database: sqlite3.Connection, names: Collection[str]
) -> list[tuple[str, str, bytes]]:
    """File, perceptual hash and grey thumbnail of the readable ones among these, by name."""
    query = "SELECT file, hash, small FROM pictures WHERE error = '' ORDER BY file"
    return [row for row in database.execute(query) if row[0] in names]


def keep_duplicates(
    database: sqlite3.Connection, found: Iterable[tuple[str, str, float]], *, since: int
) -> None:
    """Remembers the pairs of a whole comparison, and that it is done.

    Args:
        since: The `changes_by_others` before it: where another scan has gone on meanwhile,
            nothing is kept, since that one finds the duplicates at its own end.
    """
    with database:
        database.execute("BEGIN IMMEDIATE")
        if changes_by_others(database) != since:
            return
        database.execute("DELETE FROM duplicates")
        database.executemany("INSERT INTO duplicates VALUES (?, ?, ?)", found)
        database.execute("INSERT INTO state VALUES ('duplicates found')")


def has_duplicates(database: sqlite3.Connection) -> bool:
    """Whether duplicates were looked for among all files that are known."""
    return database.execute("SELECT 1 FROM state").fetchone() is not None


def changes_by_others(database: sqlite3.Connection) -> int:
    """A number that changes when another connection has written."""
    version: int = database.execute("PRAGMA data_version").fetchone()[0]
    return version


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=30)
    try:
        _read_while_others_write(database)
        health = database.execute("PRAGMA quick_check(1)").fetchone()[0]  # a millisecond a MB
        if health != "ok":
            raise sqlite3.DatabaseError(health)
        if _version(database) != _VERSION:
            with database:
                database.execute("BEGIN IMMEDIATE")
                if _version(database) != _VERSION:  # nobody else has done it meanwhile
                    for statement in _TABLES.split(";"):
                        database.execute(statement)
                    database.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _read_while_others_write(database: sqlite3.Connection) -> None:
    """Has the page read while a scan writes. The switch does not wait for others by itself."""
    for _ in range(300):
        try:
            database.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(0.1)
    database.execute("PRAGMA journal_mode=WAL")


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return version
