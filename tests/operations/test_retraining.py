"""Tests of `python -m operations retrain`: when a cycle is due, and what it is given."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from core.cli import console
from core.models import versions
from core.monitoring.traffic import Traffic
from core.releases import rows
from operations import retraining
from operations.__main__ import app
from operations.accepted import NothingAccepted
from operations.cycle import Asked, CycleError, Outcome, paintings
from operations.retraining import Schedule
from tests.operations.test_accepted import accept, painted
from tests.versions import make

MODEL = "custom_cnn_improved"
FIRST = date(2026, 1, 5)


@pytest.fixture
def cycles(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The cycles that were gone through, each refused; none is, really."""
    called: list[Asked] = []

    def cycle(asked: Asked, run: Path, *, who: str, command: object) -> Outcome:
        called.append(asked)
        step = {"validate": {"refusals": ["Too few."]}}
        record = {"id": f"cycle-{len(called)}", "asked": asked.as_dict(), "steps": step}
        (run / "cycle.json").write_text(json.dumps(record))
        return Outcome(("Too few.",), None, None, run / "report.md")

    monkeypatch.setattr(retraining, "cycle", cycle)
    return called


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    data = tmp_path / "data" / "Titian"
    data.mkdir(parents=True)
    (data / "a.png").write_bytes(painted(100))
    return Schedule(data.parent, tmp_path / "runs", MODEL)


def stop(run: Path) -> None:
    """Has a cycle be one that was killed after it began."""
    record = json.loads((run / "cycle.json").read_text())
    record["steps"] = {"begin": {"champion": versions.shipped(MODEL).id}}
    (run / "cycle.json").write_text(json.dumps(record))


def files(asked: Asked) -> set[str]:
    return {each.file for each in paintings.read(asked.new)}


def test_a_quarter_passes_between_cycles_and_what_was_accepted_adds_up(schedule, cycles):
    assert "no cycle yet" in str(retraining.reason(schedule, FIRST))
    with pytest.raises(NothingAccepted):
        retraining.retrain(schedule, who="ada", today=FIRST)
    assert not schedule.runs.exists()
    one = accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    assert retraining.reason(schedule, date(2026, 4, 4)) is None
    assert "90 days ago" in str(retraining.reason(schedule, date(2026, 4, 5)))
    other = accept(painted(2), "titian")
    retraining.retrain(schedule, who="ada", today=date(2026, 4, 5))
    assert [path.name for path in sorted(schedule.runs.iterdir())] == ["2026-01-05", "2026-04-05"]
    assert files(cycles[0]) == {f"titian/visitor-{one}.jpg"}
    assert files(cycles[1]) == {f"titian/visitor-{one}.jpg", f"titian/visitor-{other}.jpg"}
    record = (cycles[1].new / "accepted.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in record[1:]] == [
        f"titian/visitor-{number}.jpg" for number in (one, other)
    ]


def test_one_that_was_stopped_goes_on_with_its_own_paintings(schedule, cycles):
    accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    (run,) = schedule.runs.iterdir()
    before = files(cycles[0])
    (run / "cycle.json").unlink()  # killed before the first step
    accept(painted(2), "titian")
    assert "goes on" in str(retraining.reason(schedule, date(2026, 1, 6)))
    retraining.retrain(schedule, who="ada", today=date(2026, 1, 6))
    assert files(cycles[1]) == before
    (run / "cycle.json").unlink()
    (run / "new" / "index.csv").unlink()  # killed while they were written
    retraining.retrain(schedule, who="ada", today=date(2026, 1, 6))
    assert len(files(cycles[2])) == 2
    assert list(schedule.runs.iterdir()) == [run]


def test_one_that_was_overtaken_does_not_stand_in_the_way(schedule, cycles):
    accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    stop(schedule.runs / "2026-01-05")
    assert "was stopped, and goes on" in str(retraining.reason(schedule, date(2026, 1, 6)))
    rows.release(MODEL, make(3.0, MODEL).id, who="bob")
    assert "another version" in str(retraining.reason(schedule, date(2026, 1, 6)))
    accept(painted(2), "titian")
    retraining.retrain(schedule, who="ada", today=date(2026, 1, 6))
    assert cycles[-1].new.parent.name == "2026-01-06"
    assert len(files(cycles[-1])) == 2


