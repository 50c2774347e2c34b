"""What commands that look at paintings say of models, splits and files that are not there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner

from core import images, models
from core.models import entries
from training.__main__ import app
from training.data.dataset import Painting

pytestmark = pytest.mark.tensorflow  # which the commands import, though nothing is reckoned here

COMMANDS = {
    "evaluate": (),
    "runtimes": ("evaluate",),
    "reference": ("evaluate",),
    "publish-graphs": (),
}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A directory of models to write into, without weights."""
    out = tmp_path / "assets"
    out.mkdir()
    shutil.copy(entries.ASSETS / "models.json", out)
    for entry in models.classifiers():
        (out / entry.id).mkdir()
        shutil.copy(entries.ASSETS / entry.id / "trained_on.npy", out / entry.id)
    monkeypatch.setattr(entries, "ASSETS", out)
    models.catalogue.cache_clear()
    yield out
    models.catalogue.cache_clear()


@pytest.fixture
def seen(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[Painting]]:
    """The paintings that models were shown; what comes of it is of no matter here."""
    shown: list[list[Painting]] = []

    def compare(entry, paintings, data, **_: object) -> dict[str, str]:
        shown.append(paintings)
        return {"model": entry.id}

    def measure(entry, paintings, **_: object) -> None:
        shown.append(paintings)

    def renew(entry, paintings, out) -> models.Entry:
        shown.append(paintings)
        return entry

    def load(model_id: str) -> SimpleNamespace:
        return SimpleNamespace(entry=models.get(model_id))

    def record(loaded, found, data, directory) -> str:
        shown.extend(paintings for paintings, _ in found.values())
        return loaded.entry.id

    monkeypatch.setattr("training.publishing.runtimes.compare", compare)
    monkeypatch.setattr("training.publishing.reference.measure", measure)
    monkeypatch.setattr("core.monitoring.reference.save", lambda found, entry: shipped)
    monkeypatch.setattr("training.publishing.classifier.renew_graph", renew)
    monkeypatch.setattr("training.publishing.classifier.renew_figures", lambda *_: None)
    monkeypatch.setattr("core.models.load", load)
    monkeypatch.setattr("training.publishing.evaluate.predict", lambda *_, **__: None)
    monkeypatch.setattr("training.publishing.evaluate.record", record)
    monkeypatch.setattr("training.publishing.evaluate.table", lambda *_: [])
    return shown


@pytest.fixture
def paintings(tmp_path: Path, make_picture) -> Path:
    """Two paintings of the test split, of which one is damaged, and as many of val."""
    root = tmp_path / "paintings"
    root.mkdir()
    lines = ["file,artist,split"]
    for number, split in enumerate(("test", "val")):
        (root / f"{split}.png").write_bytes(images.encode(make_picture(64, 80, seed=number)))
        (root / f"{split}_damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        lines += [f"{split}.png,Titian,{split}", f"{split}_damaged.png,Titian,{split}"]
    (root / "index.csv").write_text("\n".join(lines))
    return root


def run(command: str, data: Path, *arguments: str) -> Result:
    words = [*COMMANDS[command], command, "--data", str(data), *arguments]
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_that_is_not_there_is_refused_beside_one_that_is(command, paintings, seen):
    done = run(command, paintings, "--model", "vgg16", "--model", "typo")
    assert done.exit_code == 2
    assert "typo; there are" in " ".join(done.stderr.replace("│", " ").split())
    assert seen == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_split_without_paintings_is_named_before_a_model_is_loaded(command, paintings, seen):
    index = paintings / "index.csv"
    index.write_text("file,artist,split\ntest.png,Titian,train\n")
    done = run(command, paintings, "--model", "vgg16")
    assert done.exit_code == 2
    split = "test" if command in ("evaluate", "runtimes") else "val"
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"paintings has no paintings in its split {split}" in said
    assert "PosixPath" not in said
    assert seen == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_file_is_left_out_and_ends_nothing(command, paintings, seen):
    done = run(command, paintings, "--model", "vgg16", "--model", "vgg16")
    assert done.exit_code == 3, done.stderr
    assert "_damaged.png: " in done.stderr
    (shown,) = seen
    assert [painting.path.stem for painting in shown] == [painting.split for painting in shown]


@pytest.mark.parametrize("command", ["evaluate", "runtimes"])
def test_runtimes_too_are_not_compared_on_what_was_trained_with(
    command, paintings, seen, shipped, monkeypatch
):
    monkeypatch.setattr("training.publishing.runtimes.read", lambda path: {})
    (shipped / "vgg16" / "trained_on.npy").unlink()
    done = run(command, paintings, "--model", "vgg16")
    assert done.exit_code == 1
    assert "Not measured: " in done.stderr
    assert seen == []
    index = paintings / "index.csv"
    index.write_text("file,artist,split\ntest.png,Titian,train\n")
    assert run(command, paintings, "--model", "vgg16", "--split", "train").exit_code == 0
    assert len(seen) == 1


def test_runtimes_are_compared_of_models_that_have_a_graph(paintings, seen, shipped):
    catalogue = json.loads((shipped / "models.json").read_text())
    for entry in catalogue:
        if entry["id"] == "vgg16":
            del entry["graphs"]
    (shipped / "models.json").write_text(json.dumps(catalogue))
    models.catalogue.cache_clear()
    done = run("runtimes", paintings, "--model", "vgg16")
    assert done.exit_code == 2
    assert "with a LiteRT graph" in " ".join(done.stderr.replace("│", " ").split())
    assert run("reference", paintings, "--model", "vgg16").exit_code == 3
