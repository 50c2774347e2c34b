"""The commands, on two pairs: painted, measured, laid side by side, judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.pictures import __main__ as commands
from benchmarks.pictures import measures, painting, pairs, results
from core import images


@pytest.fixture
def run(two, monkeypatch):
    """Runs a command on the two pairs; the photo itself is what the way `photo` paints."""
    chosen, directory = two
    monkeypatch.setattr(pairs, "read", lambda: chosen)
    monkeypatch.setattr(results, "FILE", directory / "results.json")

    def painted(way, photo, style, python):
        return photo if way.name == "photo" else 255 - photo

    monkeypatch.setattr(painting, "_painted", painted)
    given = ["--photos", directory, "--paintings", directory, "--runs", directory / "runs"]

    def one(*arguments: object, everywhere: bool = True) -> str:
        line = [*arguments, *given] if everywhere else list(arguments)
        found = CliRunner().invoke(commands.app, list(map(str, line)))
        assert found.exit_code == 0, found.output
        return found.stdout

    return one


def test_what_is_measured_of_photos_and_their_negatives(run, two):
    for way in ("photo", "negative"):
        run("paint", way)
    found = json.loads(run("measure", "photo", "negative", "--save"))
    photo, negative = found["photo"], found["negative"]
    assert photo["n"] == negative["n"] == 2
    assert photo["self_similarity"]["mean"] == pytest.approx(0, abs=1e-4)
    assert negative["self_similarity"]["mean"] > 0.001
    as_they_are = found[measures.REFERENCE]["photos"]
    assert {key: photo[key] for key in as_they_are} == as_they_are
    assert found[measures.REFERENCE]["real_paintings"]["n"] == 3  # the style itself does not count
    written = json.loads((two[1] / "results.json").read_text(encoding="utf-8"))
    assert set(written["ways"]) == {measures.REFERENCE, "photo", "negative"}
    assert written["ways"]["photo"]["nearest"] == photo["nearest"]
    run("measure", "photo", "--save")  # what others measured stays
    written = json.loads((two[1] / "results.json").read_text(encoding="utf-8"))
    assert "negative" in written["ways"]


def test_a_sheet_is_judged_by_its_key(run, two):
    directory: Path = two[1]
    for way in ("photo", "negative"):
        run("paint", way)
    out, key = directory / "sheets", directory / "keys" / "one.json"
    wanted = ["--out", out, "--key", key, "--name", "one", "--seed", 5, "--per-page", 1]
    run("sheet", "photo", "negative", *wanted)
    assert sorted(path.name for path in out.iterdir()) == [
        "one-1.png", "one-2.png", "one-answers.csv"
    ]  # fmt: skip
    told = json.loads(key.read_text(encoding="utf-8"))
    for n, left in told["left"].items():
        pixels = images.load(out / f"one-{n}.png").pixels.astype(int)
        photo, painted = pixels[40:160, 14:220], pixels[40:300, 290:700]
        # Its own photo stands at the left of each page.
        alike = abs(photo.mean(axis=(0, 1)) - painted.mean(axis=(0, 1))).max() < 15
        assert alike == (left == "photo")
    answers = directory / "answers.csv"
    rows = [f"{n},{'left' if left == 'photo' else 'right'},none" for n, left in
            told["left"].items()]  # fmt: skip
    answers.write_text("\n".join(["pair,hang,painter", *rows]) + "\n", encoding="utf-8")
    found = json.loads(run("score", key, answers, everywhere=False))
    assert found["hang"]["share"] == 1
    assert found["painter"]["undecided"] == 2


def test_a_contact_sheet_shows_all(run, two):
    run("paint", "photo", "--pairs", 1)
    assert len(list((two[1] / "runs" / "photo").glob("*.png"))) == 1
    run("paint", "photo")
    run("contact", "photo", "--out", two[1] / "contact")
    page = images.load(two[1] / "contact" / "photo-1.png").pixels
    assert page.shape == (2 * 180 + 4, 3 * 236 + 4, 3)
    assert np.ptp(page[200:350, 250:450]) > 100


def test_what_was_painted_of_other_pairs_is_refused(run, two, monkeypatch):
    run("paint", "photo")
    chosen = two[0]
    others = pairs.Pairs(1, chosen.photos[:1], chosen.styles)
    monkeypatch.setattr(pairs, "read", lambda: others)
    found = CliRunner().invoke(
        commands.app,
        ["measure", "photo", "--photos", str(two[1]), "--paintings", str(two[1]),
         "--runs", str(two[1] / "runs")],
    )  # fmt: skip
    assert isinstance(found.exception, pairs.PairsError)
