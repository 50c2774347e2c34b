"""Tests of `python -m operations accepted`: what a cycle reads, and what is left out."""

from __future__ import annotations

import csv
import hashlib
import logging
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from core import artists, database, identify, images, journal
from core.cli import console
from core.journal import pictures, reviewing
from core.settings import settings
from operations.__main__ import app
from operations.accepted import NothingAccepted, write_out
from operations.cycle import paintings


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(console, "set_up", lambda verbose, *, level: logging.debug(level))

    def run(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, ["accepted", *arguments])
        assert done.exit_code == status, done.output
        return done.stderr

    return run


def painted(seed: int) -> bytes:
    """Noise that is like no other noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return images.encode(np.kron(coarse, np.ones((12, 12, 1), np.uint8)), "PNG")


def accept(data: bytes, artist: str | None) -> int:
    guess = identify.Guess(artists.get("titian"), 0.75)
    result = identify.Identification("some-model", "0123456789ab", (guess,), True, 0.9, 0.01)
    sha256 = hashlib.sha256(data).hexdigest()
    number = journal.record(result, picture_sha256=sha256, session="secret")
    journal.give_feedback(
        number, right=artist == "titian", artist_id=artist, stranger=artist is None
    )
    pictures.keep(number, data)
    reviewing.decide(reviewing.waiting(with_picture=True)[0].id, "accepted", "key ada")
    return number


def test_accepted_pictures_are_what_a_cycle_reads_with_a_record(run, tmp_path):
    one, other = accept(painted(1), "titian"), accept(painted(2), None)
    new = tmp_path / "new"
    assert "2 pictures in" in run("-o", str(new))
    found = {each.file: each for each in paintings.read(new)}
    assert found[f"titian/visitor-{one}.jpg"].artist == "titian"
    assert found[f"_other/visitor-{other}.jpg"].outside
    with (new / "accepted.csv").open() as file:
        rows = {row["prediction_id"]: row for row in csv.DictReader(file)}
    row = rows[str(one)]
    assert (row["accepted_by"], row["artist"]) == ("key ada", "Titian")
    assert row["picture_sha256"] == hashlib.sha256(painted(1)).hexdigest()
    assert row["sha256"] == hashlib.sha256((new / row["file"]).read_bytes()).hexdigest()
    assert "secret" not in (new / "accepted.csv").read_text()
    assert "is not empty" in run("-o", str(new), status=1)


def test_one_painting_is_taken_once_and_none_that_is_there_already(run, tmp_path):
    (tmp_path / "old" / "Titian").mkdir(parents=True)
    (tmp_path / "old" / "Titian" / "a.png").write_bytes(painted(1))
    accept(painted(1), "titian")  # is in the data
    once = accept(painted(2), "titian")
    accept(painted(2), "titian")  # the same again
    accept(painted(3), "titian")
    accept(painted(3), "rembrandt")  # they disagree
    said = run("-o", str(tmp_path / "new"), "--data", str(tmp_path / "old"))
    assert "1 pictures in" in said
    assert "4 show a painting that is there already" in said
    assert [Path(each.file).name for each in paintings.read(tmp_path / "new")] == [
        f"visitor-{once}.jpg"
    ]


def test_a_painter_who_was_taught_is_left_out(run, tmp_path):
    one, _ = accept(painted(1), "titian"), accept(painted(2), "grandma-moses")
    said = run("-o", str(tmp_path / "new"))
    assert "1 are by artists who are not in the catalogue" in said
    assert [each.file for each in paintings.read(tmp_path / "new")] == [f"titian/visitor-{one}.jpg"]


def test_what_a_keeper_took_back_is_in_no_later_cycle(tmp_path):
    one, other = accept(painted(1), "titian"), accept(painted(2), "titian")
    write_out(tmp_path / "one")
    said = {each.said.prediction_id: each.said.id for each in reviewing.accepted()}
    reviewing.decide(said[one], "rejected", "key ada")
    third = accept(painted(3), "titian")
    write_out(tmp_path / "two", before=tmp_path / "one")
    found = {each.file for each in paintings.read(tmp_path / "two")}
    assert found == {f"titian/visitor-{number}.jpg" for number in (other, third)}
    record = (tmp_path / "two" / "accepted.csv").read_text()
    assert f"visitor-{one}.jpg" not in record


def test_a_label_that_was_corrected_is_corrected_in_a_later_cycle(tmp_path):
    one, other = accept(painted(1), "titian"), accept(painted(2), "titian")
    write_out(tmp_path / "one")
    journal.give_feedback(one, right=False, artist_id="rembrandt")
    said = {each.prediction_id: each.id for each in reviewing.waiting(with_picture=True, limit=9)}
    reviewing.decide(said[one], "accepted", "key ada")
    write_out(tmp_path / "two", before=tmp_path / "one")
    found = {each.file: each.artist for each in paintings.read(tmp_path / "two")}
    assert found == {
        f"rembrandt/visitor-{one}.jpg": "rembrandt",
        f"titian/visitor-{other}.jpg": "titian",
    }
    assert f"titian/visitor-{one}.jpg" not in (tmp_path / "two" / "accepted.csv").read_text()
    assert not (tmp_path / "two" / "titian" / f"visitor-{one}.jpg").exists()


def test_a_label_that_a_visitor_took_back_waits_until_a_keeper_has_seen_that(tmp_path):
    one, other = accept(painted(1), "titian"), accept(painted(2), "titian")
    write_out(tmp_path / "one")
    journal.give_feedback(one, right=False, artist_id="rembrandt")
    third = accept(painted(3), "titian")
    write_out(tmp_path / "two", before=tmp_path / "one")
    found = {each.file for each in paintings.read(tmp_path / "two")}
    assert found == {f"titian/visitor-{number}.jpg" for number in (other, third)}


def test_a_label_that_was_corrected_is_gone_also_where_its_copy_is(tmp_path):
    one = accept(painted(1), "titian")
    write_out(tmp_path / "one")
    journal.give_feedback(one, right=False, artist_id="rembrandt")
    reviewing.decide(reviewing.waiting(with_picture=True)[0].id, "accepted", "key ada")
    pictures.drop(one)
    other = accept(painted(2), "titian")
    write_out(tmp_path / "two", before=tmp_path / "one")
    assert [each.file for each in paintings.read(tmp_path / "two")] == [
        f"titian/visitor-{other}.jpg"
    ]


def test_what_a_keeper_took_back_does_not_stand_in_the_way_of_the_same_painting(tmp_path):
    one, other = accept(painted(1), "titian"), accept(painted(2), "titian")
    write_out(tmp_path / "one")
    said = {each.said.prediction_id: each.said.id for each in reviewing.accepted()}
    reviewing.decide(said[other], "rejected", "key ada")
    third = accept(painted(2), "rembrandt")
    write_out(tmp_path / "two", before=tmp_path / "one")
    found = {each.file for each in paintings.read(tmp_path / "two")}
    assert found == {f"titian/visitor-{one}.jpg", f"rembrandt/visitor-{third}.jpg"}


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_what_has_come_to_be_in_the_data_is_carried_over_no_longer(tmp_path, caplog, split):
    one, other = accept(painted(1), "titian"), accept(painted(2), "titian")
    data = tmp_path / "data"
    (data / "Titian").mkdir(parents=True)
    (data / "Titian" / "a.png").write_bytes(painted(9))
    write_out(tmp_path / "one", [data])
    (data / "Titian" / "b.png").write_bytes(painted(1))  # a twin, of other bytes
    (data / "index.csv").write_text(f"file,artist,split\nTitian/b.png,Titian,{split}\n")
    written = write_out(tmp_path / "two", [data], before=tmp_path / "one", again=True)
    assert (written.pictures, written.twins) == (0, 2)  # each shows what is there already
    found = [each.file for each in paintings.read(tmp_path / "two")]
    assert found == [f"titian/visitor-{other}.jpg"]
    record = (tmp_path / "two" / "accepted.csv").read_text()
    assert f"visitor-{other}.jpg" in record
    assert f"visitor-{one}.jpg" not in record
    assert not (tmp_path / "two" / "titian" / f"visitor-{one}.jpg").exists()
    assert f"titian/visitor-{one}.jpg is left out: it shows" in caplog.text
    (data / "index.csv").unlink()
    (data / "Titian" / "c.png").write_bytes(painted(2))
    with pytest.raises(NothingAccepted, match="is there already"):
        write_out(tmp_path / "three", [data], before=tmp_path / "one", again=True)


def test_a_no_without_a_name_is_no_strangers_painting(tmp_path):
    one, other = accept(painted(1), None), accept(painted(2), "titian")
    write_out(tmp_path / "one")
    assert f"_other/visitor-{one}.jpg" in {each.file for each in paintings.read(tmp_path / "one")}
    with database.writing(settings().journal_url) as session:  # as it was kept before
        session.execute(update(journal.Feedback).values(stranger=None))
    write_out(tmp_path / "two", before=tmp_path / "one", again=True)
    assert [each.file for each in paintings.read(tmp_path / "two")] == [
        f"titian/visitor-{other}.jpg"
    ]


def test_nothing_is_written_where_nothing_was_accepted(run, tmp_path):
    new = tmp_path / "new"
    assert "No picture that was accepted" in run("-o", str(new), status=1)
    accept(painted(1), "titian")
    for path in settings().kept.iterdir():
        path.unlink()  # as on another machine
    assert "No picture that was accepted" in run("-o", str(new), status=1)
    assert not new.exists()
