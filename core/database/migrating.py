"""Migrations: the tables of a database brought to their newest version, by Alembic.

Versions only add to what is there, so that a release from before still works beside the next
one, and after a return to it.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Engine, func, inspect, select, text

log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).parent / "migrations"

_LOCK = 0x6174656C696572  # any number that nobody else locks by


def migrate(engine: Engine) -> None:
    """Brings the tables to their newest version; a database of before there were any, too.

    Everything happens in one transaction, and processes that do so at once wait for each other.

    Args:
        engine: Its transactions begin by locking out others who write.
    """
    newest = versions()[-1]
    if _version(engine) == newest:  # without waiting for who writes, nor for Alembic's import
        return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, newest)


def versions() -> list[str]:
    """The ids of all versions, oldest first: what the names of their files begin with."""
    return sorted(path.stem.partition("_")[0] for path in (SCRIPTS / "versions").glob("v*.py"))


def _version(engine: Engine) -> str | None:
    """The version of a database; the newest for a newer one, which has all that we need."""
    with engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    known = versions()
    if found is not None and found not in known:
        log.warning("The database is of a newer release (%s): it is used as it is", found)
        return known[-1]
    return found
