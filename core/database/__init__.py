"""The database of an installation: its tables, opened by address at their newest version."""

from core.database.access import Base, DatabaseError, engine, reading, writing

__all__ = ["Base", "DatabaseError", "engine", "reading", "writing"]
