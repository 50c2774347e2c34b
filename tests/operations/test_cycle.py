"""Tests of the cycle: new paintings checked, versions compared, and a kill at any moment."""

from __future__ import annotations

import csv
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from core import artists, models
from core.cli import console
from core.models import Entry, Version, versions
from core.releases import rows
from core.releases.state import Challenger
from operations.__main__ import app
from operations.cycle import Asked, CycleError, comparing, cycle, paintings, steps, validating
from operations.cycle import state as states
from operations.cycle.paintings import Answer
from operations.cycle.steps import run_command
from tests.versions import make
from training import __main__ as training

MODEL = "custom_cnn_improved"
SHIPS = versions.shipped(MODEL)
NAMES = [artists.get(each).name for each in SHIPS.entry.artists[:3]]
_TINT = 20  # of red, by which the network below tells artists apart


def paint(path: Path, artist: int, seed: int) -> None:
    """A picture of gray blocks, tinted as the artist paints."""
    gray = np.random.default_rng(seed).integers(0, 150, (6, 6), np.uint8).repeat(16, 0)
    pixels = np.stack([gray.repeat(16, 1)] * 3, axis=-1)
    pixels[..., 0] += _TINT * artist
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def directory(path: Path, splits: Sequence[str], *, seed: int, shuffled: bool = False) -> Path:
    """Paintings of three artists in these splits, and their index; labels one artist off."""
    listed = []
    for artist in range(3):
        for number, split in enumerate(splits):
            file = f"{artist}/{number}.png"
            paint(path / file, artist, seed + 100 * artist + number)
            listed.append([file, NAMES[(artist + shuffled) % 3], split])
    with (path / "index.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["file", "artist", "split"], *listed])
    return path


@dataclass
class Network:
    """Tells artists by their tint, save those that it does not see right."""

    entry: Entry
    blind: tuple[int, ...] = ()

    def answer(self, pictures: np.ndarray) -> tuple[np.ndarray, None]:
        red, green = pictures[..., 0].mean(), pictures[..., 1].mean()
        seen = round((float(red) - float(green)) / _TINT)
        logits = np.zeros((1, len(self.entry.artists) + 1), np.float32)
        logits[0, 5 if seen in self.blind else seen] = 20
        return logits, None


@dataclass
class Training:
    """The commands of training: what was called, and a version made of what ships."""

    called: list[str] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)

    def __call__(self, arguments: Sequence[str], output: Path) -> None:
        self.called.append(arguments[0])
        self.words.append(list(arguments))
        command = get_command(training.app).commands[arguments[0]]  # type: ignore[attr-defined]
        command.make_context(arguments[0], [*arguments[1:]])  # it understands its options
        if arguments[0] == "publish":
            label = arguments[arguments.index("--version") + 1]
            entry = SHIPS.entry.model_copy(update={"version": label})
            with versions.staged() as folder:
                versions.keep(Version(entry, SHIPS.base, None), folder)
                versions.adopt(folder, MODEL)


@pytest.fixture
def blind() -> list[int]:
    """The artists that a new version does not see."""
    return []


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch, blind: list[int]) -> None:
    def load(model: str, *, version: str) -> Network:
        found = versions.find(model, version)
        return Network(found.entry, () if found.id == SHIPS.id else tuple(blind))

    monkeypatch.setattr(models, "load", load)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    data = directory(tmp_path / "data", ["train"] * 3 + ["val"] + ["test"] * 5, seed=0)
    new = directory(tmp_path / "new", ["train"] * 4 + ["val", "test"], seed=1000)
    return Asked(data, new, MODEL, share=0.2, changes=("seed=2",))


def test_new_paintings_lead_to_a_trial(asked: Asked, tmp_path: Path):
    run, commands = tmp_path / "run", Training()
    done = cycle(asked, run, who="ada", command=commands)
    assert (done.refusals, done.role) == ((), "canary")
    assert rows.current(MODEL).challenger == Challenger(done.version or "", "canary", 0.2)
    assert rows.history(MODEL)[0].evidence["frozen"]["paintings"] == 15
    assert commands.called == ["classifier", "publish"]
    with (run / "added.csv").open() as table:
        added = list(csv.DictReader(table))
    assert len(added) == 18
    assert {len(row["sha256"]) for row in added} == {64}
    told = done.report.read_text()
    assert "**On trial, canary at 20%**" in told
    assert "| accuracy | 100.0% | 100.0% |" in told
    assert "photographs" not in told
    again = cycle(asked, run, who="ada", command=commands)
    assert again == done
    assert len(rows.history(MODEL)) == 1
    assert len(commands.called) == 2


