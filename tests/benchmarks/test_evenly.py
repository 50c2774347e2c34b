"""Paintings that benchmarks choose: none twice, however few there are."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks import estimated_accuracy, evenly, similar


def run(main, *arguments: object):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_none_is_chosen_twice():
    assert evenly.chosen("abcdefghi", 3, what="letters") == ["a", "e", "i"]
    assert evenly.chosen("abc", 50, what="letters") == ["a", "b", "c"]
    assert evenly.chosen("abc", 1, what="letters") == ["a"]
    with pytest.raises(typer.BadParameter, match="has no letters"):
        evenly.chosen("", 3, what="letters")


@pytest.fixture
def paintings(tmp_path, make_picture):
    from core import images

    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(images.encode(make_picture(64, 64, seed=n)))
    lines = ["file,artist,split", *(f"{n}.png,Titian,test" for n in range(3))]
    (tmp_path / "index.csv").write_text("\n".join(lines))
    return tmp_path


def test_accuracy_is_estimated_of_the_paintings_that_there_are(paintings, monkeypatch):
    sample = SimpleNamespace(known=np.ones(3, bool), named=np.zeros(3))
    monkeypatch.setattr(
        "core.identify.identify", lambda *_, **__: SimpleNamespace(observation=object())
    )
    monkeypatch.setattr(estimated_accuracy, "of_observations", lambda entry, seen: sample)
    monkeypatch.setattr(
        "core.monitoring.estimation.accuracy",
        lambda *_, **__: SimpleNamespace(share=0.5, low=0.4, high=0.6),
    )
    done = run(estimated_accuracy.main, "--data", paintings, "--paintings", 50)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["paintings"] == 3


def test_paintings_look_for_themselves_once(paintings, monkeypatch):
    monkeypatch.setattr(similar.similar, "is_complete", lambda data: True)
    monkeypatch.setattr(similar.similar, "count", lambda data: 3)
    monkeypatch.setattr(similar, "_recall", lambda data, chosen, change: float(len(chosen)))
    monkeypatch.setattr(similar, "_same_painter", lambda data, known: float(len(known)))
    monkeypatch.setattr(similar, "_times", lambda data: {})
    done = run(similar.main, "--data", paintings)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["looked_for"], found["same_painter"], found["recall"]["crop"]) == (3, 3, 3)


@pytest.mark.parametrize("benchmark", [estimated_accuracy, similar])
def test_none_at_all_is_one_sentence_before_the_work(benchmark, paintings):
    index = paintings / "index.csv"
    index.write_text(index.read_text().replace("test", "train"))
    done = run(benchmark.main, "--data", paintings)
    assert done.exit_code == 2
    assert "has no paintings of the split test" in " ".join(done.stderr.replace("│", " ").split())
