"""Tests of `python -m operations report | watch | export | forget`."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from core import identify, journal, models
from core.cli import console
from core.identify import Observation
from core.journal import paintings
from core.models import versions
from core.releases import rows
from operations.__main__ import app
from tests.conftest import ROOT
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(console, "set_up", lambda verbose, *, level: logging.debug(level))

    def run(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.fixture
def asked() -> list[int]:
    """Thirty predictions, a day each, of which every third was answered for."""
    numbers = []
    rng = np.random.default_rng(0)
    for n in range(30):
        logits = rng.normal(0, 1, len(SHIPS.entry.artists) + 1).astype(np.float32)
        logits[n] += 9
        seen = Observation(
            logits, rng.normal(0, 0.1, 64).astype(np.float32), 0.4, 0.2, 1.5, 900, "PNG"
        )
        found = identify.of_observation(SHIPS.entry, SHIPS.id, seen)
        when = datetime.now(UTC) - timedelta(days=30 - n, hours=1)
        numbers.append(
            journal.record(found, picture_sha256=f"{n:064}", session="secret", time=when)
        )
        if n % 3 == 0:
            journal.give_feedback(numbers[-1], right=n % 2 == 0, artist_id="titian", time=when)
    return numbers


def test_a_report_as_lines_as_json_and_as_a_page(run, asked, tmp_path):
    told = run("report")
    assert told.startswith("pictures: 30\n")
    assert "right, say visitors: 50.0% (23.7% to 76.3% of 10)" in told
    found = json.loads(run("report", MODEL, "--json"))
    assert (found["model"], found["version"], found["pictures"]) == (MODEL, SHIPS.id, 30)
    assert found["whole"]["visitors"]["of"] == 10
    paintings.record("refine", seconds=20.0, pixels=9, content_loss=0.5, style_loss=0.25)
    assert "refine: 1 pictures, seconds 20 (20 in nine of ten)" in run("report")
    (painted,) = json.loads(run("report", "--json"))["paintings"]
    assert painted["spreads"]["style_loss"]["median"] == 0.25
    rows.release(MODEL, make(3.0).id, who="<b>ada</b>", reason="a & b")
    page = tmp_path / "report.html"
    run("report", "-o", str(page))
    text = page.read_text()
    assert "pictures: 30" in text
    assert "0.25 (0.25 in nine of ten)" in text
    assert "&lt;b&gt;ada&lt;/b&gt;" in text
    assert "a &amp; b" in text


def test_a_report_of_nothing(run):
    assert run("report", "vgg16") == "pictures: 0\n"
    assert "there are" in run("report", "no-such-model", status=2)


def test_the_record_holds_all_and_no_session(run, asked, tmp_path):
    file = tmp_path / "record.parquet"
    run("export", "-o", str(file))
    table = pd.read_parquet(file)
    assert table["id"].tolist() == asked
    assert "session" not in table
    assert table["right"].notna().sum() == 10
    assert (table["stranger"] == False).sum() == 10  # noqa: E712 - a column
    assert len(table["logits"][0]) == len(SHIPS.entry.artists) + 1
    assert len(table["projection"][0]) == 64
    assert set(table["version"]) == {SHIPS.id}
    other = tmp_path / "other.parquet"
    run("export", "-o", str(other), "--model", "vgg16")
    assert len(pd.read_parquet(other)) == 0


def test_what_is_too_old_is_forgotten(run, asked, monkeypatch):
    assert "ATELIER_JOURNAL_DAYS" in run("forget", status=2)
    run("forget", "--days", "10")
    assert [each.id for each in journal.predictions()] == asked[:-10:-1]
    assert set(journal.feedback()) <= set(asked[-9:])
    from core.settings import settings

    monkeypatch.setenv("ATELIER_JOURNAL_DAYS", "5")
    settings.cache_clear()
    run("watch", "--once")
    assert [each.id for each in journal.predictions()] == asked[:-5:-1]


def test_a_watch_takes_back_what_fails(run):
    made = make(3.0)
    rows.release(MODEL, made.id, who="ada")
    assert run("watch", "--once") == ""
    for _ in range(10):
        with pytest.raises(OSError, match="gone"), journal.failures_kept(MODEL, made.id):
            raise OSError("gone")
    told = run("watch", MODEL, "--once")
    assert told.startswith(f"{MODEL} {made.id} retired: 10 of 10 requests failed")
    assert rows.current(MODEL).champion is None


def test_a_watch_goes_on_until_it_is_told_to_end(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "operations", "watch", "--every", "1", "--json"],
        cwd=ROOT,
        env={**os.environ, "ATELIER_JOURNAL_URL": f"sqlite:///{tmp_path / 'journal.db'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    made = make(3.0)
    rows.release(MODEL, made.id, who="ada")
    for _ in range(10):
        with pytest.raises(OSError, match="gone"), journal.failures_kept(MODEL, made.id):
            raise OSError("gone")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert (told["role"], told["version"], told["who"]) == ("retired", made.id, "watch")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
