"""Access to a database by its address: one engine each, transactions to read and to write.

SQLite or PostgreSQL. What a writing transaction has confirmed is on disk. Tables are brought to
their newest version when an engine is first asked for.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session

from core.database.migrating import migrate
from core.errors import AtelierError

log = logging.getLogger(__name__)

_WRITES = {"sqlite_begin": "BEGIN IMMEDIATE"}  # else a reader that begins to write may be refused


class Base(DeclarativeBase):
    """All tables, each in the module that reads and writes it."""


class DatabaseError(AtelierError, RuntimeError):
    """The database cannot be written or read; the log says why."""

    code = "database"


@contextmanager
def reading(url: str) -> Iterator[Session]:
    """A session that reads, from one moment's state of SQLite.

    Raises:
        DatabaseError: If it cannot be used.
    """
    with _told(), Session(engine(url)) as session:
        yield session


@contextmanager
def writing(url: str) -> Iterator[Session]:
    """A session in a transaction that is confirmed at the end, or undone if something is raised.

    In SQLite one transaction writes at a time, and the next one waits for it.

    Raises:
        DatabaseError: If it cannot be used.
    """
    with _told(), Session(engine(url).execution_options(**_WRITES)) as session, session.begin():
        yield session


def engine(url: str) -> Engine:
    """The engine of an address, one a process, with its tables at their newest version.

    Raises:
        SQLAlchemyError: If it cannot be opened; so do `OSError` and `ImportError`.
    """
    with _opening:  # a cache alone would let two threads open it
        return _engine(url)


_opening = threading.Lock()


@cache
def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ValueError as error:  # a port that is no number
        raise ArgumentError(str(error)) from error
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    opened = create_engine(parsed, pool_pre_ping=True)
    if is_sqlite:
        event.listen(opened, "connect", _tune_sqlite)
        event.listen(opened, "begin", _begin_sqlite)
    migrate(opened.execution_options(**_WRITES))
    return opened


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see `_begin_sqlite`
    connection.execute("PRAGMA busy_timeout=30000")  # first: the next line may have to wait
    # Write-ahead logging lets readers go on while one writes; FULL survives a power cut.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA journal_size_limit=67108864")  # pictures make it long for a moment


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    # Besides the database's own: no driver for it, or an address that makes no sense.
    except (SQLAlchemyError, OSError, ImportError) as error:
        log.exception("The database failed")
        raise DatabaseError("The database cannot be used just now.") from error
