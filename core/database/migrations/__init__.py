"""Versions of the tables, as scripts of Alembic."""
