"""Access to a database by its address: one engine each, transactions to read and to write.

SQLite or PostgreSQL. What a writing transaction has confirmed is on disk. Tables are brought to
their newest version when an engine is first asked for.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
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
    patience = {} if is_sqlite else {n: v for n, v in _PATIENCE.items() if n not in parsed.query}
    opened = create_engine(parsed, pool_pre_ping=True, connect_args=patience)
    if is_sqlite:
        event.listen(opened, "connect", _tune_sqlite)
        event.listen(opened, "begin", _begin_sqlite)
    else:
        event.listen(opened, "connect", _tune_postgresql)
    migrate(opened.execution_options(**_WRITES))
    return opened


# Of libpq: how long a server may not answer, in seconds, but for the last in milliseconds. By
# default one whose machine has gone holds up a thread for a quarter of an hour.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def _tune_postgresql(connection: DBAPIConnection, _record: object) -> None:
    # Times are kept without their zone, and so must be those of one zone wherever the server is.
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()


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
