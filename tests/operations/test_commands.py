"""Tests of `python -m operations`: commands, their results and exit statuses."""

from __future__ import annotations

import getpass
import json
import logging

import pytest
from typer.testing import CliRunner

from core import models
from core.cli import console
from core.models import versions
from core.releases import rows
from core.releases.state import Challenger, State
from operations.__main__ import app
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL).id


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Runs a command in this process, whose log stays as it is."""
    monkeypatch.setattr(console, "set_up", lambda verbose, *, level: logging.debug(level))

    def run(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    return run


def test_a_version_from_canary_to_rollback(run, tmp_path):
    made = make(3.0)
    evidence = tmp_path / "evidence.json"
    evidence.write_text('{"gain": 0.02}')
    told = run("canary", MODEL, made.id, "--share", "0.2", "--reason", "to see")
    assert told == f"{MODEL}: what ships serves, canary {made.id} at 20%\n"
    assert rows.current(MODEL).challenger == Challenger(made.id, "canary", 0.2)
    run("canary", MODEL, "--share", "0.5")
    found = json.loads(run("promote", MODEL, "--who", "ada", "--evidence", str(evidence), "--json"))
    assert found == rows.history(limit=1)[0].as_dict()
    assert (found["who"], found["evidence"], found["role"]) == ("ada", {"gain": 0.02}, "champion")
    two = make(4.0)
    run("release", MODEL, two.id)
    assert run("rollback", MODEL, made.id) == f"{MODEL}: {two.id} serves\n"
    assert run("rollback", MODEL) == f"{MODEL}: what ships serves\n"
    assert rows.current(MODEL) == State()
    assert rows.history(limit=1)[0].who == getpass.getuser()


def test_history_and_versions_are_listed(run):
    one, two = make(3.0), make(4.0)
    run("release", MODEL, one.id, "--reason", "first")
    run("release", MODEL, two.id)
    told = run("history")
    assert told.startswith(f"{MODEL}: {two.id} serves, before it {one.id}\n")
    assert told.rstrip().endswith(f"{one.id} champion, {getpass.getuser()}: first")
    listed = [json.loads(line) for line in run("history", MODEL, "--json").splitlines()]
    assert [row["version"] for row in listed] == [two.id, one.id]
    listed = [json.loads(line) for line in run("versions", MODEL, "--json").splitlines()]
    assert {row["version"]: row["role"] for row in listed} == {
        SHIPS: None,
        one.id: None,
        two.id: "champion",
    }
    assert [row["ships"] for row in listed] == [True, False, False]
    assert f"{MODEL} {SHIPS}" in run("versions")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("release", MODEL, "0" * 12), 2, "has no version"),
        (("release", "nobody", "0" * 12), 2, "No model 'nobody'"),
        (("history", "nobody"), 2, "No model 'nobody'"),
        (("release", MODEL, SHIPS), 1, "serves already"),
        (("promote", MODEL), 1, "none can be promoted"),
        (("rollback", MODEL), 1, "none is before it"),
        (("canary", MODEL), 1, "say which one"),
        (("canary", MODEL, "--share", "2"), 2, "--share"),
        (("push", MODEL, "0" * 12, "somewhere"), 2, "has no version"),
        (("push", MODEL, SHIPS, "hub:nowhere"), 1, "is no repository"),
        (("push", MODEL, SHIPS, "hub:a/b"), 1, "ATELIER_OFFLINE"),
        (("pull", MODEL, "0" * 12, "/nowhere"), 1, "has no version"),
        (("pull", MODEL, "../../..", "/nowhere"), 1, "12 hexadecimal digits"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(run, arguments, status: int, told: str):
    assert told in run(*arguments, status=status)
    assert rows.history() == []


@pytest.mark.parametrize(("content", "told"), [("{", "is no JSON"), ("[]", "holds no JSON object")])
def test_evidence_that_is_none_is_wrong_usage(run, tmp_path, content: str, told: str):
    made, path = make(3.0), tmp_path / "evidence.json"
    path.write_text(content)
    assert told in run("release", MODEL, made.id, "--evidence", str(path), status=2)
    assert told not in run("release", MODEL, made.id)


def test_without_the_database_it_fails(run, monkeypatch):
    from core.settings import settings

    monkeypatch.setenv("ATELIER_JOURNAL_URL", "sqlite:////proc/nowhere/journal.db")
    settings.cache_clear()
    assert "The database cannot be used" in run("rollback", MODEL, status=1)