def test_a_version_that_tells_no_photographs_any_more_is_said_to(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    head = models.get(models.DEFAULT).photograph
    telling = SHIPS.entry.model_copy(update={"photograph": head})
    monkeypatch.setattr(steps._Steps, "_entry", lambda _: telling)
    run = tmp_path / "run"
    photos = replace(asked, photos=tmp_path)
    commands = Training()
    done = cycle(photos, run, who="ada", command=commands)
    assert "--photos" in done.report.read_text()
    assert commands.words[-1][-3:] == ["--photos", str(tmp_path), "--beside"]


def test_shuffled_labels_are_refused_with_the_figures(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(console, "set_up", lambda verbose, *, level: logging.debug(level))
    new = directory(
        tmp_path / "shuffled", ["train"] * 4 + ["val", "test"], seed=2000, shuffled=True
    )
    arguments = ["--data", str(asked.data), "--new", str(new), "--run", str(tmp_path / "run")]
    done = CliRunner().invoke(app, ["cycle", *arguments])
    assert done.exit_code == 3, done.output
    assert "18 of 18 labels of new paintings (100.0%) disagree" in done.stderr
    assert "wrong about 0.0% of 15 test paintings" in done.stderr
    told = (tmp_path / "run" / "report.md").read_text()
    assert told.count("**Refused.**") == 1
    assert "18 of 18 labels" in told
    assert rows.history() == []
    assert CliRunner().invoke(app, ["cycle", *arguments]).exit_code == 3
    both = CliRunner().invoke(app, ["cycle", *arguments, "--share", "0.1", "--promote"])
    assert both.exit_code == 2
    other = CliRunner().invoke(app, ["cycle", *arguments, "--promote"])
    assert other.exit_code == 1
    assert "another share" in other.stderr
    index = asked.data / "index.csv"
    index.write_text(index.read_text().replace(",val\n", ",train\n"))
    divided = CliRunner().invoke(app, ["cycle", *arguments])
    assert divided.exit_code == 1
    assert f"{asked.data} were changed or divided otherwise since" in divided.stderr


@pytest.mark.parametrize("blind", [[1]])
def test_a_version_that_does_not_know_an_artist_any_more_is_refused(asked: Asked, tmp_path: Path):
    done = cycle(asked, tmp_path / "run", who="ada", command=Training())
    assert done.role is None
    assert "66.7% against 100.0% of 15 paintings" in done.refusals[0]
    assert any(f"0% of 5 test paintings by {SHIPS.entry.artists[1]}" in r for r in done.refusals)
    assert rows.history() == []
    assert versions.find(MODEL, done.version).id == done.version  # it is kept, and serves nobody


def test_what_others_released_meanwhile_is_left_alone(asked: Asked, tmp_path: Path):
    other = make(3.0, MODEL)
    rows.canary(MODEL, other.id, 0.5, who="bob")
    with pytest.raises(CycleError, match=f"{other.id} of {MODEL} is tried out"):
        cycle(asked, tmp_path / "run", who="ada", command=Training())
    assert "**Not finished**; done: begin," in (tmp_path / "run" / "report.md").read_text()
    rows.promote(MODEL, who="bob")
    with pytest.raises(CycleError, match=f"Meanwhile the version {other.id} serves"):
        cycle(asked, tmp_path / "run", who="ada", command=Training())
    rows.rollback(MODEL, who="bob")
    assert cycle(asked, tmp_path / "run", who="ada", command=Training()).role == "canary"


def damage(new: Path, data: Path) -> None:
    (new / "0" / "0.png").write_bytes(b"no picture")


def twin(new: Path, data: Path) -> None:
    picture = Image.open(data / "1" / "8.png").resize((80, 80))
    picture.save(new / "1" / "0.png")


def trained_with(new: Path, data: Path) -> None:
    Image.open(data / "1" / "0.png").resize((80, 80)).save(new / "1" / "5.png")


def leaked(new: Path, data: Path) -> None:
    (data / "1" / "8.png").write_bytes((data / "1" / "0.png").read_bytes())


def twice(new: Path, data: Path) -> None:
    (new / "2" / "5.png").write_bytes((new / "2" / "0.png").read_bytes())


def rare(new: Path, data: Path) -> None:
    known = {*SHIPS.entry.artists}
    other = next(artist.name for artist in artists.catalogue() if artist.id not in known)
    rename(new, other)


def nobody(new: Path, data: Path) -> None:
    rename(new, "Nobody of the Catalogue")


def rename(new: Path, name: str) -> None:
    index = new / "index.csv"
    index.write_text(index.read_text().replace(f"2/0.png,{NAMES[2]}", f"2/0.png,{name}"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (damage, "1 files cannot be read: 0/0.png."),
        (twin, "1 paintings are in the test split of the data: 1/0.png shows 1/8.png."),
        (trained_with, "lie in two splits: 1/5.png and 1/0.png."),
        (leaked, "1 files of the data lie in its split train and once more in val or test"),
        (twice, "1 pairs show one painting, but name two artists or lie in two splits"),
        (rare, "there are fewer than 5 paintings"),
        (nobody, "has no Nobody of the Catalogue"),
    ],
)
def test_paintings_that_would_do_harm_are_refused(
    asked: Asked, tmp_path: Path, spoil: Callable[[Path, Path], None], told: str
):
    spoil(asked.new, asked.data)
    commands = Training()
    done = cycle(asked, tmp_path / "run", who="ada", command=commands)
    assert any(told in why for why in done.refusals), done.refusals
    assert commands.called == []
    assert told in done.report.read_text()


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("promote", [False, True])
def test_killed_between_any_step_and_its_record_it_ends_the_same(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promote: bool
):
    asked = replace(asked, share=None if promote else 0.2)
    run, keep = tmp_path / "run", states.write
    commands, lost = Training(), set[int]()

    def dying(path: Path, text: str) -> None:
        """Each record is lost the first time that it is to be written."""
        if path.name == states.FILE and (steps := len(json.loads(text)["steps"])) not in lost:
            lost.add(steps)
            raise Killed
        keep(path, text)

    monkeypatch.setattr(states, "write", dying)
    for _ in range(8):
        with pytest.raises(Killed):
            cycle(asked, run, who="ada", command=commands)
    done = cycle(asked, run, who="ada", command=commands)
    assert commands.called == ["classifier", "classifier", "publish"]
    assert done.role == ("champion" if promote else "canary")
    assert len(rows.history(MODEL)) == 1
    assert [each.id for each in versions.listed(MODEL)] == [SHIPS.id, done.version]
    record = json.loads((run / states.FILE).read_text())
    assert [*record["steps"]] == [
        *("begin", "validate", "add", "train", "publish", "compare", "release")
    ]


def test_what_training_says_when_it_fails_is_told(tmp_path: Path):
    with pytest.raises(CycleError, match=r"`training nothing` ended with status 2, see .*log"):
        run_command(["nothing"], tmp_path / "training.log")
    assert "nothing" in (tmp_path / "training.log").read_text()


def test_a_training_that_outlives_its_cycle_is_waited_for(tmp_path: Path):
    pytest.importorskip("fcntl")
    waited: list[bool] = []
    with states.alone(tmp_path, lambda: waited.append(False)):
        code = "import sys; sys.stdin.read()"
        left = subprocess.Popen([sys.executable, "-c", code], stdin=-1, close_fds=False)
    with states.alone(tmp_path, lambda: (waited.append(True), left.communicate())):
        assert waited == [True]
        assert left.returncode == 0


def test_answers_may_be_chosen_of_some_artists_alone(asked: Asked, tmp_path: Path):
    painted = [each for each in paintings.read(asked.data) if each.split == "test"]
    of_all = paintings.answers(MODEL, SHIPS.id, painted, tmp_path / "all.json")
    assert all(answer.right for answer in of_all)
    two = SHIPS.entry.artists[1:3]
    of_two = [answer.among(two) for answer in of_all]
    assert [answer.right for answer in of_two] == [answer.artist in two for answer in of_all]
    for answer in of_two:
        assert answer.chances.keys() == set(two)
        assert sum(answer.chances.values()) == pytest.approx(1)
        assert answer.probability == max(answer.chances.values())


def answered(wrong: int, of: int, artist: str = "a", sure: float = 0.9) -> list[Answer]:
    names = ["b" if i < wrong else artist for i in range(of)]
    return [Answer(f"{artist}{i}", artist, {name: sure}) for i, name in enumerate(names)]


@pytest.mark.parametrize(
    ("wrong", "of", "passes"), [(40, 100, True), (65, 100, False), (4, 4, True), (0, 0, True)]
)
def test_labels_may_disagree_as_often_as_the_version_errs_and_a_little_more(
    wrong: int, of: int, passes: bool
):
    found = validating.labels(answered(wrong, of), answered(30, 100), ["a"])
    assert (found["refusals"] == []) == passes
    assert found["allowed"] == pytest.approx(0.3958 + 0.1, abs=1e-3)  # Wilson's upper end for 30 %
    assert validating.labels(answered(90, 100), answered(30, 100), ["b"])["judged"] == 0


def test_a_comparison_is_refused_for_what_is_worse_and_nothing_else():
    champion = answered(40, 200)
    same = comparing.compare(champion, champion)
    assert comparing.objections(same, None) == []
    assert same["accuracy"] == {"challenger": 0.8, "champion": 0.8}
    assert same["calibration_error"]["champion"] == pytest.approx(0.1)
    better = comparing.compare(answered(20, 200), champion)
    assert better["difference"]["share"] == pytest.approx(0.1)
    assert comparing.objections(better, None) == []
    [why] = comparing.objections(same, comparing.compare(answered(80, 200), champion))
    assert why.startswith("It is less accurate on the new test paintings: 60.0% against 80.0%")
    worse = comparing.compare(answered(80, 200), champion)
    [why] = comparing.objections(same, everything=worse)
    assert why.startswith("With the new test paintings it may be more than 1.5% less accurate")
    assert comparing.objections(same, everything=worse, margin=0.3) == []
    boastful = comparing.compare(answered(40, 200, sure=1.0), champion)
    [why] = comparing.objections(boastful, None)
    assert why.startswith("Its calibration error on the test split is 0.200")
