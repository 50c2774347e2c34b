"""What was measured of the classifiers, read back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import models
from core.models import evaluations

LITE = models.get("efficientnet_lite0")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of what lies beside one model, weights included."""
    shutil.copytree(models.ASSETS / LITE.id, tmp_path / LITE.id)
    shutil.copy(models.ASSETS / LITE.file.name, tmp_path / LITE.file.name)
    return tmp_path


def test_every_model_that_ships_is_evaluated_as_it_is():
    for entry in models.classifiers():
        found = evaluations.read(entry)
        assert found is not None, f"measure {entry.id} again"
        assert found.splits["test"].figures["paintings"] > 0


def test_changed_weights_are_not_evaluated_any_more(shelf: Path):
    assert evaluations.read(LITE, shelf) is not None
    with (shelf / LITE.file.name).open("ab") as file:
        file.write(b"\0")
    assert evaluations.read(LITE, shelf) is None


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"model": "x"', "\xff"])
def test_a_damaged_evaluation_is_none(shelf: Path, text: str):
    (shelf / LITE.id / "evaluation.json").write_bytes(text.encode("latin-1"))
    assert evaluations.read(LITE, shelf) is None


def test_the_tables_are_as_they_were_written():
    for entry in models.classifiers():
        for name in evaluations.TABLES:
            there = (models.ASSETS / entry.id / f"{name}.csv").exists()
            assert there or name == "search"  # not all were searched for
            assert (evaluations.table(entry, name) is not None) == there, (entry.id, name)
        paintings = evaluations.table(entry, "paintings")
        confusion = evaluations.table(entry, "confusion")
        figures = evaluations.read(entry).splits["test"].figures
        known = paintings["artist"].notna()
        assert known.sum() == figures["paintings"] == confusion.iloc[:, 1:].to_numpy().sum()
        right = (paintings["artist"] == paintings["named"])[known]
        assert right.mean() == pytest.approx(figures["accuracy"], abs=1e-4)
        assert len(evaluations.errors(paintings)) == (~right).sum()


@pytest.mark.parametrize("name", evaluations.TABLES)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\x00",
        b"a,b\n1,2\n",
        b'"artist\n',
        b"file,artist,named,probability,known_score,name,precision,recall,f1,paintings,from,to,"
        b"confidence,accuracy,epoch\nx,y,z,w,w,w,w,w,w,w,w,w,w,w,w\n",
    ],
)
def test_a_damaged_table_is_none(shelf: Path, name: str, content: bytes):
    (shelf / LITE.id / f"{name}.csv").write_bytes(content)
    assert evaluations.table(LITE, name, shelf) is None


@pytest.mark.parametrize("name", evaluations.TABLES)
def test_a_table_without_rows_is_none(shelf: Path, name: str):
    path = shelf / LITE.id / f"{name}.csv"
    some = path.read_text() if path.exists() else "trial,units,learning_rate,val_macro\n"
    path.write_text(some.splitlines()[0] + "\n")
    assert evaluations.table(LITE, name, shelf) is None


def test_a_confusion_matrix_must_be_square(shelf: Path):
    path = shelf / LITE.id / "confusion.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert evaluations.table(LITE, "confusion", shelf) is None


def test_a_missing_table_or_recipe(shelf: Path):
    shutil.rmtree(shelf / LITE.id)
    assert evaluations.table(LITE, "history", shelf) is None
    assert evaluations.recipe(LITE, shelf) == {}
    (shelf / LITE.id).mkdir()
    (shelf / LITE.id / "options.json").write_text("[]")
    assert evaluations.recipe(LITE, shelf) == {}


def test_the_overview_holds_the_figures_of_the_files_best_first():
    entries = models.classifiers()
    table = evaluations.overview(entries)
    assert table["test"].is_monotonic_decreasing
    for entry in entries:
        row = table.set_index("model").loc[entry.id]
        written = json.loads((models.ASSETS / entry.id / "evaluation.json").read_text())
        for split in evaluations.SPLITS:
            measured = written["splits"].get(split, {"figures": {}})["figures"].get("accuracy")
            assert row[split] == measured if measured else np.isnan(row[split])
        test = written["splits"]["test"]
        for name in ("macro_accuracy", "macro_f1", "top5_accuracy", "calibration_error"):
            assert row[name] == test["figures"][name]
        assert row["milliseconds"] == written["milliseconds"]
        assert row["measured"] == test["date"]
        assert row["megabytes"] == round(entry.total_bytes / 1e6, 1)


def test_in_the_overview_what_is_not_measured_is_empty(shelf: Path):
    path = shelf / LITE.id / "evaluation.json"
    text = path.read_text()
    written = json.loads(text)
    written["splits"] = {"val": written["splits"]["test"]}
    path.write_text(json.dumps(written))
    (row,) = evaluations.overview([LITE], shelf).to_dict("records")
    assert row["evaluated"]
    assert row["val"] == written["splits"]["val"]["figures"]["accuracy"]
    assert np.isnan(row["test"])
    assert np.isnan(row["macro_f1"])
    assert row["measured"] == ""
    path.unlink()
    (row,) = evaluations.overview([LITE], shelf).to_dict("records")
    assert not row["evaluated"]
    assert np.isnan(row["val"])
    assert np.isnan(row["milliseconds"])
    path.write_text(text)
    unknown = LITE.model_copy(update={"id": "unknown", "title": "Unknown"})
    assert list(evaluations.overview([unknown, LITE], shelf)["model"]) == [LITE.id, "unknown"]
    assert evaluations.overview([]).empty


def test_a_model_that_cannot_tell_strangers_has_no_known_scores(shelf: Path):
    path = shelf / LITE.id / "paintings.csv"
    path.write_text("file,artist,named,probability,known_score\na.jpg,x,x,0.5,\nb.jpg,x,y,0.5,\n")
    found = evaluations.table(LITE, "paintings", shelf)
    assert found is not None
    assert found["known_score"].isna().all()
    path.write_text("file,artist,named,probability,known_score\na.jpg,x,x,0.5,\nb.jpg,x,y,0.5,1\n")
    assert evaluations.table(LITE, "paintings", shelf) is None


def test_confused_pairs_by_frequency_then_share():
    confusion = pd.DataFrame(
        [["a", 8, 2, 0], ["b", 2, 1, 1], ["c", 0, 0, 5]], columns=["artist", "a", "b", "c"]
    )
    pairs = evaluations.confused_pairs(confusion)
    rows = pairs[["artist", "named", "times", "paintings"]].to_numpy().tolist()
    assert rows == [["b", "a", 2, 4], ["a", "b", 2, 10], ["b", "c", 1, 4]]
    assert pairs["share"].tolist() == [0.5, 0.2, 0.25]


def test_errors_are_of_known_painters_the_surest_first():
    paintings = pd.DataFrame(
        {
            "file": list("pqrs"),
            "artist": ["a", "a", None, "b"],
            "named": ["b", "a", "a", "a"],
            "probability": [0.5, 0.99, 0.98, 0.7],
            "known_score": [1.0, 1.0, 1.0, 1.0],
        }
    )
    assert evaluations.errors(paintings)["file"].tolist() == ["s", "p"]
