"""Versions of the tables: journals of before open, several processes at once, nothing is lost."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from core import database, journal
from core.database import migrating
from core.jobs.durable import rows  # noqa: F401 - its tables are compared
from core.releases import rows as releases
from core.settings import ROOT, settings

BEFORE = (  # what the release without versions made
    """CREATE TABLE predictions (
        id {serial} PRIMARY KEY, time {time} NOT NULL, session VARCHAR NOT NULL,
        picture_sha256 VARCHAR NOT NULL, model VARCHAR NOT NULL, artists JSON NOT NULL,
        known_score {float} NOT NULL, seconds {float} NOT NULL)""",
    """CREATE TABLE feedback (
        id {serial} PRIMARY KEY, time {time} NOT NULL,
        prediction_id INTEGER NOT NULL REFERENCES predictions (id),
        "right" BOOLEAN NOT NULL, artist VARCHAR)""",
    "CREATE INDEX ix_predictions_session ON predictions (session)",
    "CREATE INDEX ix_predictions_picture_sha256 ON predictions (picture_sha256)",
    "CREATE INDEX ix_feedback_prediction_id ON feedback (prediction_id)",
    """INSERT INTO predictions (time, session, picture_sha256, model, artists, known_score, seconds)
        VALUES ('2026-11-01 10:00:00.000000', 's', 'ab', 'm',
                '[{{"id": "titian", "probability": 0.75}}]', 0.9, 0.1)""",
    """INSERT INTO feedback (time, prediction_id, "right", artist)
        VALUES ('2026-11-01 10:01:00.000000', 1, {false}, 'rembrandt')""",
)


@pytest.fixture
def before(any_database: str, monkeypatch) -> str:
    """A journal of before there were versions, with something in it."""
    sqlite = any_database.startswith("sqlite")
    words = {
        "serial": "INTEGER NOT NULL" if sqlite else "SERIAL NOT NULL",
        "float": "DOUBLE" if sqlite else "DOUBLE PRECISION",
        "time": "DATETIME" if sqlite else "TIMESTAMP",
        "false": "0" if sqlite else "false",
    }
    with create_engine(any_database).begin() as connection:
        for statement in BEFORE:
            connection.exec_driver_sql(statement.format(**words))
    monkeypatch.setenv("ATELIER_JOURNAL_URL", any_database)
    settings.cache_clear()
    return any_database


def version(url: str) -> str:
    with create_engine(url).connect() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_a_journal_of_before_keeps_all_it_has(before):
    (kept,) = journal.predictions()
    assert (kept.id, kept.session, kept.known_score) == (1, "s", 0.9)
    assert kept.artists == [{"id": "titian", "probability": 0.75}]
    assert journal.feedback()[1].artist == "rembrandt"
    assert journal.feedback()[1].stranger is None
    assert version(before) == migrating.versions()[-1]
    journal.give_feedback(1, right=True, artist_id="titian")
    assert journal.feedback()[1].right


@pytest.fixture
def of_jobs(before: str) -> str:
    """A database of the release that had jobs, and no releases of models."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    config.set_main_option("path_separator", "os")
    with create_engine(before).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "v0002")
    return before


def test_a_program_from_before_goes_on_to_say_whether_it_was_right(before):
    journal.predictions()
    with create_engine(before).begin() as connection:
        connection.exec_driver_sql(BEFORE[-1].format(false="false"))
    assert journal.feedback()[1].stranger is None


_OF_BEFORE = """INSERT INTO predictions
    (time, session, picture_sha256, model, artists, known_score, seconds)
    VALUES ('2026-11-02 10:00:00.000000', 't', 'cd', 'm', '[]', 0.5, 0.2)"""


def test_a_database_without_versions_of_models_keeps_all_and_its_program_goes_on(of_jobs):
    with create_engine(of_jobs).begin() as connection:
        connection.exec_driver_sql(_OF_BEFORE)
        connection.exec_driver_sql(
            "INSERT INTO jobs (id, task, owner, state, created, keep, attempt, crashes, cancel,"
            " events) VALUES ('j', 't', 'o', 'done', 1, 1, 1, 0, false, 0)"
        )
    assert [(row.session, row.version, row.arm) for row in journal.predictions()] == [
        ("t", None, None),
        ("s", None, None),
    ]
    assert journal.feedback()[1].artist == "rembrandt"
    assert releases.history() == []
    with create_engine(of_jobs).begin() as connection:
        assert connection.scalar(text("SELECT state FROM jobs")) == "done"
        connection.exec_driver_sql(_OF_BEFORE)  # as the program from before still writes
    assert len(journal.predictions()) == 3
    assert version(of_jobs) == migrating.versions()[-1]


def differences(url: str) -> list:
    with database.engine(url).connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), database.Base.metadata)


def test_tables_are_those_that_the_code_reads(any_database):
    assert differences(any_database) == []


def test_tables_of_before_become_those_that_the_code_reads(before):
    assert differences(before) == []


def test_versions_follow_each_other():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == migrating.versions()


def test_processes_that_open_a_database_at_once_do_not_disturb_each_other(before):
    code = "from core import journal; print(len(journal.predictions()))"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for each in running:
        out, said = each.communicate()
        assert out == b"1\n", said.decode()
    assert version(before) == migrating.versions()[-1]


def test_a_version_that_breaks_off_leaves_all_as_it_was(before, monkeypatch):
    from alembic import op

    monkeypatch.setattr(op, "create_index", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(journal.JournalError):
        journal.predictions()
    assert set(inspect(create_engine(before)).get_table_names()) == {"predictions", "feedback"}
    monkeypatch.undo()
    monkeypatch.setenv("ATELIER_JOURNAL_URL", before)
    settings.cache_clear()
    assert len(journal.predictions()) == 1


def test_a_database_of_a_newer_release_is_used_as_it_is(any_database, caplog):
    database.engine(any_database)
    with create_engine(any_database).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    with caplog.at_level(logging.WARNING):
        migrating.migrate(create_engine(any_database))
    assert "of a newer release (v9999)" in caplog.text
    assert version(any_database) == "v9999"