@pytest.mark.parametrize("name", ["share", "photos", "data"])
def test_one_of_other_options_does_not_stand_in_the_way(name, schedule, cycles, tmp_path):
    one = accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    stop(schedule.runs / "2026-01-05")
    shutil.copytree(schedule.data, tmp_path / "more")
    now = replace(schedule, **{name: 0.5 if name == "share" else tmp_path / "more"})
    assert f"another {name}" in str(retraining.reason(now, date(2026, 1, 6)))
    retraining.retrain(now, who="ada", today=date(2026, 1, 6))
    assert cycles[-1].new.parent.name == "2026-01-06"
    assert files(cycles[-1]) == {f"titian/visitor-{one}.jpg"}  # no cycle has ended with it
    assert retraining.reason(now, date(2026, 1, 7)) is None
    with pytest.raises(NothingAccepted):
        retraining.retrain(now, who="ada", today=date(2026, 1, 7))


def test_one_whose_data_were_divided_anew_does_not_stand_in_the_way(schedule, cycles):
    (schedule.data / "index.csv").write_text("file,artist,split\nTitian/a.png,Titian,train\n")
    one = accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    stop(schedule.runs / "2026-01-05")
    assert "goes on" in str(retraining.reason(schedule, date(2026, 1, 6)))
    (schedule.data / "index.csv").write_text("file,artist,split\nTitian/a.png,Titian,val\n")
    assert "not what the cycle of 2026-01-05 began with" in str(
        retraining.reason(schedule, date(2026, 1, 6))
    )
    with pytest.raises(CycleError, match="cannot go on: another begins tomorrow"):
        retraining.retrain(schedule, who="ada", today=FIRST)
    retraining.retrain(schedule, who="ada", today=date(2026, 1, 6))
    assert cycles[-1].new.parent.name == "2026-01-06"
    assert files(cycles[-1]) == {f"titian/visitor-{one}.jpg"}


def test_one_of_before_divisions_were_kept_goes_on(schedule, cycles):
    accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    stop(schedule.runs / "2026-01-05")
    record = json.loads((schedule.runs / "2026-01-05" / "cycle.json").read_text())
    del record["asked"]["division"]
    (schedule.runs / "2026-01-05" / "cycle.json").write_text(json.dumps(record))
    assert "goes on" in str(retraining.reason(schedule, date(2026, 1, 6)))


def test_of_two_cycles_of_one_day_the_second_is_refused_before_any_work(schedule, cycles):
    accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    said = "cycle of 2026-01-05 cannot go on: another begins tomorrow"
    with pytest.raises(CycleError, match=said):  # also of one that has ended
        retraining.retrain(replace(schedule, share=0.5), who="ada", today=FIRST)
    stop(schedule.runs / "2026-01-05")
    with pytest.raises(CycleError, match=said):
        retraining.retrain(replace(schedule, share=0.5), who="ada", today=FIRST)
    rows.release(MODEL, make(3.0, MODEL).id, who="bob")
    with pytest.raises(CycleError, match=said):
        retraining.retrain(schedule, who="ada", today=FIRST)
    assert len(cycles) == 1


def test_one_that_was_killed_once_it_had_released_goes_on(schedule, cycles):
    schedule = replace(schedule, share=None)
    accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    stop(schedule.runs / "2026-01-05")
    rows.release(MODEL, make(3.0, MODEL).id, who="ada", evidence={"cycle": "cycle-1"})
    assert "was stopped, and goes on" in str(retraining.reason(schedule, date(2026, 1, 6)))
    retraining.retrain(schedule, who="ada", today=date(2026, 1, 6))
    assert cycles[-1].new.parent.name == "2026-01-05"


def test_drift_makes_it_due_sooner(schedule, cycles, monkeypatch):
    accept(painted(1), "titian")
    retraining.retrain(schedule, who="ada", today=FIRST)
    seen: list[Traffic] = []
    window = SimpleNamespace(is_alarm=True)
    found = SimpleNamespace(windows=[window])

    monkeypatch.setattr(
        retraining, "report", lambda version, traffic: seen.append(traffic) or found
    )
    assert retraining.reason(schedule, FIRST) is None
    assert "drifted" in str(retraining.reason(schedule, date(2026, 1, 6)))
    assert seen
    window.is_alarm = False
    assert retraining.reason(schedule, date(2026, 1, 6)) is None


def test_the_command_says_what_it_does(schedule, cycles, monkeypatch):
    monkeypatch.setattr(console, "set_up", lambda verbose, *, level: logging.debug(level))
    asked = ["retrain", "--data", str(schedule.data), "--runs", str(schedule.runs)]
    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, "No picture that was accepted" in done.stdout) == (0, True)
    accept(painted(1), "titian")
    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, done.stderr) == (3, "There was no cycle yet.\nToo few.\n")
    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, done.stdout) == (0, "Nothing is due.\n")
    assert CliRunner().invoke(app, [*asked, "--now"]).exit_code == 3
    assert len(cycles) == 2
