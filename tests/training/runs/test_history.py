"""History: what the file holds, rows beyond the state, curves."""

from __future__ import annotations

import math

import pytest

from training.data.inputs import DivergedError
from training.runs import History, check_finite
from training.runs.curves import read
from training.runs.history import best, epochs_since_best


def rows(*losses: float) -> list[dict[str, float]]:
    return [{"val_loss": loss, "val_macro": 1 - loss} for loss in losses]


def test_the_best_epoch_is_the_first_of_the_best():
    assert epochs_since_best(rows(0.5, 0.3, 0.3, 0.4), "val_loss") == 2
    assert epochs_since_best(rows(0.5, 0.3, 0.3, 0.4), "val_macro") == 2
    assert best(rows(0.5, 0.3), "val_loss") == -0.3
    assert best(rows(0.5, 0.3), "val_macro") == 0.7


def test_history_is_what_the_file_holds_and_takes_new_columns(tmp_path):
    history = History(tmp_path)
    history.append({"epoch": 1, "loss": 1.23456789})
    history.append({"epoch": 2, "loss": 1e-7 / 3, "val_auroc": 0.5})
    again = History(tmp_path)
    assert again.rows == history.rows
    assert again.rows == [
        {"epoch": 1, "loss": 1.23457},
        {"epoch": 2, "loss": 3.33333e-08, "val_auroc": 0.5},
    ]


def test_rows_beyond_the_state_are_made_again(tmp_path):
    # As the trainings that count in steps wrote it before they shared this module.
    (tmp_path / "history.csv").write_text("step,loss\n2,0.77993\n4,1.0344\n6,0.5\n")
    history = History(tmp_path, index="step", until=4)
    assert [row["step"] for row in history.rows] == [2, 4]
    history.append({"step": 6, "loss": 0.25})
    text = (tmp_path / "history.csv").read_text()
    assert text == "step,loss\n2,0.77993\n4,1.0344\n6,0.25\n"


def test_dictionaries_are_json_in_the_file(tmp_path):
    row = {"number": 0, "style_layers": {"block1": 0.5}, "style_loss": 0.125}
    History(tmp_path, index="number", file="trials.csv").append(row)
    assert History(tmp_path, index="number", file="trials.csv").rows == [row]
    assert not (tmp_path / "history.csv").exists()


def test_as_a_context_it_draws_each_row_once(tmp_path):
    History(tmp_path).append({"epoch": 1, "loss": 2.0})  # killed before its point was drawn
    for _ in range(2):
        with History(tmp_path, until=1) as history:
            history.append({"epoch": 2, "loss": 1.5})
    assert read(tmp_path / "curves") == {"loss": {1: 2.0, 2: 1.5}}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_ends_a_training(value):
    with pytest.raises(DivergedError, match=r"loss is .* after epoch 3: .*lower learning rate"):
        check_finite({"epoch": 3, "loss": value}, "epoch", "learning rate")
    check_finite({"step": 3, "loss": 0.0})
